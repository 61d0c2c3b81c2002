/*
 * The graph in the browser: draws what the server sends (dashboard/topology/graph_delta.py has the protocol),
 * selects, zooms, and goes by keyboard. `window.cy` is the graph of dash-cytoscape.
 */
(() => {
  "use strict";
  const PADDING = 22;
  // Of many call paths, those that show their figures.
  const LABELLED = [
    "bad", "warn", "chosen", "path", "near", "broke", "slowed", "vanished", "appeared", "recovered", "faster"
  ];
  const MANY = 400;  // nodes from which drawing saves what it can
  const REST_MS = 120;  // on a call path after which it shows its figures
  const RETRY_MS = 40;  // while the graph is not there yet,
  const TRIES = 150;  // so often
  const NO_SELECTION = { node: "", from: "", to: "", path: "" };
  /** @type {number | undefined} */
  let resting;
  /** The call path under the pointer. @type {any} */
  let near = null;

  /**
   * Remember something of the graph or an element. In its data, it would cost all elements their style.
   * @param {any} of @param {string} key @param {unknown} value
   */
  const keep = (of, key, value) => { of.scratch()[key] = value; };

  /** Change an element's data; a change costs it its style anew, so what is as it was is left alone.
   * @param {any} element @param {string} key @param {unknown} value */
  const put = (element, key, value) => { if (element.data(key) !== value) { element.data(key, value); } };

  /** Select a node or a call path by its data. @param {any} data */
  const choose = ({ from, to, name }) => {
    if (from !== undefined) {
      DashPage.changeUrl({ ...NO_SELECTION, from, to });
    } else if (name !== undefined) {
      DashPage.changeUrl({ ...NO_SELECTION, node: name });
    }
  };

  /** @param {any} edge */
  const hasNoLabel = (edge) =>
    edge.hasClass("straight") && !LABELLED.some((look) => edge.hasClass(look));

  /** Of many call paths those without trouble show nothing until the pointer rests on them. @param {any} edge */
  const restOn = (edge) => {
    if (near?.inside()) {
      near.removeClass("near");
      put(near, "label", hasNoLabel(near) ? "" : near.scratch("_label"));
    }
    near = edge?.inside() ? edge : null;
    if (near) {
      put(near, "label", near.scratch("_label"));
      near.addClass("near");
    }
  };

  /** @param {any} graph */
  const prepare = (graph) => {
    keep(graph, "_prepared", true);
    // dash-cytoscape sends the server every element added and every step of the view; no callback reads them.
    for (const event of ["add", "dragfree", "viewport"]) { graph.removeListener(event); }
    graph.on("dragpan scrollzoom pinchzoom", () => { keep(graph, "_chosen", true); });
    graph.on("mouseover", "edge", (/** @type {any} */ event) => {
      clearTimeout(resting);
      resting = window.setTimeout(() => { restOn(event.target); }, REST_MS);
    });
    graph.on("mouseout", "edge", () => {
      clearTimeout(resting);
      restOn(null);
    });
    graph.on("dragfree", "node", (/** @type {any} */ event) => { keep(event.target, "_moved", true); });
    graph.on("resize", () => {
      if (!graph.scratch("_chosen") && graph.scratch("_places")) { showAll(graph, graph.scratch("_places")); }
    });
  };

  /** Return the graph once it can be drawn on, null when it does not come.
   * @param {number} [tries] @returns {Promise<any>} */
  const ready = async (tries = TRIES) => {
    for (; tries > 0; tries -= 1) {
      const graph = window.cy;
      if (graph && !graph.destroyed() && graph.style().length > 1 && graph.container().clientHeight > 0 &&
          document.body.contains(graph.container())) {
        if (!graph.scratch("_prepared")) { prepare(graph); }
        return graph;
      }
      await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
    }
    return null;
  };

  /** @param {any} picture @param {string} name */
  const groupId = (picture, name) => `g:${picture.groups[name]}`;

  /** Return the ids of the nodes and what is to be added; move those that are there.
   * @param {any} graph @param {any} picture */
  const placeNodes = (graph, picture) => {
    const isOther = graph.scratch("_part") !== picture.part;
    const crowded = picture.nodes.length >= MANY ? " crowded" : "";
    const added = picture.groups
      .map((/** @type {string} */ label) => ({ group: "nodes", data: { id: `g:${label}`, label }, classes: "group" }))
      .filter((/** @type {any} */ { data }) => graph.getElementById(data.id).empty());
    const ids = picture.nodes.map((/** @type {any[]} */ [name, x, y, group], /** @type {number} */ at) => {
      const id = `n:${name}`;
      const [label, look, badges] = picture.nodeRows[at];
      const there = graph.getElementById(id);
      if (there.empty()) {
        const parent = group < 0 ? undefined : groupId(picture, group);
        added.push({
          group: "nodes", position: { x, y }, classes: look + crowded,
          data: { id, name, label, badges: badges || "none", parent }
        });
      } else if (isOther || !there.scratch("_moved")) {
        there.position({ x, y });
        there.removeScratch("_moved");
      }
      return id;
    });
    return { ids, added };
  };

  /** Return the ids of the edges and what is to be added; bend those that are there.
   * @param {any} graph @param {any} picture @param {string[]} nodeIds */
  const placeEdges = (graph, picture, nodeIds) => {
    /** @type {any[]} */
    const added = [];
    const ids = picture.edges.map((/** @type {any[]} */ row, /** @type {number} */ at) => {
      const [fromAt, toAt, kind, course, weights = [], distances = []] = row;
      const [from] = picture.nodes[fromAt];
      const [to] = picture.nodes[toAt];
      const id = `e:${[from, to, kind].join("\u001f")}`;
      const there = graph.getElementById(id);
      if (there.empty()) {
        const [, look, width] = picture.edgeRows[at];
        const ends = { source: nodeIds[fromAt], target: nodeIds[toAt], from, to };
        added.push({
          group: "edges", classes: `${look} ${course || ""}`,
          data: { id, ...ends, label: "", width, weights, distances }
        });
      } else {
        there.data({ weights, distances });
      }
      return id;
    });
    return { ids, added };
  };

  /** Draw a whole picture: remove, add and move elements. @param {any} graph @param {any} picture */
  const build = (graph, picture) => {
    const nodes = placeNodes(graph, picture);
    const edges = placeEdges(graph, picture, nodes.ids);
    const groups = picture.groups.map((/** @type {string} */ name) => `g:${name}`);
    const wanted = new Set([...groups, ...nodes.ids, ...edges.ids]);
    graph.elements().filter((/** @type {any} */ one) => !wanted.has(one.id()) && !one.isParent()).remove();
    graph.add([...nodes.added, ...edges.added]);
    picture.nodes.forEach((/** @type {any[]} */ row, /** @type {number} */ at) => {
      const node = graph.getElementById(nodes.ids[at]);
      const parent = row[3] < 0 ? null : groupId(picture, row[3]);
      if ((node.data("parent") || null) !== parent) { node.move({ parent }); }
    });
    // Only now: a group that nodes were still in could not go before.
    graph.nodes(".group").filter((/** @type {any} */ one) => !wanted.has(one.id())).remove();
    keep(graph, "_nodes", nodes.ids.map((/** @type {string} */ id) => graph.getElementById(id)));
    keep(graph, "_edges", edges.ids.map((/** @type {string} */ id) => graph.getElementById(id)));
    keep(graph, "_course", picture.edges.map((/** @type {any[]} */ row) => row[3] || ""));
    const renderer = graph.renderer();
    renderer.textureOnViewport = renderer.hideEdgesOnViewport = picture.nodes.length >= MANY;
    offerNames(picture.names.length ? picture.names : picture.nodes.map((/** @type {any[]} */ [name]) => name));
  };

  /** @param {string[]} names */
  const offerNames = (names) => {
    Dom.byId("graph-names").replaceChildren(...names.map((name) => {
      const option = document.createElement("option");
      option.value = name;
      return option;
    }));
  };

  /** Show labels, looks and widths: of all elements, or of those that a delta names by their place.
   * @param {any} graph @param {any} picture */
  const showFigures = (graph, picture) => {
    const nodes = graph.scratch("_nodes");
    const edges = graph.scratch("_edges");
    const course = graph.scratch("_course");
    const crowded = nodes.length >= MANY ? " crowded" : "";
    /** @param {any[]} rows @returns {[number, any][]} */
    const placed = (rows) => (picture.base ? rows : rows.map((row, at) => [at, row]));
    for (const [at, [label, look, badges]] of placed(picture.nodeRows)) {
      const node = nodes[at];
      put(node, "label", label);
      if (badges) { put(node, "badges", badges); }
      node.classes(look + crowded + (node.hasClass("cursor") ? " cursor" : ""));
    }
    for (const [at, [label, look, width]] of placed(picture.edgeRows)) {
      const edge = edges[at];
      edge.classes(`${look} ${course[at]}${edge.hasClass("near") ? " near" : ""}`);
      keep(edge, "_label", label);
      put(edge, "label", hasNoLabel(edge) ? "" : label);
      put(edge, "width", width);
    }
  };

  /** Of many nodes the places suffice: to measure each element and its label costs seconds.
   * @param {any} graph @param {any[]} places */
  const showAll = (graph, places) => {
    keep(graph, "_places", places);
    if (places.length < MANY) {
      graph.fit(undefined, PADDING);
      return;
    }
    const points = places.map(([, x, y]) => ({ x, y }));
    const frame = { width: graph.width(), height: graph.height() };
    graph.viewport(GraphGeometry.viewOf(points, frame, PADDING, graph.maxZoom()));
  };

  /** Show the whole graph when nodes come, until the reader has chosen a view by hand.
   * @param {any} graph @param {any} picture */
  const fit = (graph, picture) => {
    graph.resize();
    if (graph.scratch("_part") !== picture.part) { keep(graph, "_chosen", false); }
    keep(graph, "_part", picture.part);
    if (!graph.scratch("_chosen")) { showAll(graph, picture.nodes); }
    keep(graph, "_shown", picture.key);
  };

  /** Draw a picture, or ask for a whole one where a delta does not fit what is drawn.
   * @param {any} graph @param {any} picture @param {any} held  what the page says is drawn */
  const apply = (graph, picture, held) => {
    const isDrawn = held && graph.scratch("_held") === held.version && held.key === picture.key;
    if (!picture.nodes && (!isDrawn || (picture.base && picture.base !== held.version))) {
      DashPage.setProps("again", { data: performance.now() });
      return DashPage.noUpdate();
    }
    const start = performance.now();
    graph.batch(() => {
      if (picture.nodes) { build(graph, picture); }
      showFigures(graph, picture);
    });
    if (picture.nodes) { fit(graph, picture); }
    keep(graph, "_held", picture.version);
    performance.measure("spanmesh-draw", { start });
    return { key: picture.key, version: picture.version, count: graph.scratch("_nodes").length };
  };

  /** @param {any} graph */
  const visibleNodes = (graph) => graph.nodes(":visible").not(".group");

  /** Put the keyboard's cursor on a node. @param {any} graph @param {any} node */
  const point = (graph, node) => {
    graph.nodes(".cursor").removeClass("cursor");
    node.addClass("cursor");
    Dom.byId("graph-cursor").textContent = node.data("label").replace("\n", ", ");
    const { x, y } = node.renderedPosition();
    if (x < 40 || y < 40 || x > graph.width() - 40 || y > graph.height() - 40) {
      keep(graph, "_chosen", true);
      graph.center(node);
    }
  };

  /** Move the cursor along an arrow; it begins at the selected node, or the first from the left.
   * @param {any} graph @param {string} key */
  const moveCursor = (graph, key) => {
    const nodes = visibleNodes(graph);
    const cursor = graph.nodes(".cursor:visible");
    const chosen = graph.nodes(".chosen:visible");
    const from = cursor.nonempty() ? cursor[0] : chosen.nonempty() ? chosen[0] : null;
    if (!from) {
      const [first] = nodes.sort((/** @type {any} */ a, /** @type {any} */ b) =>
        a.position("x") - b.position("x") || a.position("y") - b.position("y"));
      if (first) { point(graph, first); }
      return;
    }
    const places = nodes.map((/** @type {any} */ node) => node.position());
    const next = GraphGeometry.nearest(from.position(), places, key);
    if (next >= 0) { point(graph, nodes[next]); }
  };

  /** @param {any} graph @param {number} factor */
  const zoom = (graph, factor) => {
    keep(graph, "_chosen", true);
    const renderedPosition = { x: graph.width() / 2, y: graph.height() / 2 };
    graph.zoom({ level: graph.zoom() * factor, renderedPosition });
  };

  /** @param {any} graph */
  const fitAll = (graph) => {
    graph.fit(graph.elements(":visible"), PADDING);
    keep(graph, "_chosen", false);
  };

  document.addEventListener("keydown", (event) => {
    const graph = window.cy;
    const { id } = /** @type {HTMLElement} */ (event.target);
    if (id !== "graph-canvas" || !graph || event.ctrlKey || event.metaKey) { return; }
    const cursor = graph.nodes(".cursor:visible");
    if (event.key.startsWith("Arrow")) {
      moveCursor(graph, event.key);
    } else if ((event.key === "Enter" || event.key === " ") && cursor.nonempty()) {
      choose(cursor[0].data());
    } else if (event.key === "Escape") {
      DashPage.changeUrl(NO_SELECTION);
    } else if (event.key === "+" || event.key === "-") {
      zoom(graph, event.key === "+" ? 1.25 : 0.8);
    } else if (event.key === "0") {
      fitAll(graph);
    } else {
      return;
    }
    event.preventDefault();
  });

  DashPage.callbacks({
    /** @param {string | null} theme @param {Record<string, unknown>} styles */
    stylesheet: (theme, styles) => styles[theme || "light"],
    /** @param {string | null} text @param {any} held */
    draw: async (text, held) => {
      if (!text) { return DashPage.noUpdate(); }
      const picture = JSON.parse(text);
      if (!held) { DashPage.setProps("held", { data: { drawing: true } }); }
      const graph = await ready();
      return graph ? apply(graph, picture, held) : { key: "", version: "", count: 0 };
    },
    select: () => {
      const [by] = DashPage.triggered();
      if (by?.value) { choose(by.value); }
      return DashPage.noUpdate();
    },
    /** Return what of the URL selects, unless that is as before. @param {string} search @param {string} before */
    selected: (search, before) => {
      const now = Urls.only(search || "", ["node", "from", "to"]) || "?";
      return now === before ? DashPage.noUpdate() : now;
    },
    /** @param {number | null} clicks */
    unselect: (clicks) => {
      if (clicks) { DashPage.changeUrl(NO_SELECTION); }
      return DashPage.noUpdate();
    },
    zoom: () => {
      const [by] = DashPage.triggered();
      const graph = window.cy;
      if (!by || !graph) { return DashPage.noUpdate(); }
      const [button] = by.prop_id.split(".");
      if (button === "zoom-fit") { fitAll(graph); } else { zoom(graph, button === "zoom-in" ? 1.25 : 0.8); }
      return DashPage.noUpdate();
    }
  });
})();
