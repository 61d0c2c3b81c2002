/* Where nodes of the graph stand: the nearest in a direction, and the view that shows all of them. Pure. */
const GraphGeometry = (() => {
  "use strict";
  const BESIDE = [100, 50];  // half of what a node with its label takes, in pixels at zoom 1

  /** @typedef {{ x: number, y: number }} Point */

  /**
   * Return the index of the nearest place in an arrow's direction, -1 without one. What lies aside counts double.
   * @param {Point} from @param {Point[]} places @param {string} key  ArrowUp, ArrowDown, ArrowLeft or ArrowRight
   */
  const nearest = (from, places, key) => {
    const level = key === "ArrowRight" || key === "ArrowLeft";
    const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    let best = -1;
    let least = Infinity;
    places.forEach(({ x, y }, at) => {
      const along = sign * (level ? x - from.x : y - from.y);
      const distance = along + 2 * Math.abs(level ? y - from.y : x - from.x);
      if (along > 1 && distance < least) {
        best = at;
        least = distance;
      }
    });
    return best;
  };

  /**
   * Return the zoom and pan that show all places within a frame.
   * @param {Point[]} places @param {{ width: number, height: number }} frame
   * @param {number} padding @param {number} maxZoom @returns {{ zoom: number, pan: Point }}
   */
  const viewOf = (places, { width, height }, padding, maxZoom) => {
    const low = [Infinity, Infinity];
    const high = [-Infinity, -Infinity];
    for (const { x, y } of places) {
      [x, y].forEach((value, axis) => {
        low[axis] = Math.min(low[axis], value - BESIDE[axis]);
        high[axis] = Math.max(high[axis], value + BESIDE[axis]);
      });
    }
    const zoom = Math.min(
      (width - 2 * padding) / (high[0] - low[0]), (height - 2 * padding) / (high[1] - low[1]), maxZoom
    );
    const pan = { x: (width - zoom * (low[0] + high[0])) / 2, y: (height - zoom * (low[1] + high[1])) / 2 };
    return { zoom, pan };
  };

  /**
   * Return an edge's SVG path: curves through its bends, or a straight line.
   * @param {Point} from @param {Point} to @param {Point[]} bends
   */
  const edgePath = (from, to, bends) => {
    const start = `M${from.x} ${from.y}`;
    if (!bends.length) { return `${start} L${to.x} ${to.y}`; }
    const curves = bends.map((bend, at) => {
      const next = bends[at + 1];
      const end = next ? { x: (bend.x + next.x) / 2, y: (bend.y + next.y) / 2 } : to;
      return ` Q${bend.x} ${bend.y} ${end.x} ${end.y}`;
    });
    return start + curves.join("");
  };

  return { nearest, viewOf, edgePath };
})();
