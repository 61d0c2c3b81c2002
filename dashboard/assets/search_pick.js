/* Two traces of the search chosen for a comparison: ticked in the browser, kept over pages and searches. */
(() => {
  "use strict";
  /** Two at most, the older first. @type {{ id: string, text: string }[]} */
  let chosen = [];

  const compareLink = () => {
    const link = /** @type {HTMLAnchorElement} */ (Dom.make("a", "button primary", "Compare"));
    link.href = `/compare${Urls.changed("", { a: chosen[0].id, b: chosen[1].id })}`;
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) { return; }
      event.preventDefault();
      DashPage.navigate(link.href);
    });
    return link;
  };

  const draw = () => {
    for (const box of document.querySelectorAll("[data-pick]")) {
      const id = box.getAttribute("data-pick");
      box.setAttribute("aria-checked", String(chosen.some((each) => each.id === id)));
    }
    const bar = document.getElementById("picked");
    if (!bar) { return; }
    bar.classList.toggle("weak", !chosen.length);
    if (!chosen.length) {
      bar.textContent = "Choose two traces to compare them.";
      return;
    }
    const clear = Dom.make("button", "button", "Clear");
    clear.addEventListener("click", () => {
      chosen = [];
      draw();
    });
    bar.replaceChildren(
      Dom.make("bdi", "", chosen.map((each) => each.text).join("  and  ")),
      chosen.length === 2 ? compareLink() : Dom.make("span", "weak", "and another one"),
      clear
    );
  };

  document.addEventListener("click", (event) => {
    const box = Dom.around(event, "[data-pick]");
    if (!box) { return; }
    const id = box.dataset.pick ?? "";
    const others = chosen.filter((each) => each.id !== id);
    if (others.length === chosen.length) {
      const row = box.closest("tr");
      const text = [".row-link", ".figure"].map((part) => row?.querySelector(part)?.textContent).join(" ");
      chosen = [...others.slice(-1), { id, text }];
    } else {
      chosen = others;
    }
    draw();
  });

  DashPage.callbacks({
    picked: () => {
      setTimeout(draw, 0);  // when the rows are there
      return DashPage.noUpdate();
    }
  });
})();
