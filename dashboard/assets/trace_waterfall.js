/* The waterfall: rows of spans over time with the critical path, and the ruler above. */
class Waterfall {
  static FLAGS = { failed: 1, warned: 2, message: 4, retry: 8, linked: 16 };  // as waterfall.py sets them
  static HEIGHT = 30;  // of a row, in pixels, as are
  static INDENT = 14;
  static NARROW = 700;
  static DEEPEST = 14;  // levels that are indented
  static TICKS = 5;

  /**
   * @param {any} trace  see TraceLayout.Trace
   * @param {{ open: (row: number) => void, zoomed: () => void }} actions
   */
  constructor(trace, actions) {
    this.trace = trace;
    this.actions = actions;
    this.count = trace.ids.length;
    /** @type {Set<number>} */
    this.closed = new Set();
    /** @type {Set<number>} */
    this.hits = new Set();
    /** By row: records, errors among them. @type {Record<number, [number, number]>} */
    this.logs = {};
    this.from = 0;
    this.to = Math.max(trace.duration, 1);
    this.chosen = -1;
    /** What of a row is on the critical path. @type {Map<number, [number, number][]>} */
    this.stretches = new Map();
    for (const [row, begin, length] of trace.path) {
      this.stretches.set(row, [...this.stretches.get(row) ?? [], [begin, length]]);
    }
    this.ends = TraceLayout.subtreeEnds(trace.depth);
    this.ruler = Dom.byId("trace-ruler");
    this.rows = new Rows(Dom.byId("trace-rows"), Waterfall.HEIGHT, "treegrid", "Spans in call order",
      (at, row) => { this.drawRow(this.order[at], row); },
      (at, event) => { this.clicked(this.order[at], event); });
    /** @type {number[]} */
    this.order = [];
    /** @type {Map<number, number>} */
    this.place = new Map();
    this.list();
    this.minimap = new Minimap(this);
    this.drawRuler();
  }

  list() {
    // ``order`` is the rows in sight from top to bottom, ``place`` the way back from a row to its line.
    this.order = TraceLayout.visibleRows(this.ends, this.closed);
    this.place = new Map(this.order.map((row, at) => [row, at]));
    this.rows.current = this.place.get(this.chosen) ?? -1;
    this.rows.fill(this.order.length);
  }

  /** @param {number} row @param {Event} event */
  clicked(row, event) {
    if (Dom.around(event, ".toggle")) { this.toggle(row); } else { this.actions.open(row); }
  }

  /** @param {number} row */
  hasBelow(row) { return this.ends[row] > row + 1; }

  /** @param {number} row @param {boolean} [close]  what is open, or open what is closed */
  toggle(row, close = !this.closed.has(row)) {
    if (!this.hasBelow(row)) { return; }
    if (close) { this.closed.add(row); } else { this.closed.delete(row); }
    this.list();
  }

  /** @param {boolean} close */
  toggleAll(close) {
    this.closed.clear();
    for (let row = 0; close && row < this.count; row += 1) {
      // Roots stay open, or a single line would be left of the whole trace.
      if (this.hasBelow(row) && this.trace.depth[row]) { this.closed.add(row); }
    }
    this.list();
  }

  /** Make a row the current one, opening what hides it. @param {number} row  -1 for none */
  choose(row) {
    this.chosen = row;
    if (row >= 0 && !this.place.has(row)) {
      // Rows are in call order: a row above whose subtree ends below this one is an ancestor.
      for (let above = row - 1; above >= 0; above -= 1) {
        if (this.ends[above] > row) { this.closed.delete(above); }
      }
      this.list();
    }
    this.rows.go(this.place.get(row) ?? -1);
    this.minimap.paintSoon();
  }

  /** @param {number} from @param {number} to  microseconds from the trace's begin */
  zoom(from, to) {
    [this.from, this.to] = TraceLayout.zoomed(from, to, this.trace.duration);
    this.rows.paint(true);
    this.drawRuler();
    this.minimap.paintSoon();
  }

  /** @param {number} us */
  percent(us) { return 100 * (us - this.from) / (this.to - this.from); }

  isNarrow() { return this.rows.box.clientWidth < Waterfall.NARROW; }

  /** @param {number} row @param {HTMLElement} element */
  drawRow(row, element) {
    const { trace, hits, stretches } = this;
    const chosen = row === this.chosen;
    const looks = ["span-row"];
    if (trace.flags[row] & Waterfall.FLAGS.failed) { looks.push("failed"); }
    if (chosen) { looks.push("chosen"); }
    if (hits.has(row)) { looks.push("hit"); }
    if (stretches.has(row)) { looks.push("critical"); }
    element.className = looks.join(" ");
    element.setAttribute("aria-level", trace.depth[row] + 1);
    element.setAttribute("aria-selected", String(chosen));
    if (this.hasBelow(row)) { element.setAttribute("aria-expanded", String(!this.closed.has(row))); }
    element.append(this.drawLabel(row), this.drawLane(row));
  }

  /** @param {number} row */
  drawLabel(row) {
    const { trace } = this;
    const label = Dom.make("div", "span-label");
    label.setAttribute("role", "gridcell");
    label.style.paddingLeft = `${8 + Waterfall.INDENT * Math.min(trace.depth[row], Waterfall.DEEPEST)}px`;
    const closed = this.closed.has(row);
    const toggle = Dom.make("span", this.hasBelow(row) ? "toggle" : "toggle none", closed ? "▸" : "▾");
    toggle.setAttribute("aria-hidden", "true");
    const colour = Dom.make("span", "span-service");
    colour.style.backgroundColor = trace.colours[trace.service[row]];
    const service = Dom.make("strong");
    service.append(Dom.makeName(trace.services[trace.service[row]]));
    label.append(toggle, colour, service, Dom.makeName(trace.operations[trace.operation[row]]));
    if (closed) { label.append(Dom.make("span", "mark", `+${this.ends[row] - row - 1}`)); }
    label.append(...this.drawMarks(row));
    return label;
  }

  /** @param {number} row */
  drawMarks(row) {
    const { failed, warned, message, linked } = Waterfall.FLAGS;
    const flags = this.trace.flags[row];
    const [records, errors] = this.logs[row] ?? [0, 0];
    /** @type {[unknown, string, string, string][]} */
    const marks = [
      [records, errors ? "mark bad" : "mark", `≡${records}`,
        Format.counted(records, "log") + (errors ? `, ${errors} of errors` : "")],
      [flags & linked, "mark", "↗", "has links"],
      [flags & message, "mark", "async", "its parent did not wait for it"],
      [flags & warned, "mark warned", "△", "has a warning"],
      [flags & failed, "failure", "!", "failed"]
    ];
    return marks.filter(([isSet]) => isSet).map(([, look, sign, text]) => {
      const mark = Dom.make("span", look, sign);
      mark.title = text;
      mark.setAttribute("role", "img");
      mark.setAttribute("aria-label", text);
      return mark;
    });
  }

  /** @param {number} row */
  drawLane(row) {
    const { trace } = this;
    const lane = Dom.make("div", "span-lane");
    lane.setAttribute("role", "gridcell");
    const left = this.percent(trace.begin[row]);
    const right = this.percent(trace.begin[row] + trace.length[row]);
    /** @param {string} look @param {number} from @param {number} to */
    const line = (look, from, to) => {
      const made = Dom.make("span", look);
      made.style.left = `${from}%`;
      made.style.width = `${Math.max(to - from, 0)}%`;
      lane.append(made);
      return made;
    };
    if (right >= 0 && left <= 100) {
      // A little beyond the lane, so that a bar that is cut off shows no end.
      const bar = line("span-bar", Math.max(left, -1), Math.min(right, 101));
      bar.style.backgroundColor = trace.colours[trace.service[row]];
    }
    for (const [begin, length] of this.stretches.get(row) ?? []) {
      const from = Math.max(this.percent(begin), 0);
      const to = Math.min(this.percent(begin + length), 100);
      if (to >= 0 && from <= 100) { line("critical-line", from, to); }
    }
    for (const time of trace.events[row] ?? []) {
      const at = this.percent(time);
      if (at < 0 || at > 100) { continue; }
      const tick = Dom.make("span", "event-tick");
      tick.style.left = `${at}%`;
      tick.title = `event at ${Format.duration(time)}`;
      lane.append(tick);
    }
    lane.append(this.drawTime(row, left, right));
    return lane;
  }

  /** Draw duration and note where there is room. @param {number} row @param {number} left @param {number} right */
  drawTime(row, left, right) {
    const { trace } = this;
    const note = trace.notes[row];
    const text = Dom.make("span", "span-time", Format.duration(trace.length[row]));
    const critical = this.stretches.has(row) ? ", on the critical path" : "";
    text.title = `self ${Format.duration(trace.own[row])}${critical}`;
    if (note && !this.isNarrow()) {
      const retry = trace.flags[row] & Waterfall.FLAGS.retry;
      text.append(Dom.make("bdi", retry ? "span-note retry" : "span-note", note));
    }
    const room = this.isNarrow() ? 70 : note ? 62 : 84;  // percent of the lane that leave a text its room
    const { side, percent, inside } = TraceLayout.textPlace(left, right, room);
    text.style[side] = `${percent}%`;
    if (inside) { text.classList.add("inside"); }
    return text;
  }

  drawRuler() {
    const lane = Dom.make("div", "span-lane ruler");
    const count = this.isNarrow() ? 3 : Waterfall.TICKS;
    for (let at = 0; at < count; at += 1) {
      const share = at / (count - 1);
      const time = this.from + share * (this.to - this.from);
      const tick = Dom.make("span", "", time ? Format.duration(time) : "0");
      tick.style.left = `${100 * share}%`;
      lane.append(tick);
    }
    this.ruler.replaceChildren(Dom.make("div", "span-label", "Service and operation"), lane);
  }
}
