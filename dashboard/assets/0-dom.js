/* Elements: found by id, made from text, and looked up from an event. */
const Dom = (() => {
  "use strict";

  /** @param {string} id  of an element that the page has @returns {HTMLElement} */
  const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

  /** @param {string} id @returns {HTMLInputElement} */
  const input = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

  /** @param {string} id @returns {HTMLSelectElement} */
  const select = (id) => /** @type {HTMLSelectElement} */ (document.getElementById(id));

  /**
   * Return the nearest element around an event's target that matches, if any. A target may be the document,
   * which has no `closest`.
   * @param {Event} event @param {string} selector @returns {HTMLElement | null}
   */
  const around = (event, selector) => {
    const target = /** @type {HTMLElement | null} */ (event.target);
    return target?.closest ? target.closest(selector) : null;
  };

  /** @param {string} tag @param {string} [className] @param {string} [text] @returns {HTMLElement} */
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  };

  /** Make an element for a name from outside, in its own writing direction. @param {string} text */
  const makeName = (text) => {
    const name = make("bdi", "name", text);
    name.title = text;
    return name;
  };

  /**
   * Set the value of an input that React controls and let React know: it watches the prototype's setter.
   * @param {HTMLInputElement} field @param {string} value @param {number} cursor
   */
  const type = (field, value, cursor) => {
    const property = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
    property?.set?.call(field, value);
    field.setSelectionRange(cursor, cursor);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  return { byId, input, select, around, make, makeName, type };
})();
