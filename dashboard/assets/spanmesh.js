/* What must happen in the browser on every page: theme, zone and title. */
(function () {
  "use strict";
  var KEY = "spanmesh-theme";
  var root = document.documentElement;

  function decoded(text) {
    try { return decodeURIComponent(text || ""); } catch (e) { return text; }  // not every % is an escape
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    spanmesh: Object.assign({}, (window.dash_clientside || {}).spanmesh, {
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
                     balancing: "Balancing", service: decoded(parts[2]), compare: "Compare",
                     aggregate: "Many traces", upload: "Open a file" }[parts[1]];
        document.title = (page ? page + " · " : "") + "spanmesh";
        var main = document.getElementById("page");
        if (main) { main.scrollTop = 0; }
        return path;
      }
    })
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
