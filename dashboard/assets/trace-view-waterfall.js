/* The waterfall: rows of spans over time with the critical path, the ruler above, the minimap over all. */
(function () {
  "use strict";
  var kit = window.spanmeshTrace, make = kit.make;
  var FAILED = 1, WARNED = 2, MESSAGE = 4, RETRY = 8, LINKED = 16;
  var ROW = 30, STEP = 14, DEEPEST = 14, TICKS = 5, NARROW = 700, MAP = 60;

  function Waterfall(trace, act) {
    this.trace = trace;
    this.act = act;
    this.many = trace.ids.length;
    this.closed = new Set();
    this.hits = new Set();
    this.logs = {};  // by row: records, errors among them
    this.stretches = new Map();
    this.from = 0;
    this.to = Math.max(trace.duration, 1);
    this.chosen = -1;
    var stretches = this.stretches;
    trace.path.forEach(function (each) {
      if (!stretches.has(each[0])) { stretches.set(each[0], []); }
      stretches.get(each[0]).push(each);
    });
    this.ends = subtrees(trace.depth);
    var self = this;
    this.times = document.getElementById("trace-ruler");
    var box = document.getElementById("trace-rows");
    this.rows = new kit.Rows(box, ROW, "treegrid", "Spans in call order",
      function (at, row) { self.drawRow(self.order[at], row); },
      function (at, event) { self.clicked(self.order[at], event); });
    this.list();
    this.minimap = new Minimap(this);
    this.ruler();
  }

  /* For each row the first row after all that is below it. */
  function subtrees(depths) {
    var ends = new Int32Array(depths.length), open = [];
    for (var at = 0; at <= depths.length; at += 1) {
      var depth = at < depths.length ? depths[at] : -1;
      while (open.length && depths[open[open.length - 1]] >= depth) { ends[open.pop()] = at; }
      open.push(at);
    }
    return ends;
  }

  Waterfall.prototype.list = function () {
    var order = [];
    for (var at = 0; at < this.many; at = this.closed.has(at) ? this.ends[at] : at + 1) { order.push(at); }
    this.order = order;
    this.place = new Map(order.map(function (row, at) { return [row, at]; }));
    this.rows.current = this.place.has(this.chosen) ? this.place.get(this.chosen) : -1;
    this.rows.fill(order.length);
  };

  Waterfall.prototype.clicked = function (row, event) {
    if (event.target.closest(".toggle")) { this.toggle(row); } else { this.act.open(row); }
  };

  Waterfall.prototype.hasBelow = function (row) { return this.ends[row] > row + 1; };

  Waterfall.prototype.toggle = function (row, closed) {
    var close = closed === undefined ? !this.closed.has(row) : closed;
    if (!this.hasBelow(row)) { return; }
    if (close) { this.closed.add(row); } else { this.closed.delete(row); }
    this.list();
  };

  Waterfall.prototype.toggleAll = function (close) {
    this.closed.clear();
    for (var row = 0; close && row < this.many; row += 1) {
      if (this.hasBelow(row) && this.trace.depth[row]) { this.closed.add(row); }
    }
    this.list();
  };

  /* Makes a row the current one, opening what hides it. */
  Waterfall.prototype.choose = function (row) {
    this.chosen = row;
    if (row >= 0 && !this.place.has(row)) {
      for (var above = row - 1; above >= 0; above -= 1) {
        if (this.ends[above] > row) { this.closed.delete(above); }
      }
      this.list();
    }
    this.rows.go(row >= 0 ? this.place.get(row) : -1);
    this.minimap.soon();
  };

  Waterfall.prototype.zoom = function (from, to) {
    var whole = Math.max(this.trace.duration, 1), least = Math.min(whole, Math.max(whole / 1e5, 2));
    var width = Math.min(whole, Math.max(least, to - from));
    this.from = Math.min(Math.max(0, from), whole - width);
    this.to = this.from + width;
    this.rows.paint(true);
    this.ruler();
    this.minimap.soon();
  };

  Waterfall.prototype.percent = function (us) { return 100 * (us - this.from) / (this.to - this.from); };

  Waterfall.prototype.drawRow = function (row, element) {
    var trace = this.trace, flags = trace.flags[row], chosen = row === this.chosen;
    element.className = "span-row" + (flags & FAILED ? " failed" : "") + (chosen ? " chosen" : "") +
      (this.hits.has(row) ? " hit" : "") + (this.stretches.has(row) ? " critical" : "");
    element.setAttribute("aria-level", trace.depth[row] + 1);
    element.setAttribute("aria-selected", chosen);
    if (this.hasBelow(row)) { element.setAttribute("aria-expanded", !this.closed.has(row)); }
    element.append(this.label(row, flags), this.lane(row));
  };

  Waterfall.prototype.label = function (row, flags) {
    var trace = this.trace, label = make("div", "span-label");
    label.setAttribute("role", "gridcell");
    label.style.paddingLeft = 8 + STEP * Math.min(trace.depth[row], DEEPEST) + "px";
    var closed = this.closed.has(row);
    var toggle = make("span", this.hasBelow(row) ? "toggle" : "toggle none", closed ? "▸" : "▾");
    toggle.setAttribute("aria-hidden", "true");
    var colour = make("span", "span-service"), service = make("strong");
    colour.style.backgroundColor = trace.colours[trace.service[row]];
    service.append(kit.nameOf(trace.services[trace.service[row]]));
    label.append(toggle, colour, service, kit.nameOf(trace.operations[trace.operation[row]]));
    if (closed) { label.append(make("span", "mark", "+" + (this.ends[row] - row - 1))); }
    var logs = this.logs[row];
    if (logs) { label.append(mark(logs[1] ? "mark bad" : "mark", "≡" + logs[0], logsOf(logs))); }
    if (flags & LINKED) { label.append(mark("mark", "↗", "has links")); }
    if (flags & MESSAGE) { label.append(mark("mark", "async", "its parent did not wait for it")); }
    if (flags & WARNED) { label.append(mark("mark warned", "△", "has a warning")); }
    if (flags & FAILED) { label.append(mark("failure", "!", "failed")); }
    return label;
  };

  function logsOf(logs) {
    return logs[0] + (logs[0] === 1 ? " log" : " logs") + (logs[1] ? ", " + logs[1] + " of errors" : "");
  }

  function mark(name, text, says) {
    var made = make("span", name, text);
    made.title = says;
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", says);
    return made;
  }

  Waterfall.prototype.lane = function (row) {
    var trace = this.trace, begin = trace.begin[row], length = trace.length[row], self = this;
    var lane = make("div", "span-lane"), left = this.percent(begin), right = this.percent(begin + length);
    lane.setAttribute("role", "gridcell");
    var bar = make("span", "span-bar");
    bar.style.left = Math.max(left, -1) + "%";
    bar.style.width = Math.max(Math.min(right, 101) - Math.max(left, -1), 0) + "%";
    bar.style.backgroundColor = trace.colours[trace.service[row]];
    if (right >= 0 && left <= 100) { lane.append(bar); }
    (this.stretches.get(row) || []).forEach(function (each) {
      var from = Math.max(self.percent(each[1]), 0), to = Math.min(self.percent(each[1] + each[2]), 100);
      if (to < 0 || from > 100) { return; }
      var line = make("span", "critical-line");
      line.style.left = from + "%";
      line.style.width = Math.max(to - from, 0) + "%";
      lane.append(line);
    });
    (trace.events[row] || []).forEach(function (time) {
      var at = self.percent(time);
      if (at < 0 || at > 100) { return; }
      var tick = make("span", "event-tick");
      tick.style.left = at + "%";
      tick.title = "event at " + kit.duration(time);
      lane.append(tick);
    });
    lane.append(this.time(row, left, right));
    return lane;
  };

  /* Duration and note, where there is room: after the bar, before it, or inside. */
  Waterfall.prototype.time = function (row, left, right) {
    var trace = this.trace, note = trace.notes[row];
    var text = make("span", "span-time", kit.duration(trace.length[row]));
    var own = trace.own[row];
    text.title = "self " + kit.duration(own) + (this.stretches.has(row) ? ", on the critical path" : "");
    if (note && this.rows.box.clientWidth >= NARROW) {
      var said = make("bdi", "span-note" + (trace.flags[row] & RETRY ? " retry" : ""), note);
      text.append(said);
    }
    var start = Math.max(left, 0), end = Math.min(Math.max(right, 0), 100);
    var room = this.rows.box.clientWidth < NARROW ? 70 : note ? 62 : 84;
    if (left > 100) {
      text.style.right = "0";
    } else if (end <= room) {
      text.style.left = end + "%";
    } else if (start >= 100 - room) {
      text.style.right = 100 - start + "%";
    } else {
      text.classList.add("inside");
      text.style.right = 100 - end + "%";
    }
    return text;
  };

  Waterfall.prototype.ruler = function () {
    var lane = make("div", "span-lane ruler"), many = this.rows.box.clientWidth < NARROW ? 3 : TICKS;
    for (var at = 0; at < many; at += 1) {
      var share = at / (many - 1), time = this.from + share * (this.to - this.from);
      var tick = make("span", "", time ? kit.duration(time) : "0");
      tick.style.left = 100 * share + "%";
      lane.append(tick);
    }
    this.times.replaceChildren(
      make("div", "span-label", "Service and operation"), lane);
  };

  /* All spans in a strip; dragging over it zooms, a click leads to the row. */
  function Minimap(waterfall) {
    var map = this, box = document.getElementById("trace-minimap");
    this.waterfall = waterfall;
    this.box = box;
    this.canvas = make("canvas");
    this.window = make("div", "minimap-window");
    box.replaceChildren(this.canvas, this.window);
    box.onpointerdown = function (event) { map.down(event); };
    new ResizeObserver(function () {
      map.drawn = "";
      map.soon();
      waterfall.ruler();
    }).observe(box);
    waterfall.rows.box.addEventListener("scroll", function () { map.soon(); }, { passive: true });
  }

  Minimap.prototype.soon = function () {
    var map = this;
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(function () { map.paint(); });
  };

  Minimap.prototype.paint = function () {
    var waterfall = this.waterfall, trace = waterfall.trace, width = this.box.clientWidth;
    var rows = waterfall.rows, tall = Math.max(rows.count * ROW, 1), whole = Math.max(trace.duration, 1);
    this.window.style.left = 100 * waterfall.from / whole + "%";
    this.window.style.width = 100 * (waterfall.to - waterfall.from) / whole + "%";
    this.window.style.top = MAP * Math.min(1, rows.box.scrollTop / tall) + "px";
    this.window.style.height = Math.max(3, MAP * Math.min(1, rows.box.clientHeight / tall)) + "px";
    var drawn = width + "x" + waterfall.many;
    if (drawn === this.drawn || !width) { return; }
    this.drawn = drawn;
    var scale = window.devicePixelRatio || 1, canvas = this.canvas, many = waterfall.many;
    canvas.width = width * scale;
    canvas.height = MAP * scale;
    var pen = canvas.getContext("2d"), high = Math.max(scale, Math.min(4 * scale, canvas.height / many - 1));
    for (var row = 0; row < many; row += 1) {
      pen.fillStyle = trace.flags[row] & FAILED ? "#d9482b" : trace.colours[trace.service[row]];
      pen.fillRect(canvas.width * trace.begin[row] / whole, (canvas.height - high) * row / Math.max(many - 1, 1),
        Math.max(scale, canvas.width * trace.length[row] / whole), high);
    }
  };

  Minimap.prototype.down = function (event) {
    var map = this, frame = this.box.getBoundingClientRect(), waterfall = this.waterfall;
    var share = function (moved) { return Math.min(1, Math.max(0, (moved.clientX - frame.left) / frame.width)); };
    var first = share(event), whole = waterfall.trace.duration;
    this.box.setPointerCapture(event.pointerId);
    this.box.onpointermove = function (moved) {
      var last = share(moved);
      if (Math.abs(last - first) * frame.width > 3) {
        waterfall.zoom(Math.min(first, last) * whole, Math.max(first, last) * whole);
      }
    };
    this.box.onpointerup = function (up) {
      map.box.onpointermove = map.box.onpointerup = null;
      if (Math.abs(share(up) - first) * frame.width > 3) {
        waterfall.act.zoomed();
      } else {
        var high = (up.clientY - frame.top) / frame.height;
        waterfall.rows.box.scrollTop = high * waterfall.rows.count * ROW - waterfall.rows.box.clientHeight / 2;
      }
    };
  };

  kit.Waterfall = Waterfall;
})();
