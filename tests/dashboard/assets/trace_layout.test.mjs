import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "../../javascript/load.mjs";

const TraceLayout = load("0-trace_layout.js", "TraceLayout");

// front -> (cart -> db, db) and a second root
const DEPTH = [0, 1, 2, 2, 1, 0];
const TRACE = {
  ids: ["a", "b", "c", "d", "e", "f"], depth: DEPTH,
  begin: [0, 10, 12, 15, 40, 90], length: [100, 20, 2, 3, 20, 5], own: [60, 15, 2, 3, 20, 5],
  flags: [0, 1, 0, 0, 1, 0], service: [1, 0, 2, 2, 0, 1], operation: [0, 0, 0, 0, 0, 0],
  services: ["cart", "front", "db"], operations: ["GET"], path: [[0, 0, 10], [1, 10, 5], [0, 60, 40]], duration: 100
};

test("a subtree ends at the next row that is not deeper", () => {
  assert.deepEqual([...TraceLayout.subtreeEnds(DEPTH)], [5, 4, 3, 4, 5, 6]);
  assert.deepEqual([...TraceLayout.subtreeEnds([])], []);
});

test("closed rows hide what is below them, and nothing else", () => {
  const ends = TraceLayout.subtreeEnds(DEPTH);
  assert.deepEqual(TraceLayout.visibleRows(ends, new Set()), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(TraceLayout.visibleRows(ends, new Set([1])), [0, 1, 4, 5]);
  assert.deepEqual(TraceLayout.visibleRows(ends, new Set([0, 1])), [0, 5]);
});

test("the caller of a row is the row above it that is less deep", () => {
  assert.deepEqual([0, 1, 2, 3, 4].map((row) => TraceLayout.callerOf(DEPTH, row)), [0, 0, 1, 1, 0]);
});

test("a zoom stays within the trace and is never too narrow to draw", () => {
  assert.deepEqual(TraceLayout.zoomed(10, 20, 100), [10, 20]);
  assert.deepEqual(TraceLayout.zoomed(-50, 20, 100), [0, 70]);
  assert.deepEqual(TraceLayout.zoomed(95, 120, 100), [75, 100]);
  assert.deepEqual(TraceLayout.zoomed(50, 50, 100), [50, 52]);
  assert.deepEqual(TraceLayout.zoomed(0, 0, 0), [0, 1]);
});

test("a text stands after its bar, before it, or inside", () => {
  assert.deepEqual(TraceLayout.textPlace(0, 30, 84), { side: "left", percent: 30 });
  assert.deepEqual(TraceLayout.textPlace(40, 99, 84), { side: "right", percent: 60 });
  assert.deepEqual(TraceLayout.textPlace(5, 95, 84), { side: "right", percent: 5, inside: true });
  assert.deepEqual(TraceLayout.textPlace(120, 130, 84), { side: "right", percent: 0 });
  assert.deepEqual(TraceLayout.textPlace(-50, -10, 84), { side: "left", percent: 0 });
});

test("the table sorts names upwards, figures downwards, and equal ones in call order", () => {
  const figures = TraceLayout.figuresOf(TRACE);
  const sorted = (column) => TraceLayout.sortedRows(TRACE, figures, column).map((row) => TRACE.ids[row]).join("");
  assert.equal(sorted("begin"), "abcdef");
  assert.equal(sorted("length"), "abefdc");
  assert.equal(sorted("service"), "becdaf");
  assert.equal(sorted("path"), "abcdef");
  assert.equal(sorted("failed"), "beacdf");
  assert.deepEqual(figures.path, [50, 5, 0, 0, 0, 0]);
});

const FLAME = { row: [0, 1, 2, 3], parent: [-1, 0, 0, 1], all: [1000, 600, 0.5, 300], own: [], count: [], failed: [] };
const boxes = (shown) => Object.fromEntries(
  TraceLayout.flameBoxes(FLAME, shown).map(({ box, level, left, width, above }) => [box, [level, left, width, above]])
);

test("boxes of a flame graph lie below their callers, as wide as their time; tiny ones are left out", () => {
  assert.deepEqual(boxes(-1), { 0: [0, 0, 100, false], 1: [1, 0, 60, false], 3: [2, 0, 30, false] });
});

test("a box looked at closer is as wide as the graph, with its callers above", () => {
  assert.deepEqual(boxes(1), { 0: [0, 0, 100, true], 1: [1, 0, 100, false], 3: [2, 0, 50, false] });
});

test("a flame graph of nothing has no boxes", () => {
  assert.deepEqual(TraceLayout.flameBoxes({ ...FLAME, row: [], parent: [], all: [] }, -1), []);
});
