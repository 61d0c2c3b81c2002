/* What must happen in the browser on every page: theme, zone and title. */
(function () {
  "use strict";
  var KEY = "spanmesh-theme";
  var LIVE = 2000, STILL = 10000;  // ms
  var pace = LIVE, beats = 0, asking = 0, rested = Date.now();
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
      /* The page changes: its title, its pace, and back to its top. */
      title: function (path) {
        // Live pages ask every two seconds; on others it is enough to see that the collector is there.
        pace = /^\/(traces\/?|balancing\/?)?$/.test(path || "/") ? LIVE : STILL;
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

  /* The beat of every page. The next comes a pace after the last answer, not after the last question:
   * an answer that another question has overtaken is never shown, and a slow collector would leave a page
   * empty. A page nobody looks at asks nothing. */
  var fetched = window.fetch;

  function answered() { asking -= 1; rested = Date.now(); }

  window.fetch = function (what) {
    var answer = fetched.apply(window, arguments);
    if (String((what && what.url) || what).indexOf("_dash-update-component") >= 0) {
      asking += 1;
      answer.then(answered, answered);
    }
    return answer;
  };

  setInterval(function () {
    if (document.hidden || asking || Date.now() - rested < pace) { return; }
    rested = Date.now();
    beats += 1;
    tell("tick", { n_intervals: beats });
  }, 100);

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function (event) {
    try { if (localStorage.getItem(KEY)) { return; } } catch (e) { /* storage may be off */ }
    root.dataset.theme = event.matches ? "dark" : "light";
    tell("theme", { data: root.dataset.theme });
  });
})();
