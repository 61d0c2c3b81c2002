/* The flame graph: boxes by path, as wide as the time in and below them. */
class FlameGraph {
  static HEIGHT = 24;  // of a box in pixels

  /** @param {any} trace  see TraceLayout.Trace */
  constructor(trace) {
    this.trace = trace;
    this.box = Dom.byId("trace-flame");
    this.shown = -1;
    this.box.onclick = (event) => {
      const box = Dom.around(event, "[data-box]");
      if (box) { this.show(Number(box.dataset.box)); }
    };
    this.paint();
  }

  /** Show one box and what is below it; -1 shows all. @param {number} box */
  show(box) {
    this.shown = box;
    this.paint();
  }

  paint() {
    const boxes = TraceLayout.flameBoxes(this.trace.flame, this.shown);
    const deepest = boxes.reduce((most, { level }) => Math.max(most, level), 0);
    const sheet = Dom.make("div", "flame-sheet");
    sheet.style.height = `${(deepest + 1) * FlameGraph.HEIGHT}px`;
    sheet.append(...boxes.map((each) => this.draw(each)));
    const text = "A box is as wide as the self time in and below it. Choose one to look closer.";
    const head = Dom.make("p", "weak small", text);
    if (this.shown >= 0) {
      const back = Dom.make("button", "button", "Whole trace");
      back.onclick = () => { this.show(-1); };
      head.append(" ", back);
    }
    this.box.replaceChildren(head, sheet);
  }

  /** @param {{ box: number, level: number, left: number, width: number, above: boolean }} place */
  draw({ box, level, left, width, above }) {
    const { flame, services, service, operations, operation, colours } = this.trace;
    const row = flame.row[box];
    const of = services[service[row]];
    const what = operations[operation[row]];
    const inside = Format.duration(flame.all[box]);
    const made = Dom.make("button", `flame-box ${above ? "above" : ""}${flame.failed[box] ? " failed" : ""}`);
    made.dataset.box = String(box);
    made.style.cssText = `left:${left}%;width:${width}%;top:${level * FlameGraph.HEIGHT}px`;
    made.style.borderColor = colours[service[row]];
    made.title = `${of}: ${what}\n${Format.counted(flame.count[box], "span")}, ${flame.failed[box]} failed\n` +
      `${inside} in and below, ${Format.duration(flame.own[box])} self`;
    if (width > 2) {
      made.append(Dom.make("bdi", "name", `${of} ${what}`));
      if (width > 8) { made.append(Dom.make("span", "weak", inside)); }
    } else {
      made.setAttribute("aria-label", made.title);
    }
    return made;
  }
}
