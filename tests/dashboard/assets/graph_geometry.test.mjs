import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "../../javascript/load.mjs";

const GraphGeometry = load("0-graph_geometry.js", "GraphGeometry");

const PLACES = [{ x: 0, y: 0 }, { x: 100, y: 0 }, { x: 0, y: 100 }, { x: 90, y: 60 }, { x: -40, y: -5 }];

test("an arrow leads to the nearest place in its direction; what lies aside counts double", () => {
  const to = (key) => GraphGeometry.nearest(PLACES[0], PLACES, key);
  assert.deepEqual(["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"].map(to), [1, 2, 4, 4]);
});

test("where nothing lies in a direction there is no place", () => {
  assert.equal(GraphGeometry.nearest({ x: 200, y: 0 }, PLACES, "ArrowRight"), -1);
  assert.equal(GraphGeometry.nearest(PLACES[0], [], "ArrowUp"), -1);
});

test("a view of all places has room for their labels and lies in the middle", () => {
  const frame = { width: 440, height: 240 };
  const { zoom, pan } = GraphGeometry.viewOf([{ x: 0, y: 0 }, { x: 200, y: 0 }], frame, 20, 4);
  assert.equal(zoom, 1);
  assert.deepEqual(pan, { x: 120, y: 120 });
});

test("a view is never larger than allowed", () => {
  assert.equal(GraphGeometry.viewOf([{ x: 5, y: 5 }], { width: 9000, height: 9000 }, 0, 2).zoom, 2);
});

test("a line is straight without bends, and curved through the middle between two", () => {
  const [from, to] = [{ x: 0, y: 0 }, { x: 10, y: 10 }];
  assert.equal(GraphGeometry.edgePath(from, to, []), "M0 0 L10 10");
  assert.equal(GraphGeometry.edgePath(from, to, [{ x: 2, y: 4 }]), "M0 0 Q2 4 10 10");
  assert.equal(
    GraphGeometry.edgePath(from, to, [{ x: 2, y: 4 }, { x: 6, y: 8 }]), "M0 0 Q2 4 4 6 Q6 8 10 10"
  );
});
