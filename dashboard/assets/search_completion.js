/* Completion at the fields of the search: asks when the reader writes, draws the list, takes the choice. */
(() => {
  "use strict";
  const FIELDS = ["find-q", "find-service", "find-operation", "find-tags"];
  const PAUSE_MS = 100;

  /**
   * @typedef {{ field: string, text: string, start: number, end: number, n: number,
   *   items: [string, string, string][] }} Offer  items are the text to insert, a label and a detail
   */

  let asked = 0;
  /** @type {number | undefined} */
  let timer;
  /** @type {(Offer & { active: number }) | null} */
  let shown = null;

  const list = () => document.getElementById("find-list");

  /** @param {EventTarget | null} target @returns {HTMLInputElement | null} */
  const fieldOf = (target) => {
    const field = /** @type {HTMLInputElement | null} */ (target);
    return field && FIELDS.includes(field.id) ? field : null;
  };

  /** @param {HTMLInputElement} field */
  const ask = (field) => {
    clearTimeout(timer);
    // After a pause in typing: each question is a request to the collector.
    timer = window.setTimeout(() => {
      // The reader has moved on; the list would open at a field without a cursor.
      if (document.activeElement !== field) { return; }
      // The number comes back with the answer: one to an older question is not drawn (``offer``).
      asked += 1;
      DashPage.setProps("find-ask", {
        data: { n: asked, field: field.id, text: field.value, cursor: field.selectionStart }
      });
    }, PAUSE_MS);
  };

  const hide = () => {
    const field = shown && document.getElementById(shown.field);
    const options = list();
    shown = null;
    if (options) { options.hidden = true; }
    if (field) {
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
    }
  };

  const close = () => {
    clearTimeout(timer);
    asked += 1;  // an answer on its way is of no use any more
    hide();
  };

  /** @param {number} active */
  const mark = (active) => {
    const options = list();
    if (!shown || !options) { return; }
    shown.active = active;
    Array.from(options.children).forEach((option, at) => {
      option.setAttribute("aria-selected", String(at === active));
      if (at === active) { option.scrollIntoView({ block: "nearest" }); }
    });
    const field = Dom.byId(shown.field);
    if (active < 0) {
      field.removeAttribute("aria-activedescendant");
    } else {
      field.setAttribute("aria-activedescendant", `find-option-${active}`);
    }
  };

  /** @param {[string, string, string]} item @param {number} at */
  const drawOption = ([, label, detail], at) => {
    const row = document.createElement("li");
    row.id = `find-option-${at}`;
    row.setAttribute("role", "option");
    row.append(Dom.make("bdi", "", label), Dom.make("span", "", detail));
    // mousedown and not click: the field would lose the focus first, and that closes the list.
    row.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(at);
    });
    return row;
  };

  /** @param {Offer} offer */
  const draw = (offer) => {
    const field = Dom.input(offer.field);
    const options = list();
    if (!options || !field || document.activeElement !== field) {
      close();
      return;
    }
    if (field.value !== offer.text) { return; }  // more was written: that is asked next
    if (!offer.items.length) {
      hide();
      return;
    }
    shown = { active: -1, ...offer };
    options.replaceChildren(...offer.items.map(drawOption));
    const frame = /** @type {HTMLElement} */ (options.parentElement).getBoundingClientRect();
    const at = field.getBoundingClientRect();
    options.style.left = `${at.left - frame.left}px`;
    options.style.top = `${at.bottom - frame.top + 4}px`;
    options.style.minWidth = `${Math.min(at.width, 260)}px`;
    options.hidden = false;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", "find-list");
    field.setAttribute("aria-expanded", "true");
  };

  /** @param {number} at */
  const take = (at) => {
    if (!shown) { return; }
    const offer = shown;
    const field = Dom.input(offer.field);
    close();
    if (field.value !== offer.text) { return; }  // written on since: the list was for the text before
    const [text, cursor] = Completion.taken(offer, offer.items[at][0]);
    Dom.type(field, text, cursor);
  };

  /** Return whether a key was for the list. @param {KeyboardEvent} event */
  const usesKey = ({ key, shiftKey }) => {
    if (!shown) { return false; }
    const { active, items } = shown;
    if (key === "ArrowDown" || key === "ArrowUp") {
      mark(Completion.next(active, items.length, key === "ArrowDown"));
    } else if (key === "Escape") {
      close();
    } else if (key === "Enter" && active >= 0) {
      take(active);
    } else if (key === "Tab" && !shiftKey && (active >= 0 || items.length === 1)) {
      take(Math.max(0, active));
    } else {
      if (key === "Enter") { close(); }
      return false;
    }
    return true;
  };

  document.addEventListener("input", ({ target }) => {
    const field = fieldOf(target);
    if (field) { ask(field); }
  });
  document.addEventListener("focusout", ({ target }) => { if (fieldOf(target)) { close(); } });
  // Before the page's own listeners, so that Enter on an option does not search.
  document.addEventListener("keydown", (event) => {
    const field = fieldOf(event.target);
    if (!field) { return; }
    if (!shown) {
      if (event.key === "ArrowDown" || (event.key === " " && event.ctrlKey)) {
        event.preventDefault();
        ask(field);
      } else if (event.key === "Enter") {
        close();
      }
    } else if (usesKey(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  DashPage.callbacks({
    /** @param {Offer | null} offer */
    offer: (offer) => {
      if (offer && offer.n === asked) { draw(offer); }
      return DashPage.noUpdate();
    }
  });
})();
