/* The controls around the graph: what they say goes into the URL, and what the URL says into them. */
(() => {
  "use strict";
  const TYPING_MS = 180;  // without a key before an expression is asked for
  /** @type {Record<string, string>} */
  const USUAL = {
    hops: "1", way: "both", label: "both", group: "", warn: "99.5", bad: "95", slow: "0", span: "60",
    compare: "0", than_span: "0", find: "", hide: "", focus: ""
  };
  const TYPED = ["find", "hide", "focus", "warn", "bad", "slow"];
  const COLOURS = ["warn", "bad", "slow"];
  const ANY_SECONDS = ["span", "compare", "than_span"];  // choices that also take a number of their own
  const COLOURS_KEY = "spanmesh-graph-colours";
  let fields = { numbers: [], words: [], flags: [] };
  /** @type {number | undefined} */
  let typing;
  /** @type {number | undefined} */
  let playing;

  /** @param {string} key */
  const given = (key) => new URLSearchParams(window.location.search).get(key);
  const now = () => Math.floor(Date.now() / 1000);

  /** @param {string} key @param {string} value */
  const put = (key, value) => {
    // Typed texts replace the URL, or "back" would go through every letter.
    DashPage.changeUrl({ [key]: value === USUAL[key] ? "" : value }, { replace: TYPED.includes(key) });
    if (COLOURS.includes(key)) { keepColours(); }
  };

  /* Limits of colours are the reader's: kept in the browser, and in the URL for those it is sent to. */
  const keepColours = () => {
    const kept = Object.fromEntries(COLOURS.filter(given).map((key) => [key, given(key)]));
    try { localStorage.setItem(COLOURS_KEY, JSON.stringify(kept)); } catch { /* storage may be off */ }
  };

  const recallColours = () => {
    if (COLOURS.some(given)) { return; }
    try {
      DashPage.changeUrl(JSON.parse(localStorage.getItem(COLOURS_KEY) || "{}"), { replace: true });
    } catch { /* as usual then */ }
  };

  /** Return a time of day, with the date unless it is today. @param {number} seconds */
  const clock = (seconds) => {
    const date = new Date(seconds * 1000);
    const isToday = new Date().toDateString() === date.toDateString();
    const day = isToday ? "" : `${date.toLocaleDateString(undefined, { month: "short", day: "numeric" })} `;
    const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
    return day + date.toLocaleTimeString(undefined, /** @type {any} */ (time));
  };

  /** Return local time without a zone, as a datetime-local input takes it. @param {number} seconds */
  const localTime = (seconds) => {
    const date = new Date(seconds * 1000);
    return new Date(Number(date) - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
  };

  const card = () => /** @type {HTMLElement} */ (document.querySelector(".graph"));

  /* The window to compare with: earlier by a time, or one that ends at a moment. */
  const showThan = () => {
    const than = Number(given("than") || 0);
    const box = Dom.input("time-than");
    card().classList.toggle("compared", Boolean(than || given("compare")));
    card().classList.toggle("than", Boolean(than));
    if (!than) { return; }
    Dom.select("view-compare").value = "at";
    box.max = localTime(now());
    if (document.activeElement !== box) { box.value = localTime(than); }
    const span = Number(given("than_span")) || Number(given("span") || 60);
    Dom.byId("time-shown").textContent += ` against ${clock(than - span)} – ${clock(than)}`;
  };

  /** @param {string} value  seconds earlier, "at" for a moment, "0" for nothing */
  const compareWith = (value) => {
    const at = Number(given("at")) || now();
    if (value === "at") {
      DashPage.changeUrl({ than: String(at - Math.max(3600, Number(given("span") || 60))), compare: "" });
    } else {
      const off = value === "0";
      DashPage.changeUrl({ than: "", compare: off ? "" : value, than_span: off ? "" : given("than_span") });
    }
  };

  const showTime = () => {
    const at = Number(given("at") || 0);
    const span = Number(given("span") || 60);
    const slider = Dom.input("time-slider");
    if (!slider) { return; }
    Dom.byId("time-live").setAttribute("aria-pressed", at ? "false" : "true");
    const text = at ? `${clock(at - span)} – ${clock(at)}` : "live";
    Dom.byId("time-shown").textContent = text;
    const reach = Dom.select("time-reach");
    const back = at ? now() - at : 0;
    if (Number(reach.value) < back) {
      const enough = Array.from(reach.options).find((option) => Number(option.value) >= back);
      if (enough) { reach.value = enough.value; }
    }
    slider.max = reach.value;
    // Not while the reader drags it: the slider would jump under the pointer.
    if (document.activeElement !== slider || !at) { slider.value = String(Number(reach.value) - back); }
    slider.setAttribute("aria-valuetext", text);
  };

  /** @param {string} id @param {string} value */
  const setBox = (id, value) => {
    const box = Dom.input(id);
    // Through Dash, as React would undo a value that is set on the element. Not while somebody types in it.
    if (box && document.activeElement !== box && box.value !== value) { DashPage.setProps(id, { value }); }
  };

  /** Show a value in a select; one it does not have is added where any number will do.
   * @param {string} key @param {string} value */
  const setSelect = (key, value) => {
    const select = Dom.select(`view-${key}`);
    if (!Array.from(select.options).some((option) => option.value === value)) {
      if (ANY_SECONDS.includes(key) && /^\d+$/.test(value)) {
        select.add(new Option(`${value} s`, value));
      } else {
        value = USUAL[key];
      }
    }
    select.value = value;
  };

  /** Replay: the next frame when the last is drawn, at most one a second. */
  const stop = () => {
    clearInterval(playing);
    playing = undefined;
    const button = document.getElementById("time-play");
    if (button) {
      button.textContent = "▶";
      button.setAttribute("aria-label", "Replay");
    }
  };

  const showFrame = () => {
    if (!document.getElementById("time-play")) {
      stop();
      return;
    }
    // Dash marks its outputs while a callback runs: the last frame is still on its way.
    if (Dom.byId("graph-summary").dataset.dashIsLoading) { return; }
    const next = Number(given("at")) + Number(Dom.select("time-frame").value);
    // The last seconds are not stored yet: there the replay ends, and the page goes live.
    const isOver = next >= now() - 3;
    if (isOver) { stop(); }
    DashPage.changeUrl({ at: isOver ? "" : String(next) }, { replace: true });
  };

  const play = () => {
    if (playing !== undefined) {
      stop();
      return;
    }
    if (!given("at")) { DashPage.changeUrl({ at: String(now() - Number(Dom.select("time-reach").value)) }); }
    const button = Dom.byId("time-play");
    button.textContent = "⏸";
    button.setAttribute("aria-label", "Stop the replay");
    playing = window.setInterval(showFrame, 1000);
  };

  /** @param {string} value */
  const slide = (value) => {
    const back = Number(Dom.select("time-reach").value) - Number(value);
    // The last five seconds of the slider mean live; windows end at whole ten seconds, so that viewers share
    // them.
    const at = back < 5 ? "" : String(Math.round((now() - back) / 10) * 10);
    DashPage.changeUrl({ at }, { replace: true });
  };

  /** @param {HTMLElement} box */
  const listOf = (box) => document.getElementById(`complete-${box.id.slice("view-".length)}`);

  /** @param {HTMLInputElement} box */
  const choices = (box) => Completion.ofFilter(box.value.slice(0, box.selectionStart ?? 0), fields);

  /** @param {HTMLInputElement} box */
  const complete = (box) => {
    const list = listOf(box);
    if (!list) { return; }
    const found = choices(box).list;
    list.replaceChildren(...found.map(([, text], at) => {
      const item = Dom.make("li", "", text.trim());
      item.id = `${list.id}-${at}`;
      item.dataset.text = text;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      return item;
    }));
    list.hidden = !found.length;
    box.setAttribute("aria-expanded", String(!list.hidden));
    box.setAttribute("aria-controls", list.id);
    box.removeAttribute("aria-activedescendant");
  };

  /** @param {HTMLInputElement} box @param {HTMLElement} item */
  const take = (box, item) => {
    const end = box.selectionStart ?? 0;
    const start = end - choices(box).word.length;
    Dom.type(box, ...Completion.replaced(box.value, start, end, item.dataset.text ?? ""));
  };

  /** @param {HTMLElement} box */
  const close = (box) => {
    const list = listOf(box);
    if (list) {
      list.hidden = true;
      box.setAttribute("aria-expanded", "false");
    }
  };

  /** @param {KeyboardEvent} event @param {HTMLInputElement} box @param {HTMLElement} list */
  const keyInList = (event, box, list) => {
    const items = /** @type {HTMLElement[]} */ (Array.from(list.children));
    const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = Completion.next(at, items.length, event.key === "ArrowDown");
      items.forEach((item, place) => { item.setAttribute("aria-selected", String(place === next)); });
      items[next].scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", items[next].id);
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
      take(box, items[at]);
      event.preventDefault();
    } else if (event.key === "Escape" || event.key === "Enter") {
      close(box);
    }
  };

  /** Return a box with completions, if the event is one's. @param {Event} event */
  const boxOf = ({ target }) => {
    const box = /** @type {HTMLInputElement} */ (target);
    return box.id === "view-find" || box.id === "view-hide" ? box : null;
  };

  document.addEventListener("input", (event) => {
    const target = /** @type {HTMLInputElement} */ (event.target);
    const { id = "" } = target;
    const key = id.slice("view-".length);
    if (id === "time-slider") { slide(target.value); }
    if (!id.startsWith("view-") || !TYPED.includes(key)) { return; }
    const box = boxOf(event);
    if (box) { complete(box); }
    clearTimeout(typing);
    // Each change of the URL is a request for a graph.
    typing = window.setTimeout(() => { put(key, target.value); }, TYPING_MS);
  });
  document.addEventListener("change", (event) => {
    const { id = "", value, tagName } = /** @type {HTMLInputElement} */ (event.target);
    if (id === "time-reach") { showTime(); }
    if (id === "time-than" && value) {
      const than = Math.floor(new Date(value).getTime() / 1000);
      if (than > 0) { DashPage.changeUrl({ than: String(Math.min(than, now())), compare: "" }); }
    }
    if (id === "view-compare") {
      compareWith(value);
    } else if (id.startsWith("view-") && tagName === "SELECT") {
      put(id.slice("view-".length), value);
    }
  });
  document.addEventListener("keydown", (event) => {
    const box = boxOf(event);
    const list = box && listOf(box);
    if (list && !list.hidden && list.children.length) { keyInList(event, box, list); }
  });
  document.addEventListener("mousedown", (event) => {
    const item = Dom.around(event, ".completions li");
    if (item) {
      // mousedown and not click: the box would lose the focus first, and that closes the list.
      take(Dom.input(`view-${item.parentElement?.id.slice("complete-".length)}`), item);
      event.preventDefault();
    }
  });
  document.addEventListener("focusout", (event) => {
    const box = boxOf(event);
    if (box) { close(box); }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".graph details.menu[open]")) {
      const details = /** @type {HTMLDetailsElement} */ (menu);
      if (!details.contains(/** @type {Node} */ (event.target))) { details.open = false; }
    }
    const button = Dom.around(event, "button");
    if (button?.id === "view-idle") { DashPage.changeUrl({ idle: given("idle") === "0" ? "" : "0" }); }
    if (button?.id === "view-colours-usual") {
      DashPage.changeUrl({ warn: "", bad: "", slow: "" });
      keepColours();
    }
    if (button?.id === "time-live") {
      stop();
      DashPage.changeUrl({ at: "" });
    }
    if (button?.id === "time-play") { play(); }
  });

  DashPage.callbacks({
    /** Show what the URL says, with every change of it. @param {string} _search @param {any} known */
    steer: (_search, known) => {
      if (known) { fields = known; }
      if (!document.getElementById("view-label")) { return DashPage.noUpdate(); }
      if (DashPage.triggered().length !== 1) { recallColours(); }  // the page was opened, not its URL changed
      for (const key of Object.keys(USUAL)) {
        const value = given(key) ?? USUAL[key];
        if (TYPED.includes(key)) { setBox(`view-${key}`, value); } else { setSelect(key, value); }
      }
      card().classList.toggle("focused", Boolean(given("focus")));
      card().classList.toggle("past", Boolean(given("at")));
      Dom.byId("view-idle").setAttribute("aria-pressed", given("idle") === "0" ? "false" : "true");
      showTime();
      showThan();
      return DashPage.noUpdate();
    }
  });
})();
