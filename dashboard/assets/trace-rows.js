/* Lists of any length of which only the rows in sight are elements, and what draws names safely. */
(function () {
  "use strict";
  var BEYOND = 8;  // rows kept above and below what is in sight

  function make(tag, name, text) {
    var element = document.createElement(tag);
    if (name) { element.className = name; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  }

  /* A name from outside, in its own writing direction. */
  function nameOf(text) {
    var name = make("bdi", "name", text);
    name.title = text;
    return name;
  }

  function figures(value) {
    if (value >= 100) { return value.toFixed(0); }
    return String(parseFloat(value.toFixed(value >= 10 ? 1 : 2)));
  }

  /* Microseconds as people read them. */
  function duration(us) {
    if (us < 0) { return "−" + duration(-us); }
    if (us < 1000) { return figures(us) + " µs"; }
    if (us < 1e6) { return figures(us / 1000) + " ms"; }
    if (us < 6e7) { return figures(us / 1e6) + " s"; }
    return figures(us / 6e7) + " min";
  }

  /*
   * box: the element that scrolls. draw(at, element) fills the row at a place of the list; choose(at) hears
   * of clicks. Roles make it a tree or a table for a screen reader, which is told of the row that is current.
   */
  function Rows(box, height, role, label, draw, choose) {
    var rows = this;
    this.box = box;
    this.height = height;
    this.draw = draw;
    this.count = 0;
    this.current = -1;
    this.shown = "";
    box.classList.add("rows-box");
    box.tabIndex = 0;
    box.setAttribute("role", role);
    box.setAttribute("aria-label", label);
    this.sheet = make("div", "rows-sheet");
    this.sheet.setAttribute("role", "rowgroup");
    box.replaceChildren(this.sheet);
    box.addEventListener("scroll", function () { rows.soon(); }, { passive: true });
    box.addEventListener("click", function (event) {
      var row = event.target.closest("[data-at]");
      if (row) { choose(Number(row.dataset.at), event); }
    });
    new ResizeObserver(function () { rows.soon(); }).observe(box);
  }

  Rows.prototype.soon = function () {
    var rows = this;
    if (this.waiting) { return; }
    this.waiting = true;
    requestAnimationFrame(function () { rows.waiting = false; rows.paint(false); });
  };

  Rows.prototype.fill = function (count) {
    this.count = count;
    this.box.setAttribute("aria-rowcount", count);
    this.sheet.style.height = count * this.height + "px";
    this.paint(true);
  };

  /* Draws what is in sight; nothing when that has not changed, unless forced. */
  Rows.prototype.paint = function (force) {
    var first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - BEYOND);
    var many = Math.ceil((this.box.clientHeight || 600) / this.height) + 2 * BEYOND;
    var last = Math.min(this.count, first + many);
    var range = first + "-" + last;
    if (!force && range === this.shown) { return; }
    this.shown = range;
    var made = [];
    for (var at = first; at < last; at += 1) {
      var row = make("div");
      row.id = this.box.id + "-" + at;
      row.dataset.at = at;
      row.style.top = at * this.height + "px";
      row.setAttribute("role", "row");
      row.setAttribute("aria-rowindex", at + 1);
      this.draw(at, row);
      made.push(row);
    }
    this.sheet.replaceChildren.apply(this.sheet, made);
    this.point();
  };

  Rows.prototype.point = function () {
    var row = document.getElementById(this.box.id + "-" + this.current);
    if (row) {
      this.box.setAttribute("aria-activedescendant", row.id);
    } else {
      this.box.removeAttribute("aria-activedescendant");
    }
  };

  /* Makes a place the current one and brings it into sight. */
  Rows.prototype.go = function (at) {
    this.current = at;
    if (at >= 0) {
      var top = at * this.height, box = this.box;
      if (top < box.scrollTop) {
        box.scrollTop = Math.max(0, top - this.height);
      } else if (top + 2 * this.height > box.scrollTop + box.clientHeight) {
        box.scrollTop = top - box.clientHeight + 3 * this.height;
      }
    }
    this.paint(true);
  };

  window.spanmeshTrace = { Rows: Rows, duration: duration, make: make, nameOf: nameOf };
})();
