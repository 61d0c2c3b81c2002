/* The graph in the browser: draws pictures from the server, selects, zooms, and goes by keyboard. */
(function () {
  "use strict";
  var PADDING = 22;
  var TOLD = ["bad", "warn", "chosen", "path", "near", "broke", "slowed", "vanished", "appeared", "recovered",
              "faster"];  // of many call paths, those that say their figures
  var MANY = 400;  // nodes from which drawing saves what it can
  var space = window.spanmesh = window.spanmesh || {};
  var REST = 120;  // milliseconds on a call path after which it says its figures
  var resting = null, told = null;
  var nothing = function () { return window.dash_clientside.no_update; };

  /* Change parameters of the URL; the page follows it. An empty value takes one out. */
  space.go = function (changes, replace) {
    var given = new URLSearchParams(window.location.search);
    Object.keys(changes).forEach(function (key) {
      if (changes[key]) { given.set(key, changes[key]); } else { given.delete(key); }
    });
    var query = given.toString();
    var url = window.location.pathname + (query ? "?" + query : "");
    if (url === window.location.pathname + window.location.search) { return; }
    window.history[replace ? "replaceState" : "pushState"]({}, "", url);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  };

  /* What is remembered of the graph or an element. Set otherwise, it would cost all elements their style. */
  function keep(of, key, value) { of.scratch()[key] = value; }

  function choose(data) {
    if (data.from !== undefined) {
      space.go({ node: "", from: data.from, to: data.to, path: "" });
    } else if (data.name !== undefined) {
      space.go({ node: data.name, from: "", to: "", path: "" });
    }
  }

  /* The component tells the server of every element added and of every step of the view: nobody asks. */
  function prepare(graph) {
    keep(graph, "_prepared", true);
    graph.removeListener("add");
    graph.removeListener("dragfree");
    graph.removeListener("viewport");
    graph.on("dragpan scrollzoom pinchzoom", function () { keep(graph, "_chosen", true); });
    graph.on("mouseover", "edge", function (event) {
      clearTimeout(resting);
      resting = setTimeout(function () { near(event.target); }, REST);
    });
    graph.on("mouseout", "edge", function () { clearTimeout(resting); near(null); });
    graph.on("dragfree", "node", function (event) { keep(event.target, "_moved", true); });
    graph.on("resize", function () {
      if (!graph.scratch("_chosen") && graph.scratch("_places")) { show(graph, graph.scratch("_places")); }
    });
  }

  /* Of many call paths those without trouble say nothing until the pointer rests on them. */
  function near(edge) {
    if (told && told.inside()) {
      told.removeClass("near");
      put(told, "label", silent(told) ? "" : told.scratch("_label"));
    }
    told = edge && edge.inside() ? edge : null;
    if (told) {
      put(told, "label", told.scratch("_label"));
      told.addClass("near");
    }
  }

  function silent(edge) {
    return edge.hasClass("straight") && !TOLD.some(function (one) { return edge.hasClass(one); });
  }

  function ready(then, tries) {
    var graph = window.cy;
    if (graph && !graph.destroyed() && graph.style().length > 1 && graph.container().clientHeight > 0 &&
        document.body.contains(graph.container())) {
      if (!graph.scratch("_prepared")) { prepare(graph); }
      then(graph);
    } else if (tries) {
      setTimeout(function () { ready(then, tries - 1); }, 40);
    } else {
      then(null);
    }
  }

  function save(graph, count) {
    var renderer = graph.renderer();
    renderer.textureOnViewport = renderer.hideEdgesOnViewport = count >= MANY;
  }

  /* Nodes and edges of a picture: those that go, come and move. */
  function build(graph, picture) {
    var wanted = {}, fresh = [];
    var groupIds = picture.groups.map(function (name) { return "g:" + name; });
    picture.groups.forEach(function (name, at) {
      wanted[groupIds[at]] = true;
      if (graph.getElementById(groupIds[at]).empty()) {
        fresh.push({ group: "nodes", data: { id: groupIds[at], label: name }, classes: "group" });
      }
    });
    var again = graph.scratch("_part") !== picture.part, crowded = picture.nodes.length >= MANY ? " crowded" : "";
    var nodeIds = picture.nodes.map(function (row, at) {
      var id = "n:" + row[0], said = picture.nodeRows[at], place = { x: row[1], y: row[2] };
      var parent = row[3] < 0 ? null : groupIds[row[3]];
      var there = graph.getElementById(id);
      wanted[id] = true;
      if (there.empty()) {
        fresh.push({ group: "nodes", position: place, classes: said[1] + crowded, data: {
          id: id, name: row[0], label: said[0], badges: said[2] || "none", parent: parent || undefined } });
      } else if (again || !there.scratch("_moved")) {
        there.position(place);
        there.removeScratch("_moved");
      }
      return id;
    });
    var edgeIds = picture.edges.map(function (row, at) {
      var said = picture.edgeRows[at];
      var source = picture.nodes[row[0]][0], target = picture.nodes[row[1]][0];
      var id = "e:" + [source, target, row[2]].join("\u001f");
      var there = graph.getElementById(id);
      wanted[id] = true;
      if (there.empty()) {
        fresh.push({ group: "edges", classes: said[1] + " " + (row[3] || ""), data: {
          id: id, source: nodeIds[row[0]], target: nodeIds[row[1]], from: source, to: target,
          label: "", width: said[2], weights: row[4] || [], distances: row[5] || [] } });
      } else {
        there.data({ weights: row[4] || [], distances: row[5] || [] });
      }
      return id;
    });
    graph.elements().filter(function (one) { return !wanted[one.id()] && !one.isParent(); }).remove();
    graph.add(fresh);
    picture.nodes.forEach(function (row, at) {
      var node = graph.getElementById(nodeIds[at]), parent = row[3] < 0 ? null : groupIds[row[3]];
      if ((node.data("parent") || null) !== parent) { node.move({ parent: parent }); }
    });
    graph.nodes(".group").filter(function (one) { return !wanted[one.id()]; }).remove();
    keep(graph, "_nodes", nodeIds.map(function (id) { return graph.getElementById(id); }));
    keep(graph, "_edges", edgeIds.map(function (id) { return graph.getElementById(id); }));
    keep(graph, "_course", picture.edges.map(function (row) { return row[3] || ""; }));
    save(graph, picture.nodes.length);
    offerNames(picture.names.length ? picture.names : picture.nodes.map(function (row) { return row[0]; }));
  }

  function offerNames(names) {
    var list = document.getElementById("graph-names");
    list.replaceChildren.apply(list, names.map(function (name) {
      var option = document.createElement("option");
      option.value = name;
      return option;
    }));
  }

  /* A change costs the element its style anew, so what is as it was is left alone. */
  function put(element, key, value) {
    if (element.data(key) !== value) { element.data(key, value); }
  }

  function say(graph, picture) {
    var nodes = graph.scratch("_nodes"), edges = graph.scratch("_edges"), course = graph.scratch("_course");
    var some = picture.base ? function (row) { return row; } : function (row, at) { return [at, row]; };
    picture.nodeRows.map(some).forEach(function (pair) {
      var node = nodes[pair[0]], row = pair[1];
      put(node, "label", row[0]);
      if (row[2]) { put(node, "badges", row[2]); }
      node.classes(row[1] + (nodes.length >= MANY ? " crowded" : "") + (node.hasClass("cursor") ? " cursor" : ""));
    });
    picture.edgeRows.map(some).forEach(function (pair) {
      var edge = edges[pair[0]], row = pair[1];
      edge.classes(row[1] + " " + course[pair[0]] + (edge.hasClass("near") ? " near" : ""));
      keep(edge, "_label", row[0]);
      put(edge, "label", silent(edge) ? "" : row[0]);
      put(edge, "width", row[2]);
    });
  }

  /* Of many nodes the places say enough: to measure each element and its label costs seconds. */
  function show(graph, places) {
    keep(graph, "_places", places);
    if (places.length < MANY) { graph.fit(undefined, PADDING); return; }
    var low = [Infinity, Infinity], high = [-Infinity, -Infinity], beside = [100, 50];
    places.forEach(function (row) {
      [0, 1].forEach(function (axis) {
        low[axis] = Math.min(low[axis], row[axis + 1] - beside[axis]);
        high[axis] = Math.max(high[axis], row[axis + 1] + beside[axis]);
      });
    });
    var width = graph.width() - 2 * PADDING, height = graph.height() - 2 * PADDING;
    var zoom = Math.min(width / (high[0] - low[0]), height / (high[1] - low[1]), graph.maxZoom());
    graph.viewport({ zoom: zoom, pan: { x: (graph.width() - zoom * (low[0] + high[0])) / 2,
                                        y: (graph.height() - zoom * (low[1] + high[1])) / 2 } });
  }

  /* Shows the whole graph when nodes come, until the reader has chosen a view by hand. */
  function fit(graph, picture) {
    graph.resize();
    if (graph.scratch("_part") !== picture.part) { keep(graph, "_chosen", false); }
    keep(graph, "_part", picture.part);
    if (!graph.scratch("_chosen")) { show(graph, picture.nodes); }
    keep(graph, "_shown", picture.key);
  }

  function apply(graph, picture, held) {
    var mine = held && graph.scratch("_held") === held.version && held.key === picture.key;
    if (!picture.nodes && (!mine || (picture.base && picture.base !== held.version))) {
      window.dash_clientside.set_props("again", { data: performance.now() });
      return nothing();
    }
    var begun = performance.now();
    graph.batch(function () {
      if (picture.nodes) { build(graph, picture); }
      say(graph, picture);
    });
    if (picture.nodes) { fit(graph, picture); }
    keep(graph, "_held", picture.version);
    performance.measure("spanmesh-draw", { start: begun });
    return { key: picture.key, version: picture.version, count: graph.scratch("_nodes").length };
  }

  function nearest(graph, from, key) {
    var at = from.position(), best = null, least = Infinity;
    graph.nodes(":visible").not(".group").forEach(function (node) {
      var dx = node.position("x") - at.x, dy = node.position("y") - at.y;
      var along = { ArrowRight: dx, ArrowLeft: -dx, ArrowDown: dy, ArrowUp: -dy }[key];
      var aside = key === "ArrowRight" || key === "ArrowLeft" ? Math.abs(dy) : Math.abs(dx);
      if (along > 1 && along + 2 * aside < least) { best = node; least = along + 2 * aside; }
    });
    return best;
  }

  function point(graph, node) {
    graph.nodes(".cursor").removeClass("cursor");
    node.addClass("cursor");
    document.getElementById("graph-cursor").textContent = node.data("label").replace("\n", ", ");
    var at = node.renderedPosition();
    if (at.x < 40 || at.y < 40 || at.x > graph.width() - 40 || at.y > graph.height() - 40) {
      keep(graph, "_chosen", true);
      graph.center(node);
    }
  }

  function zoom(graph, factor) {
    keep(graph, "_chosen", true);
    graph.zoom({ level: graph.zoom() * factor,
                 renderedPosition: { x: graph.width() / 2, y: graph.height() / 2 } });
  }

  function fitAll(graph) {
    graph.fit(graph.elements(":visible"), PADDING);
    keep(graph, "_chosen", false);
  }

  document.addEventListener("keydown", function (event) {
    var graph = window.cy;
    if (!event.target || event.target.id !== "graph-canvas" || !graph || event.ctrlKey || event.metaKey) { return; }
    var cursor = graph.nodes(".cursor:visible");
    var done = true;
    if (event.key.indexOf("Arrow") === 0) {
      var chosen = graph.nodes(".chosen:visible");
      var from = cursor.nonempty() ? cursor[0] : chosen.nonempty() ? chosen[0] : null;
      var first = graph.nodes(":visible").not(".group").sort(function (a, b) {
        return a.position("x") - b.position("x") || a.position("y") - b.position("y"); })[0];
      var next = from ? nearest(graph, from, event.key) : first;
      if (next) { point(graph, next); }
    } else if ((event.key === "Enter" || event.key === " ") && cursor.nonempty()) {
      choose(cursor[0].data());
    } else if (event.key === "Escape") {
      space.go({ node: "", from: "", to: "", path: "" });
    } else if (event.key === "+" || event.key === "-") {
      zoom(graph, event.key === "+" ? 1.25 : 0.8);
    } else if (event.key === "0") {
      fitAll(graph);
    } else {
      done = false;
    }
    if (done) { event.preventDefault(); }
  });

  var own = {
    stylesheet: function (theme, styles) { return styles[theme || "light"]; },
    draw: function (text, held) {
      if (!text) { return nothing(); }
      var picture = JSON.parse(text), none = { key: "", version: "", count: 0 };
      if (!held) { window.dash_clientside.set_props("held", { data: { drawing: true } }); }
      return new Promise(function (resolve) {
        ready(function (graph) { resolve(graph ? apply(graph, picture, held) : none); }, 150);
      });
    },
    select: function () {
      var by = window.dash_clientside.callback_context.triggered[0];
      if (by && by.value) { choose(by.value); }
      return nothing();
    },
    selected: function (search, before) {
      var given = new URLSearchParams(search || ""), kept = new URLSearchParams();
      ["node", "from", "to"].forEach(function (key) { if (given.get(key)) { kept.set(key, given.get(key)); } });
      var now = "?" + kept.toString();
      return now === before ? nothing() : now;
    },
    unselect: function (clicks) {
      if (clicks) { space.go({ node: "", from: "", to: "", path: "" }); }
      return nothing();
    },
    zoom: function () {
      var by = window.dash_clientside.callback_context.triggered[0];
      var graph = window.cy;
      if (!by || !graph) { return nothing(); }
      var button = by.prop_id.split(".")[0];
      if (button === "zoom-fit") { fitAll(graph); } else { zoom(graph, button === "zoom-in" ? 1.25 : 0.8); }
      return nothing();
    }
  };
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.spanmesh = Object.assign({}, window.dash_clientside.spanmesh, own);
})();
