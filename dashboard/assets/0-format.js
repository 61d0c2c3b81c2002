/* Numbers as people read them. Pure. */
const Format = (() => {
  "use strict";

  /** Return a number with three figures at most. @param {number} value */
  const figures = (value) => {
    if (value >= 100) { return value.toFixed(0); }
    return String(parseFloat(value.toFixed(value >= 10 ? 1 : 2)));
  };

  /** Return a duration in a unit that suits it. @param {number} us  microseconds @returns {string} */
  const duration = (us) => {
    if (us < 0) { return `−${duration(-us)}`; }
    if (us < 1000) { return `${figures(us)} µs`; }
    if (us < 1e6) { return `${figures(us / 1000)} ms`; }
    if (us < 6e7) { return `${figures(us / 1e6)} s`; }
    return `${figures(us / 6e7)} min`;
  };

  /** Return a count with its noun. @param {number} count @param {string} noun  in the singular */
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

  return { figures, duration, counted };
})();
