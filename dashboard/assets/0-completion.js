/* Completion of an expression or query: which words fit at the cursor, and the text with one put in. Pure. */
const Completion = (() => {
  "use strict";
  const AFTER_OPERATOR = /(=|<|>|~)$/;
  const BEFORE_FIELD = /(and|or|not|&&|\|\||!|\()$/i;

  /** @typedef {{ numbers: string[], words: string[], flags: string[] }} Fields  names, by their kind */

  /**
   * Return the word before the cursor of a filter of the graph and its completions: [name, text to insert].
   * There are none after an operator, where a value follows, nor after a value, where `and` or `or` would.
   * @param {string} before  the text up to the cursor @param {Fields} fields
   * @returns {{ word: string, list: [string, string][] }}
   */
  const ofFilter = (before, fields) => {
    const word = (/[a-z0-9]*$/i.exec(before)?.[0] ?? "").toLowerCase();
    const left = before.slice(0, before.length - word.length).trim();
    if (AFTER_OPERATOR.test(left) || (!word && left && !BEFORE_FIELD.test(left))) { return { word, list: [] }; }
    /** @param {string[]} names @param {string} suffix @returns {[string, string][]} */
    const every = (names, suffix) => names.map((name) => [name, `${name} ${suffix}`]);
    const list = [...every(fields.numbers, "> "), ...every(fields.words, "~ "), ...every(fields.flags, "")];
    return { word, list: list.filter(([name]) => name.startsWith(word) && name !== word).sort() };
  };

  /**
   * Replace a range of a text. Return the new text and where the cursor goes.
   * @param {string} text @param {number} start @param {number} end @param {string} insert
   * @returns {[string, number]}
   */
  const replaced = (text, start, end, insert) =>
    [text.slice(0, start) + insert + text.slice(end), start + insert.length];

  /**
   * Take an offered word of the search; a query line goes on after a space.
   * @param {{ field: string, text: string, start: number, end: number }} offer @param {string} word
   */
  const taken = ({ field, text, start, end }, word) => {
    const insert = field === "find-q" && !/[\s(]$/.test(word) ? `${word} ` : word;
    return replaced(text.slice(0, end) + text.slice(end).replace(/^ /, ""), start, end, insert);
  };

  /**
   * Return the place of the next option of a list, around its ends; -1 is none.
   * @param {number} at @param {number} count @param {boolean} down
   */
  const next = (at, count, down) => {
    if (down) { return (at + 1) % count; }
    return at > 0 ? at - 1 : count - 1;
  };

  return { ofFilter, replaced, taken, next };
})();
