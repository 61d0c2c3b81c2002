/* All spans of a trace in a strip above the waterfall; dragging over it zooms, a click leads to the row. */
class Minimap {
  static HEIGHT = 60;  // of the strip in pixels
  static DRAG = 3;  // pixels of movement that tell a drag from a click

  /** @param {Waterfall} waterfall */
  constructor(waterfall) {
    this.waterfall = waterfall;
    this.box = Dom.byId("trace-minimap");
    this.canvas = document.createElement("canvas");
    this.window = Dom.make("div", "minimap-window");
    this.drawn = "";
    this.waiting = 0;
    this.box.replaceChildren(this.canvas, this.window);
    this.box.onpointerdown = (event) => { this.startDrag(event); };
    new ResizeObserver(() => {
      this.drawn = "";
      this.paintSoon();
      waterfall.drawRuler();
    }).observe(this.box);
    waterfall.rows.box.addEventListener("scroll", () => { this.paintSoon(); }, { passive: true });
  }

  paintSoon() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => { this.paint(); });
  }

  paint() {
    const { waterfall, box } = this;
    const { rows, from, to } = waterfall;
    const whole = Math.max(waterfall.trace.duration, 1);
    const tall = Math.max(rows.count * Waterfall.HEIGHT, 1);
    const { style } = this.window;
    style.left = `${100 * from / whole}%`;
    style.width = `${100 * (to - from) / whole}%`;
    style.top = `${Minimap.HEIGHT * Math.min(1, rows.box.scrollTop / tall)}px`;
    style.height = `${Math.max(3, Minimap.HEIGHT * Math.min(1, rows.box.clientHeight / tall))}px`;
    const drawn = `${box.clientWidth}x${waterfall.count}`;
    if (drawn === this.drawn || !box.clientWidth) { return; }
    this.drawn = drawn;
    this.paintSpans(whole);
  }

  /** @param {number} whole  the trace's duration */
  paintSpans(whole) {
    const { canvas } = this;
    const { trace, count } = this.waterfall;
    const scale = window.devicePixelRatio || 1;
    canvas.width = this.box.clientWidth * scale;
    canvas.height = Minimap.HEIGHT * scale;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const high = Math.max(scale, Math.min(4 * scale, canvas.height / count - 1));
    for (let row = 0; row < count; row += 1) {
      const failed = trace.flags[row] & Waterfall.FLAGS.failed;
      pen.fillStyle = failed ? "#d9482b" : trace.colours[trace.service[row]];
      const x = canvas.width * trace.begin[row] / whole;
      const y = (canvas.height - high) * row / Math.max(count - 1, 1);
      pen.fillRect(x, y, Math.max(scale, canvas.width * trace.length[row] / whole), high);
    }
  }

  /** @param {PointerEvent} event */
  startDrag(event) {
    const { box, waterfall } = this;
    const frame = box.getBoundingClientRect();
    const whole = waterfall.trace.duration;
    /** @param {PointerEvent} moved */
    const share = (moved) => Math.min(1, Math.max(0, (moved.clientX - frame.left) / frame.width));
    const first = share(event);
    /** @param {number} last */
    const isDrag = (last) => Math.abs(last - first) * frame.width > Minimap.DRAG;
    box.setPointerCapture(event.pointerId);
    box.onpointermove = (moved) => {
      const last = share(moved);
      if (isDrag(last)) { waterfall.zoom(Math.min(first, last) * whole, Math.max(first, last) * whole); }
    };
    box.onpointerup = (up) => {
      box.onpointermove = null;
      box.onpointerup = null;
      if (isDrag(share(up))) {
        waterfall.actions.zoomed();
      } else {
        const { rows } = waterfall;
        const at = (up.clientY - frame.top) / frame.height;
        rows.box.scrollTop = at * rows.count * Waterfall.HEIGHT - rows.box.clientHeight / 2;
      }
    };
  }
}
