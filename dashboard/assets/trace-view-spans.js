/* All spans of the trace in a table, sorted by any column. */
(function () {
  "use strict";
  var kit = window.spanmeshTrace, make = kit.make;
  var COLUMNS = [["service", "Service"], ["operation", "Operation"], ["begin", "Began after"],
                 ["length", "Duration"], ["own", "Self"], ["path", "Critical path"], ["failed", "Failed"]];

  function SpanTable(trace, act) {
    var self = this, box = document.getElementById("trace-table");
    var path = new Array(trace.ids.length).fill(0);
    trace.path.forEach(function (each) { path[each[0]] += each[2]; });
    this.trace = trace;
    this.values = { begin: trace.begin, length: trace.length, own: trace.own, path: path,
                    failed: trace.flags.map(function (flags) { return flags & 1; }) };
    this.order = trace.ids.map(function (_, row) { return row; });
    this.chosen = -1;
    this.hits = new Set();
    this.head = make("div", "span-cells table-head");
    this.list = make("div");
    this.list.id = "trace-spans";
    box.replaceChildren(this.head, this.list);
    this.rows = new kit.Rows(this.list, 30, "grid", "Spans",
      function (at, row) { self.draw(self.order[at], row); },
      function (at) { act.open(self.order[at]); });
  }

  SpanTable.prototype.sort = function (column) {
    var trace = this.trace, values = this.values[column];
    column = COLUMNS.some(function (each) { return each[0] === column; }) ? column : "length";
    if (column === "service" || column === "operation") {
      var names = trace[column + "s"], of = trace[column];
      this.order.sort(function (a, b) {
        return names[of[a]] < names[of[b]] ? -1 : names[of[a]] > names[of[b]] ? 1 : trace.begin[a] - trace.begin[b];
      });
    } else {
      values = this.values[column];
      var sign = column === "begin" ? 1 : -1;
      this.order.sort(function (a, b) { return sign * (values[a] - values[b]) || a - b; });
    }
    this.head.replaceChildren.apply(this.head, COLUMNS.map(function (each) {
      var up = each[0] === "service" || each[0] === "operation" || each[0] === "begin";
      var button = make("button", "sort", each[1] + (each[0] === column ? (up ? " ↑" : " ↓") : ""));
      button.dataset.sort = each[0];
      button.title = "Sort by " + each[1].toLowerCase();
      return button;
    }));
    this.rows.fill(this.order.length);
    this.choose(this.chosen);
  };

  SpanTable.prototype.marked = function (hits) {
    this.hits = hits;
    this.rows.paint(true);
  };

  SpanTable.prototype.choose = function (row) {
    this.chosen = row;
    this.rows.go(row < 0 ? -1 : this.order.indexOf(row));
  };

  SpanTable.prototype.draw = function (row, element) {
    var trace = this.trace, values = this.values, failed = values.failed[row];
    element.className = "span-cells" + (row === this.chosen ? " chosen" : "") +
      (this.hits.has(row) ? " hit" : "");
    element.setAttribute("aria-selected", row === this.chosen);
    var colour = make("span", "swatch"), service = make("div", "service");
    colour.style.backgroundColor = trace.colours[trace.service[row]];
    service.append(colour, kit.nameOf(trace.services[trace.service[row]]));
    var operation = make("div");
    operation.append(kit.nameOf(trace.operations[trace.operation[row]]));
    var cells = [service, operation].concat(["begin", "length", "own", "path"].map(function (key) {
      return make("div", "num", key === "path" && !values.path[row] ? "–" : kit.duration(values[key][row]));
    }), make("div", failed ? "num bad" : "num weak", failed ? "failed" : "–"));
    cells.forEach(function (cell) { cell.setAttribute("role", "gridcell"); });
    element.append.apply(element, cells);
  };

  kit.SpanTable = SpanTable;
})();
