/* The graph as a picture file: PNG from the canvas, SVG from where its elements stand. */
(function () {
  "use strict";
  var LARGEST = 8000;  // pixels of a side
  var MARGIN = 30;

  function offer(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  function escaped(text) {
    return String(text).replace(/[&<>"']/g, function (sign) { return "&#" + sign.charCodeAt(0) + ";"; })
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
  }

  function tag(name, given, inside) {
    var said = Object.keys(given).map(function (key) { return " " + key + '="' + escaped(given[key]) + '"'; });
    return "<" + name + said.join("") + (inside === undefined ? "/>" : ">" + inside + "</" + name + ">");
  }

  function dashes(style) {
    return { dashed: "9 4", dotted: "2 3" }[style] || "none";
  }

  function texts(element, x, y, colour) {
    var label = element.data("label");
    if (!label) { return ""; }
    var size = parseFloat(element.style("font-size")), lines = String(label).split("\n");
    var top = y - (lines.length - 1) * size * 0.65 + size * 0.35;
    return lines.map(function (line, at) {
      return tag("text", { x: x, y: top + at * size * 1.3, "text-anchor": "middle", "font-size": size,
                           "font-weight": element.style("font-weight"), fill: colour }, escaped(line));
    }).join("");
  }

  function node(one) {
    var at = one.position(), width = one.outerWidth(), height = one.outerHeight();
    var paint = { fill: one.style("background-color"), "fill-opacity": one.style("background-opacity"),
                  stroke: one.style("border-color"), "stroke-width": parseFloat(one.style("border-width")),
                  "stroke-dasharray": dashes(one.style("border-style")) };
    var box = Object.assign({ x: at.x - width / 2, y: at.y - height / 2, width: width, height: height }, paint);
    var shape = one.hasClass("user")
      ? tag("ellipse", Object.assign({ cx: at.x, cy: at.y, rx: width / 2, ry: height / 2 }, paint))
      : tag("rect", Object.assign(box, { rx: one.hasClass("external") ? 0 : one.hasClass("database") ? 20 : 8 }));
    var badges = one.hasClass("marked")
      ? tag("image", { href: one.data("badges"), x: box.x + 10, y: box.y - 9, width: 150, height: 16 }) : "";
    var textAt = one.hasClass("group") ? at.y - height / 2 - 8 : at.y;
    return tag("g", { opacity: one.style("opacity") }, shape + badges + texts(one, at.x, textAt, one.style("color")));
  }

  function edge(one) {
    var from = one.sourceEndpoint(), to = one.targetEndpoint(), bends = one.controlPoints() || [];
    if (!from || !to || isNaN(from.x) || isNaN(to.x)) { return ""; }
    var path = "M" + from.x + " " + from.y;
    bends.forEach(function (bend, at) {
      var next = bends[at + 1];
      var end = next ? { x: (bend.x + next.x) / 2, y: (bend.y + next.y) / 2 } : to;
      path += " Q" + bend.x + " " + bend.y + " " + end.x + " " + end.y;
    });
    if (!bends.length) { path += " L" + to.x + " " + to.y; }
    var last = bends.length ? bends[bends.length - 1] : from;
    var angle = Math.atan2(to.y - last.y, to.x - last.x) * 180 / Math.PI;
    var colour = one.style("line-color"), middle = one.midpoint();
    return tag("g", { opacity: one.style("opacity") },
      tag("path", { d: path, fill: "none", stroke: colour, "stroke-width": parseFloat(one.style("width")),
                    "stroke-dasharray": dashes(one.style("line-style")) }) +
      tag("path", { d: "M0 0L-10 -5L-10 5Z", fill: colour,
                    transform: "translate(" + to.x + " " + to.y + ") rotate(" + angle + ")" }) +
      secret(one, from) + texts(one, middle.x, middle.y, one.style("color")));
  }

  /* The mark of an encrypted call, where its line begins. */
  function secret(one, from) {
    if (!one.hasClass("encrypted")) { return ""; }
    var ink = one.style("source-arrow-color");
    return tag("circle", { cx: from.x, cy: from.y, r: 4, stroke: ink,
                           fill: one.hasClass("partly") ? "none" : ink });
  }

  function svg(graph, background) {
    var shown = graph.elements(":visible"), box = shown.boundingBox();
    var view = [box.x1 - MARGIN, box.y1 - MARGIN, box.w + 2 * MARGIN, box.h + 2 * MARGIN];
    var inside = tag("title", {}, "Topology") +
      tag("rect", { x: view[0], y: view[1], width: view[2], height: view[3], fill: background }) +
      shown.nodes(".group").map(node).join("") + shown.edges().map(edge).join("") +
      shown.nodes().not(".group").map(node).join("");
    return tag("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: view.join(" "), width: view[2],
                        height: view[3], "font-family": "Inter, Segoe UI, Roboto, Arial, sans-serif" }, inside);
  }

  function exported() {
    var by = window.dash_clientside.callback_context.triggered[0], graph = window.cy;
    if (by && by.value && graph) {
      var canvas = getComputedStyle(document.documentElement).getPropertyValue("--canvas").trim();
      if (by.prop_id.indexOf("export-svg") === 0) {
        offer(new Blob([svg(graph, canvas)], { type: "image/svg+xml" }), "topology.svg");
      } else {
        offer(graph.png({ full: true, output: "blob", bg: canvas, scale: 2, maxWidth: LARGEST,
                          maxHeight: LARGEST }), "topology.png");
      }
    }
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.spanmesh = Object.assign({}, window.dash_clientside.spanmesh, { exported: exported });
})();
