/* A list of any length of which only the rows in sight are elements. */
class Rows {
  static BEYOND = 8;  // rows kept above and below what is in sight

  /**
   * Roles make the list a tree or a table for a screen reader, which hears of the row that is current.
   * @param {HTMLElement} box  that scrolls @param {number} height  of a row in pixels
   * @param {string} role @param {string} label
   * @param {(at: number, element: HTMLElement) => void} draw  fills the row at a place of the list
   * @param {(at: number, event: Event) => void} choose  hears of clicks
   */
  constructor(box, height, role, label, draw, choose) {
    this.box = box;
    this.height = height;
    this.draw = draw;
    this.count = 0;
    this.current = -1;
    this.shown = "";
    this.waiting = false;
    box.classList.add("rows-box");
    box.tabIndex = 0;
    box.setAttribute("role", role);
    box.setAttribute("aria-label", label);
    this.sheet = Dom.make("div", "rows-sheet");
    this.sheet.setAttribute("role", "rowgroup");
    box.replaceChildren(this.sheet);
    box.addEventListener("scroll", () => { this.paintSoon(); }, { passive: true });
    box.addEventListener("click", (event) => {
      const row = Dom.around(event, "[data-at]");
      if (row) { choose(Number(row.dataset.at), event); }
    });
    new ResizeObserver(() => { this.paintSoon(); }).observe(box);
  }

  paintSoon() {
    if (this.waiting) { return; }
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.paint(false);
    });
  }

  /** @param {number} count */
  fill(count) {
    this.count = count;
    this.box.setAttribute("aria-rowcount", String(count));
    this.sheet.style.height = `${count * this.height}px`;
    this.paint(true);
  }

  /** Draw what is in sight; nothing when that has not changed, unless forced. @param {boolean} force */
  paint(force) {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - Rows.BEYOND);
    const count = Math.ceil((this.box.clientHeight || 600) / this.height) + 2 * Rows.BEYOND;
    const last = Math.min(this.count, first + count);
    const range = `${first}-${last}`;
    if (!force && range === this.shown) { return; }
    this.shown = range;
    const made = [];
    for (let at = first; at < last; at += 1) { made.push(this.makeRow(at)); }
    this.sheet.replaceChildren(...made);
    this.markCurrent();
  }

  /** @param {number} at */
  makeRow(at) {
    const row = Dom.make("div");
    row.id = `${this.box.id}-${at}`;
    row.dataset.at = String(at);
    row.style.top = `${at * this.height}px`;
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", String(at + 1));
    this.draw(at, row);
    return row;
  }

  markCurrent() {
    const row = document.getElementById(`${this.box.id}-${this.current}`);
    if (row) {
      this.box.setAttribute("aria-activedescendant", row.id);
    } else {
      this.box.removeAttribute("aria-activedescendant");
    }
  }

  /** Make a place the current one and bring it into sight. @param {number} at */
  go(at) {
    const { box, height } = this;
    this.current = at;
    if (at >= 0) {
      const top = at * height;
      if (top < box.scrollTop) {
        box.scrollTop = Math.max(0, top - height);
      } else if (top + 2 * height > box.scrollTop + box.clientHeight) {
        box.scrollTop = top - box.clientHeight + 3 * height;
      }
    }
    this.paint(true);
  }
}
