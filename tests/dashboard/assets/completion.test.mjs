import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "../../javascript/load.mjs";

const Completion = load("0-completion.js", "Completion");

const FIELDS = { numbers: ["rate", "p99"], words: ["name", "namespace"], flags: ["routed"] };
const names = (before) => Completion.ofFilter(before, FIELDS).list.map(([name]) => name);

test("where a field may stand, all are offered with what follows them", () => {
  const { word, list } = Completion.ofFilter("", FIELDS);
  assert.equal(word, "");
  assert.deepEqual(list, [
    ["name", "name ~ "], ["namespace", "namespace ~ "], ["p99", "p99 > "], ["rate", "rate > "], ["routed", "routed "]
  ]);
});

test("a word begun leaves those that go on from it, however it is written", () => {
  assert.deepEqual(names("ra"), ["rate"]);
  assert.deepEqual(names("rate > 5 and N"), ["name", "namespace"]);
  assert.deepEqual(names("name"), ["namespace"]);
  assert.deepEqual(names("zzz"), []);
});

test("a value is not completed, nor what follows one", () => {
  for (const before of ["rate > ", "name ~ ra", "name=", "rate > 5 "]) { assert.deepEqual(names(before), []); }
});

test("after a connective or bracket comes another field", () => {
  for (const before of ["rate > 5 and ", "not ", "(", "routed or ", "! ", "rate>1 && "]) {
    assert.equal(names(before).length, 5, before);
  }
});

test("a range of text is replaced and the cursor goes after it", () => {
  assert.deepEqual(Completion.replaced("a ra b", 2, 4, "rate > "), ["a rate >  b", 9]);
});

test("a word taken into the query line is followed by one space, in a field by none", () => {
  const offer = { field: "find-q", text: "{ dur } x", start: 2, end: 5 };
  assert.deepEqual(Completion.taken(offer, "duration"), ["{ duration } x", 11]);
  assert.deepEqual(Completion.taken(offer, "has("), ["{ has(} x", 6]);
  assert.deepEqual(Completion.taken({ ...offer, field: "find-service", text: "fr", start: 0, end: 2 }, "front"), [
    "front", 5
  ]);
});

test("options are walked around the ends of the list", () => {
  assert.deepEqual([-1, 0, 2].map((at) => Completion.next(at, 3, true)), [0, 1, 0]);
  assert.deepEqual([-1, 0, 2].map((at) => Completion.next(at, 3, false)), [2, 2, 1]);
});
