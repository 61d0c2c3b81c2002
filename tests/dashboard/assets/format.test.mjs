import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "../../javascript/load.mjs";

const Format = load("0-format.js", "Format");

test("a duration has three figures at most and the unit that suits it", () => {
  const texts = [0, 0.5, 12.34, 999, 1000, 1234, 99_950, 1e6, 59.9e6, 6e7, 9e9].map(Format.duration);
  assert.deepEqual(
    texts,
    ["0 µs", "0.5 µs", "12.3 µs", "999 µs", "1 ms", "1.23 ms", "100 ms", "1 s", "59.9 s", "1 min", "150 min"]
  );
});

test("a duration before the beginning has a minus sign", () => {
  assert.equal(Format.duration(-1500), "−1.5 ms");
});

test("one is counted in the singular", () => {
  assert.deepEqual([0, 1, 2].map((count) => Format.counted(count, "span")), ["0 spans", "1 span", "2 spans"]);
});
