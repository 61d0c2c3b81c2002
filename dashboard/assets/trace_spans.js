/* All spans of the trace in a table, sorted by any column. */
class SpanTable {
  static HEIGHT = 30;  // of a row in pixels
  static COLUMNS = [
    ["service", "Service"], ["operation", "Operation"], ["begin", "Began after"], ["length", "Duration"],
    ["own", "Self"], ["path", "Critical path"], ["failed", "Failed"]
  ];

  /** @param {any} trace  see TraceLayout.Trace @param {{ open: (row: number) => void }} actions */
  constructor(trace, actions) {
    this.trace = trace;
    this.figures = TraceLayout.figuresOf(trace);
    /** @type {number[]} */
    this.order = [];
    this.chosen = -1;
    /** @type {Set<number>} */
    this.hits = new Set();
    this.head = Dom.make("div", "span-cells table-head");
    const list = Dom.make("div");
    list.id = "trace-spans";
    Dom.byId("trace-table").replaceChildren(this.head, list);
    this.rows = new Rows(list, SpanTable.HEIGHT, "grid", "Spans",
      (at, row) => { this.draw(this.order[at], row); },
      (at) => { actions.open(this.order[at]); });
  }

  /** @param {string} wanted  a column; anything else sorts by duration */
  sort(wanted) {
    const column = SpanTable.COLUMNS.some(([key]) => key === wanted) ? wanted : "length";
    this.order = TraceLayout.sortedRows(this.trace, this.figures, column);
    this.head.replaceChildren(...SpanTable.COLUMNS.map(([key, name]) => {
      const arrow = TraceLayout.sortsUp(key) ? " ↑" : " ↓";
      const button = Dom.make("button", "sort", name + (key === column ? arrow : ""));
      button.dataset.sort = key;
      button.title = `Sort by ${name.toLowerCase()}`;
      return button;
    }));
    this.rows.fill(this.order.length);
    this.choose(this.chosen);
  }

  /** @param {Set<number>} hits  rows that a search of the trace found */
  mark(hits) {
    this.hits = hits;
    this.rows.paint(true);
  }

  /** @param {number} row  -1 for none */
  choose(row) {
    this.chosen = row;
    this.rows.go(row < 0 ? -1 : this.order.indexOf(row));
  }

  /** @param {number} row @param {HTMLElement} element */
  draw(row, element) {
    const { trace, figures } = this;
    const failed = figures.failed[row];
    element.className = `span-cells${row === this.chosen ? " chosen" : ""}${this.hits.has(row) ? " hit" : ""}`;
    element.setAttribute("aria-selected", String(row === this.chosen));
    const colour = Dom.make("span", "swatch");
    colour.style.backgroundColor = trace.colours[trace.service[row]];
    const service = Dom.make("div", "service");
    service.append(colour, Dom.makeName(trace.services[trace.service[row]]));
    const operation = Dom.make("div");
    operation.append(Dom.makeName(trace.operations[trace.operation[row]]));
    const times = [figures.begin, figures.length, figures.own].map((values) => Format.duration(values[row]));
    const path = figures.path[row] ? Format.duration(figures.path[row]) : "–";
    const cells = [
      service, operation, ...[...times, path].map((text) => Dom.make("div", "num", text)),
      Dom.make("div", failed ? "num bad" : "num weak", failed ? "failed" : "–")
    ];
    for (const cell of cells) { cell.setAttribute("role", "gridcell"); }
    element.append(...cells);
  }
}
