import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "../../javascript/load.mjs";

const Svg = load("0-svg.js", "Svg");

test("text cannot become markup, nor hold what XML has no place for", () => {
  assert.equal(Svg.escaped(`<a b="c">&'`), "&#60;a b=&#34;c&#34;&#62;&#38;&#39;");
  assert.equal(Svg.escaped("a\u0000b\u000bc\ufffed\te\n"), "abcd\te\n");
});

test("an element has its attributes escaped and its inside as it is", () => {
  assert.equal(Svg.tag("g", { id: 'a"b' }, "<x/>"), '<g id="a&#34;b"><x/></g>');
  assert.equal(Svg.tag("path", { d: "M0 0", r: 4 }), '<path d="M0 0" r="4"/>');
  assert.equal(Svg.tag("text", {}, ""), "<text></text>");
});
