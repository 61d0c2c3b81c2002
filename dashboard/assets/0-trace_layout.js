/* Where the spans of a trace stand: in the tree, in the table, in the flame graph and in time. Pure. */
const TraceLayout = (() => {
  "use strict";
  const NARROWEST = 0.1;  // percent of the width below which a box of the flame graph is left out
  const UPWARDS = ["service", "operation", "begin"];  // columns that sort from the least to the greatest

  /**
   * A trace as dashboard/trace/waterfall.py sends it: one entry for each row, the spans in call order.
   * @typedef {{
   *   ids: string[], depth: number[], begin: number[], length: number[], own: number[], flags: number[],
   *   service: number[], operation: number[], services: string[], operations: string[], colours: string[],
   *   notes: string[], events: Record<number, number[]>, path: [number, number, number][], duration: number,
   *   flame: Flame
   * }} Trace
   * @typedef {{
   *   row: number[], parent: number[], all: number[], own: number[], count: number[], failed: number[]
   * }} Flame
   * @typedef {{ box: number, level: number, left: number, width: number, above: boolean }} FlameBox  in percent
   * @typedef {Record<"begin" | "length" | "own" | "path" | "failed", number[]>} Figures
   */

  /** Return for each row the first row after all that is below it. @param {number[]} depths */
  const subtreeEnds = (depths) => {
    const ends = new Int32Array(depths.length);
    /** @type {number[]} */
    const open = [];
    for (let at = 0; at <= depths.length; at += 1) {
      const depth = at < depths.length ? depths[at] : -1;
      while (open.length && depths[open[open.length - 1]] >= depth) { ends[/** @type {number} */ (open.pop())] = at; }
      open.push(at);
    }
    return ends;
  };

  /** Return the rows that no closed row hides. @param {Int32Array} ends @param {Set<number>} closed */
  const visibleRows = (ends, closed) => {
    const rows = [];
    for (let at = 0; at < ends.length; at = closed.has(at) ? ends[at] : at + 1) { rows.push(at); }
    return rows;
  };

  /** Return the row of the caller. @param {number[]} depths @param {number} row */
  const callerOf = (depths, row) => {
    let above = row;
    while (above > 0 && depths[above] >= depths[row]) { above -= 1; }
    return above;
  };

  /**
   * Return a range of time that lies within the trace and is not too narrow to draw.
   * @param {number} from @param {number} to @param {number} duration @returns {[number, number]}
   */
  const zoomed = (from, to, duration) => {
    const whole = Math.max(duration, 1);
    const least = Math.min(whole, Math.max(whole / 1e5, 2));
    const width = Math.min(whole, Math.max(least, to - from));
    const start = Math.min(Math.max(0, from), whole - width);
    return [start, start + width];
  };

  /**
   * Return where the text of a bar has room: after it, before it, or inside.
   * @param {number} left @param {number} right  percent of the lane @param {number} room
   * @returns {{ side: "left" | "right", percent: number, inside?: boolean }}
   */
  const textPlace = (left, right, room) => {
    const start = Math.max(left, 0);
    const end = Math.min(Math.max(right, 0), 100);
    if (left > 100) { return { side: "right", percent: 0 }; }
    if (end <= room) { return { side: "left", percent: end }; }
    if (start >= 100 - room) { return { side: "right", percent: 100 - start }; }
    return { side: "right", percent: 100 - end, inside: true };
  };

  /** Return the figures of the table's columns. @param {Trace} trace @returns {Figures} */
  const figuresOf = (trace) => {
    const path = new Array(trace.ids.length).fill(0);
    for (const [row, , length] of trace.path) { path[row] += length; }
    const failed = trace.flags.map((flags) => flags & 1);
    return { begin: trace.begin, length: trace.length, own: trace.own, path, failed };
  };

  /** True if a column sorts upwards. @param {string} column */
  const sortsUp = (column) => UPWARDS.includes(column);

  /**
   * Return the rows sorted by a column of the table.
   * @param {Trace} trace @param {Figures} figures @param {string} column
   */
  const sortedRows = (trace, figures, column) => {
    const rows = trace.ids.map((_, row) => row);
    if (column === "service" || column === "operation") {
      const names = column === "service" ? trace.services : trace.operations;
      const of = trace[column];
      return rows.sort((a, b) => {
        if (names[of[a]] !== names[of[b]]) { return names[of[a]] < names[of[b]] ? -1 : 1; }
        return trace.begin[a] - trace.begin[b];
      });
    }
    const values = figures[/** @type {keyof Figures} */ (column)];
    const sign = sortsUp(column) ? 1 : -1;
    return rows.sort((a, b) => sign * (values[a] - values[b]) || a - b);
  };

  /** Return the boxes below each box, and the topmost. @param {Flame} flame */
  const flameTree = (flame) => {
    /** @type {number[][]} */
    const children = flame.row.map(() => []);
    /** @type {number[]} */
    const top = [];
    flame.parent.forEach((parent, box) => (parent < 0 ? top : children[parent]).push(box));
    return { children, top };
  };

  /**
   * Return the boxes of a flame graph from one box down, with its callers above it; of all with -1.
   * @param {Flame} flame @param {number} shown @returns {FlameBox[]}
   */
  const flameBoxes = (flame, shown) => {
    const { children, top } = flameTree(flame);
    const callers = [];
    for (let up = shown < 0 ? -1 : flame.parent[shown]; up >= 0; up = flame.parent[up]) { callers.unshift(up); }
    const boxes = callers.map((box, level) => ({ box, level, left: 0, width: 100, above: true }));
    const roots = shown < 0 ? top : [shown];
    const whole = roots.reduce((sum, box) => sum + flame.all[box], 0) || 1;
    /** @type {[number, number, number][]} */
    const waiting = [];
    /** @param {number[]} beside @param {number} level @param {number} left */
    const place = (beside, level, left) => {
      for (const box of beside) {
        waiting.push([box, level, left]);
        left += 100 * flame.all[box] / whole;
      }
    };
    place(roots, callers.length, 0);
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [box, level, left] = next;
      const width = 100 * flame.all[box] / whole;
      if (width >= NARROWEST) {
        boxes.push({ box, level, left, width, above: false });
        place(children[box], level + 1, left);
      }
    }
    return boxes;
  };

  return {
    subtreeEnds, visibleRows, callerOf, zoomed, textPlace, figuresOf, sortsUp, sortedRows, flameBoxes
  };
})();
