/* The flame graph: boxes by path, as wide as the time in and below them. */
(function () {
  "use strict";
  var kit = window.spanmeshTrace, make = kit.make;
  var LEAST = 0.1;  // percent of the width below which a box is left out
  var TALL = 24;

  function Flame(trace) {
    var flame = trace.flame, self = this;
    this.trace = trace;
    this.box = document.getElementById("trace-flame");
    this.children = flame.row.map(function () { return []; });
    this.top = [];
    flame.parent.forEach(function (parent, box) { (parent < 0 ? self.top : self.children[parent]).push(box); });
    this.shown = -1;
    this.box.onclick = function (event) {
      var box = event.target.closest("[data-box]");
      if (box) { self.shown = Number(box.dataset.box); self.paint(); }
    };
    this.paint();
  }

  Flame.prototype.paint = function () {
    var flame = this.trace.flame, made = [], above = [], deepest = 0, self = this;
    for (var up = this.shown; up >= 0; up = flame.parent[up]) { above.unshift(up); }
    var roots = this.shown < 0 ? this.top : [this.shown];
    var whole = roots.reduce(function (sum, box) { return sum + flame.all[box]; }, 0) || 1;
    above.slice(0, -1).forEach(function (box, level) { made.push(self.draw(box, level, 0, 100, "above")); });
    var level = Math.max(0, above.length - 1), waiting = [], left = 0;
    roots.forEach(function (box) {
      waiting.push([box, level, left]);
      left += 100 * flame.all[box] / whole;
    });
    while (waiting.length) {
      var next = waiting.pop(), wide = 100 * flame.all[next[0]] / whole, at = next[2];
      if (wide < LEAST) { continue; }
      made.push(this.draw(next[0], next[1], at, wide, ""));
      deepest = Math.max(deepest, next[1]);
      this.children[next[0]].forEach(function (child) {
        waiting.push([child, next[1] + 1, at]);
        at += 100 * flame.all[child] / whole;
      });
    }
    var sheet = make("div", "flame-sheet");
    sheet.style.height = (Math.max(deepest, level) + 1) * TALL + "px";
    sheet.append.apply(sheet, made);
    var head = make("p", "weak small", "A box is as wide as the self time in and below it. Choose one to look closer.");
    if (this.shown >= 0) {
      var back = make("button", "button", "Whole trace");
      back.onclick = function () { self.shown = -1; self.paint(); };
      head.append(" ", back);
    }
    this.box.replaceChildren(head, sheet);
  };

  Flame.prototype.draw = function (box, level, left, wide, look) {
    var trace = this.trace, flame = trace.flame, row = flame.row[box];
    var service = trace.services[trace.service[row]], operation = trace.operations[trace.operation[row]];
    var made = make("button", "flame-box " + look + (flame.failed[box] ? " failed" : ""));
    made.dataset.box = box;
    made.style.cssText = "left:" + left + "%;width:" + wide + "%;top:" + level * TALL + "px";
    made.style.borderColor = trace.colours[trace.service[row]];
    made.title = service + ": " + operation + "\n" + flame.count[box] + " spans, " + flame.failed[box] + " failed\n" +
      kit.duration(flame.all[box]) + " in and below, " + kit.duration(flame.own[box]) + " self";
    if (wide > 2) {
      made.append(make("bdi", "name", service + " " + operation));
      if (wide > 8) { made.append(make("span", "weak", kit.duration(flame.all[box]))); }
    } else {
      made.setAttribute("aria-label", made.title);
    }
    return made;
  };

  kit.Flame = Flame;
})();
