/* SVG as text. Pure. */
const Svg = (() => {
  "use strict";
  // Characters that XML 1.0 (section 2.2) has no place for, not even escaped.
  // eslint-disable-next-line no-control-regex
  const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

  /** @param {unknown} text */
  const escaped = (text) => String(text)
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(FORBIDDEN, "");

  /** Return an element. @param {string} name @param {Record<string, unknown>} attributes @param {string} [inside] */
  const tag = (name, attributes, inside) => {
    const text = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`).join("");
    return inside === undefined ? `<${name}${text}/>` : `<${name}${text}>${inside}</${name}>`;
  };

  return { escaped, tag };
})();
