/* What must happen in the browser: theme, zone, title, and the graph's clicks and zoom. */
(function () {
  "use strict";
  var PADDING = 22;
  var KEY = "spanmesh-theme";
  var root = document.documentElement;
  var unchanged = function () { return window.dash_clientside.no_update; };

  function selectionUrl(data) {
    var say = encodeURIComponent;
    return "from" in data ? "?from=" + say(data.from) + "&to=" + say(data.to) : "?node=" + say(data.name);
  }

  /* Shows the whole graph when nodes come, until the reader has chosen a view by hand. */
  function showAll(elements, tries) {
    var graph = window.cy;
    var nodes = elements.filter(function (one) { return !("source" in one.data); }).length;
    var ready = graph && !graph.destroyed() && graph.nodes().length === nodes && graph.style().length > 1 &&
      graph.container().clientHeight > 0;
    if (!ready) {
      if (tries) { setTimeout(function () { showAll(elements, tries - 1); }, 60); }
      return;
    }
    if (!graph.scratch("_watched")) {
      graph.scratch("_watched", true);
      graph.on("dragpan scrollzoom pinchzoom free", function () { graph.scratch("_chosen", true); });
      graph.on("resize", function () { if (!graph.scratch("_chosen")) { graph.fit(undefined, PADDING); } });
    }
    graph.resize();  // the frame may have had no size yet when the graph was made
    var ids = graph.nodes().map(function (node) { return node.id(); }).sort().join("\n");
    if (ids !== graph.scratch("_shown") && !graph.scratch("_chosen")) { graph.fit(undefined, PADDING); }
    graph.scratch("_shown", ids);
  }

  function decoded(text) {
    try { return decodeURIComponent(text || ""); } catch (e) { return text; }  // not every % is an escape
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    spanmesh: {
      theme: function (clicks) {
        if (clicks) {
          root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
          try { localStorage.setItem(KEY, root.dataset.theme); } catch (e) { /* storage may be off */ }
        }
        return root.dataset.theme;
      },
      zone: function () { return -new Date().getTimezoneOffset(); },
      /* Live pages ask every two seconds; on others it is enough to see that the collector is there. */
      pace: function (path) { return /^\/(traces\/?|balancing\/?)?$/.test(path || "/") ? 2000 : 10000; },
      title: function (path) {
        var parts = (path || "/").split("/");
        var page = { "": "Topology", traces: parts[2] ? "Trace " + parts[2].slice(0, 8) : "Traces",
                     balancing: "Balancing", service: decoded(parts[2]) }[parts[1]];
        document.title = (page ? page + " · " : "") + "spanmesh";
        var main = document.getElementById("page");
        if (main) { main.scrollTop = 0; }
        return path;
      },
      stylesheet: function (theme, styles) { return styles[theme || "light"]; },
      select: function () {
        var by = window.dash_clientside.callback_context.triggered[0];
        return by && by.value ? selectionUrl(by.value) : unchanged();
      },
      fit: function (elements) {
        if (elements && elements.length) { showAll(elements, 50); }
        return unchanged();
      },
      zoom: function () {
        var by = window.dash_clientside.callback_context.triggered[0];
        var graph = window.cy;
        if (!by || !graph) { return unchanged(); }
        var button = by.prop_id.split(".")[0];
        if (button === "zoom-fit") {
          graph.fit(undefined, PADDING);
          graph.scratch("_chosen", false);
        } else {
          var middle = { x: graph.width() / 2, y: graph.height() / 2 };
          var factor = button === "zoom-in" ? 1.25 : 0.8;
          graph.scratch("_chosen", true);
          graph.zoom({ level: graph.zoom() * factor, renderedPosition: middle });
        }
        return unchanged();
      }
    }
  });

  function tell(id, props) {
    if (window.dash_clientside.set_props && document.getElementById("page")) {
      window.dash_clientside.set_props(id, props);
    }
  }

  /* A page nobody looks at asks nothing. */
  document.addEventListener("visibilitychange", function () { tell("tick", { disabled: document.hidden }); });

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function (event) {
    try { if (localStorage.getItem(KEY)) { return; } } catch (e) { /* storage may be off */ }
    root.dataset.theme = event.matches ? "dark" : "light";
    tell("theme", { data: root.dataset.theme });
  });
})();
