/* The graph as a file: PNG from the canvas, SVG from where its elements stand. */
(() => {
  "use strict";
  const LARGEST = 8000;  // pixels of a side
  const MARGIN = 30;

  /** @param {Blob} blob @param {string} name */
  const download = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(() => { URL.revokeObjectURL(link.href); }, 10000);
  };

  /** @param {string} style */
  const dashes = (style) => ({ dashed: "9 4", dotted: "2 3" })[style] || "none";

  /** @param {any} element @param {number} x @param {number} y */
  const labelOf = (element, x, y) => {
    const label = element.data("label");
    if (!label) { return ""; }
    const size = parseFloat(element.style("font-size"));
    const lines = String(label).split("\n");
    const top = y - (lines.length - 1) * size * 0.65 + size * 0.35;
    const look = {
      "text-anchor": "middle", "font-size": size, "font-weight": element.style("font-weight"),
      fill: element.style("color")
    };
    return lines
      .map((line, at) => Svg.tag("text", { x, y: top + at * size * 1.3, ...look }, Svg.escaped(line)))
      .join("");
  };

  /** @param {any} one */
  const node = (one) => {
    const { x, y } = one.position();
    const width = one.outerWidth();
    const height = one.outerHeight();
    const paint = {
      fill: one.style("background-color"), "fill-opacity": one.style("background-opacity"),
      stroke: one.style("border-color"), "stroke-width": parseFloat(one.style("border-width")),
      "stroke-dasharray": dashes(one.style("border-style"))
    };
    const box = { x: x - width / 2, y: y - height / 2 };
    const corner = one.hasClass("external") ? 0 : one.hasClass("database") ? 20 : 8;
    const shape = one.hasClass("user")
      ? Svg.tag("ellipse", { cx: x, cy: y, rx: width / 2, ry: height / 2, ...paint })
      : Svg.tag("rect", { ...box, width, height, ...paint, rx: corner });
    const image = { href: one.data("badges"), x: box.x + 10, y: box.y - 9, width: 150, height: 16 };
    const badges = one.hasClass("marked") ? Svg.tag("image", image) : "";
    const textY = one.hasClass("group") ? y - height / 2 - 8 : y;
    return Svg.tag("g", { opacity: one.style("opacity") }, shape + badges + labelOf(one, x, textY));
  };

  /** Return the mark of an encrypted call, where its line begins.
   * @param {any} one @param {{ x: number, y: number }} from */
  const encryptionMark = (one, from) => {
    if (!one.hasClass("encrypted")) { return ""; }
    const ink = one.style("source-arrow-color");
    const fill = one.hasClass("partly") ? "none" : ink;
    return Svg.tag("circle", { cx: from.x, cy: from.y, r: 4, stroke: ink, fill });
  };

  /** @param {any} one */
  const edge = (one) => {
    const from = one.sourceEndpoint();
    const to = one.targetEndpoint();
    const bends = one.controlPoints() || [];
    if (!from || !to || isNaN(from.x) || isNaN(to.x)) { return ""; }
    const last = bends.length ? bends[bends.length - 1] : from;
    const angle = Math.atan2(to.y - last.y, to.x - last.x) * 180 / Math.PI;
    const colour = one.style("line-color");
    const middle = one.midpoint();
    const line = Svg.tag("path", {
      d: GraphGeometry.edgePath(from, to, bends), fill: "none", stroke: colour,
      "stroke-width": parseFloat(one.style("width")), "stroke-dasharray": dashes(one.style("line-style"))
    });
    const transform = `translate(${to.x} ${to.y}) rotate(${angle})`;
    const arrow = Svg.tag("path", { d: "M0 0L-10 -5L-10 5Z", fill: colour, transform });
    const label = labelOf(one, middle.x, middle.y);
    return Svg.tag("g", { opacity: one.style("opacity") }, line + arrow + encryptionMark(one, from) + label);
  };

  /** @param {any} graph @param {string} background */
  const svg = (graph, background) => {
    const shown = graph.elements(":visible");
    const box = shown.boundingBox();
    const [x, y, width, height] = [box.x1 - MARGIN, box.y1 - MARGIN, box.w + 2 * MARGIN, box.h + 2 * MARGIN];
    const inside = [
      Svg.tag("title", {}, "Topology"),
      Svg.tag("rect", { x, y, width, height, fill: background }),
      ...shown.nodes(".group").map(node),
      ...shown.edges().map(edge),
      ...shown.nodes().not(".group").map(node)
    ];
    return Svg.tag("svg", {
      xmlns: "http://www.w3.org/2000/svg", viewBox: [x, y, width, height].join(" "), width, height,
      "font-family": "Inter, Segoe UI, Roboto, Arial, sans-serif"
    }, inside.join(""));
  };

  DashPage.callbacks({
    exported: () => {
      const [by] = DashPage.triggered();
      const graph = window.cy;
      if (by?.value && graph) {
        const canvas = getComputedStyle(document.documentElement).getPropertyValue("--canvas").trim();
        if (by.prop_id.startsWith("export-svg")) {
          download(new Blob([svg(graph, canvas)], { type: "image/svg+xml" }), "topology.svg");
        } else {
          const sides = { scale: 2, maxWidth: LARGEST, maxHeight: LARGEST };
          download(graph.png({ full: true, output: "blob", bg: canvas, ...sides }), "topology.png");
        }
      }
      return DashPage.noUpdate();
    }
  });
})();
