/* Two traces of the search chosen for a comparison: ticked in the browser, kept over pages and searches. */
(function () {
  "use strict";
  var chosen = [];  // [{id, says}], two at most, the older first

  function boxes() { return Array.prototype.slice.call(document.querySelectorAll("[data-pick]")); }

  function make(tag, name, text) {
    var element = document.createElement(tag);
    element.className = name;
    element.textContent = text;
    return element;
  }

  function draw() {
    boxes().forEach(function (box) {
      var on = chosen.some(function (each) { return each.id === box.dataset.pick; });
      box.setAttribute("aria-checked", on);
    });
    var bar = document.getElementById("picked");
    if (!bar) { return; }
    bar.classList.toggle("weak", !chosen.length);
    if (!chosen.length) {
      bar.textContent = "Choose two traces to compare them.";
      return;
    }
    var clear = make("button", "button", "Clear");
    clear.addEventListener("click", function () { chosen = []; draw(); });
    var parts = [make("bdi", "", chosen.map(function (each) { return each.says; }).join("  and  "))];
    if (chosen.length === 2) {
      var go = make("a", "button primary", "Compare");
      go.href = "/compare?a=" + encodeURIComponent(chosen[0].id) + "&b=" + encodeURIComponent(chosen[1].id);
      go.addEventListener("click", function (event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey) { return; }
        event.preventDefault();
        window.dash_clientside.set_props("url", { pathname: "/compare", search: go.search });
      });
      parts.push(go);
    } else {
      parts.push(make("span", "weak", "and another one"));
    }
    bar.replaceChildren.apply(bar, parts.concat(clear));
  }

  document.addEventListener("click", function (event) {
    var box = event.target.closest && event.target.closest("[data-pick]");
    if (!box) { return; }
    var id = box.dataset.pick, without = chosen.filter(function (each) { return each.id !== id; });
    if (without.length === chosen.length) {
      var row = box.closest("tr"), says = row.querySelector(".row-link").textContent;
      chosen = without.slice(-1).concat({ id: id, says: says + " " + row.querySelector(".figure").textContent });
    } else {
      chosen = without;
    }
    draw();
  });

  Object.assign(window.dash_clientside.spanmesh, {
    picked: function () {
      setTimeout(draw, 0);  // when the rows are there
      return window.dash_clientside.no_update;
    }
  });
})();
