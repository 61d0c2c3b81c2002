/* The trace page: keeps its place in the URL, and acts on keys and buttons. */
(function () {
  "use strict";
  var kit = window.spanmeshTrace;
  var TABS = ["waterfall", "flame", "spans", "logs", "graph", "statistics"];
  var now = null;  // of the trace on the page

  function place() { return new URLSearchParams(window.location.search); }

  /* Writes what is given into the URL; empty values are left out. */
  function go(given) {
    var query = place();
    Object.keys(given).forEach(function (key) {
      if (given[key]) { query.set(key, given[key]); } else { query.delete(key); }
    });
    var text = query.toString();
    window.dash_clientside.set_props("url", { search: text ? "?" + text : "" });
  }

  var act = {
    /* A second choice of the chosen span closes its details. */
    open: function (row) {
      var id = now.data.ids[row];
      go({ span: id === place().get("span") ? "" : id });
    },
    zoomed: function () {
      var view = now.waterfall, whole = view.from <= 0 && view.to >= now.data.duration;
      go({ zoom: whole ? "" : Math.round(view.from) + "-" + Math.round(view.to) });
    }
  };

  function begin(data) {
    now = { data: data, hits: [], at: -1, placed: "", span: null, zoom: null,
            row: new Map(data.ids.map(function (id, at) { return [id, at]; })) };
    now.waterfall = new kit.Waterfall(data, act);
  }

  function show(tab, sort) {
    TABS.forEach(function (each) {
      document.getElementById("view-" + each).hidden = each !== tab;
      var button = document.getElementById("tab-" + each);
      button.setAttribute("aria-selected", each === tab);
      button.tabIndex = each === tab ? 0 : -1;
    });
    document.querySelector(".trace-bar").dataset.tab = tab;
    if (tab === "flame" && !now.flame) { now.flame = new kit.Flame(now.data); }
    if (tab === "spans") {
      if (!now.table) {
        now.table = new kit.SpanTable(now.data, act);
        now.table.hits = now.waterfall.hits;
      }
      if (now.sorted !== (sort || "length")) {
        now.sorted = sort || "length";
        now.table.sort(now.sorted);
      }
    }
    if (tab === "waterfall") { now.waterfall.rows.soon(); }
  }

  function follow() {
    var query = place(), zoom = query.get("zoom") || "", span = query.get("span") || "";
    var row = now.row.has(span) ? now.row.get(span) : -1;
    if (span !== now.span) {
      now.span = span;
      document.getElementById("trace-body").classList.toggle("with-details", Boolean(span));
      now.waterfall.choose(row);
    }
    if (now.table) { now.table.choose(row); }
    if (zoom !== now.zoom) {
      now.zoom = zoom;
      var ends = /^(\d{1,15})-(\d{1,15})$/.exec(zoom);
      now.waterfall.zoom(ends ? Number(ends[1]) : 0, ends ? Number(ends[2]) : now.data.duration);
    }
  }

  function step(by) {
    var view = now.waterfall, at = view.place.has(view.chosen) ? view.place.get(view.chosen) + by : 0;
    if (now.table && place().get("tab") === "spans") {
      at = Math.max(0, Math.min(now.table.order.length - 1, now.table.order.indexOf(now.table.chosen) + by));
      now.table.choose(now.table.order[at]);
      view.chosen = now.table.chosen;
      return;
    }
    view.choose(view.order[Math.max(0, Math.min(view.order.length - 1, at))]);
  }

  function hit(by) {
    if (!now.hits.length) { return; }
    now.at = (now.at + by + now.hits.length) % now.hits.length;
    now.waterfall.choose(now.hits[now.at]);
    if (now.table) { now.table.choose(now.hits[now.at]); }
    said();
  }

  function said() {
    var many = now.hits.length, text = now.text;
    document.getElementById("trace-found").textContent = !text ? "" : now.problem || (many ?
      (now.at < 0 ? "" : (now.at + 1) + " of ") + many + (many === 1 ? " span" : " spans") : "no span");
  }

  function nextCritical() {
    var order = now.data.path.map(function (each) { return each[0]; });
    var at = order.indexOf(now.waterfall.chosen);
    now.waterfall.choose(order[(at + 1) % order.length]);
  }

  function fold(close) {
    var view = now.waterfall, row = view.chosen;
    if (row < 0) { return; }
    if (close && (view.closed.has(row) || !view.hasBelow(row))) {  // what is closed already leads to its caller
      var depth = now.data.depth[row];
      while (row > 0 && now.data.depth[row] >= depth) { row -= 1; }
      view.choose(row);
    } else {
      view.toggle(row, close);
    }
  }

  function zoomBy(factor) {
    var view = now.waterfall, row = view.chosen, data = now.data;
    var middle = row >= 0 ? data.begin[row] + data.length[row] / 2 : (view.from + view.to) / 2;
    var half = (view.to - view.from) / 2 * factor;
    view.zoom(middle - half, middle + half);
    act.zoomed();
  }

  var does = {
    next: function () { hit(1); },
    previous: function () { hit(-1); },
    collapse: function () { now.waterfall.toggleAll(true); },
    expand: function () { now.waterfall.toggleAll(false); },
    whole: function () { go({ zoom: "" }); },
    close: function () { go({ span: "" }); }
  };

  var keys = {
    j: function () { step(1); }, k: function () { step(-1); },
    "[": function () { fold(true); }, "]": function () { fold(false); },
    "{": does.collapse, "}": does.expand, n: does.next, p: does.previous, N: does.previous,
    c: nextCritical, "+": function () { zoomBy(0.5); }, "-": function () { zoomBy(2); }, "0": does.whole,
    "/": function () { document.getElementById("trace-find").focus(); },
    Escape: does.close
  };
  // Only where the rows have the focus: elsewhere these keys scroll, and press buttons.
  var inRows = {
    ArrowDown: keys.j, ArrowUp: keys.k, ArrowLeft: keys["["], ArrowRight: keys["]"],
    PageDown: function () { step(10); }, PageUp: function () { step(-10); },
    Home: function () { step(-1e9); }, End: function () { step(1e9); }
  };

  function isHere() { return now && document.getElementById("trace-rows"); }

  document.addEventListener("keydown", function (event) {
    var target = event.target;
    if (!isHere() || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (target.closest("[role=tab]") && /^Arrow(Left|Right)$/.test(event.key)) {
      var at = TABS.indexOf(target.dataset.tab) + (event.key === "ArrowRight" ? 1 : TABS.length - 1);
      document.getElementById("tab-" + TABS[at % TABS.length]).focus();
      go({ tab: TABS[at % TABS.length], sort: "", after: "" });
      return;
    }
    if (target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") { target.blur(); }
      return;
    }
    var rows = target.closest(".rows-box"), free = rows || !target.closest("a, button, summary");
    var key = keys[event.key] || (rows && inRows[event.key]);
    if (event.key === "Enter" && free && now.waterfall.chosen >= 0) {
      key = function () { act.open(now.waterfall.chosen); };
    }
    if (key) {
      event.preventDefault();
      key();
    }
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-tab], [data-sort], [data-by], [data-level], [data-does]");
    if (!button || !isHere()) { return; }
    var data = button.dataset;
    if (data.tab && button.id) { go({ tab: data.tab === "waterfall" ? "" : data.tab, sort: "", after: "" }); }
    if (data.sort) { go({ sort: data.sort }); }
    if (data.by) { go({ by: data.by }); }
    if (data.level !== undefined) { go({ level: data.level, after: "" }); }
    if (data.does && does[data.does]) { does[data.does](); }
  });

  Object.assign(window.dash_clientside.spanmesh, {
    /* Draws a trace that came, and follows the URL; what the server shows changes only when it has to. */
    openTrace: function (data) {
      var same = window.dash_clientside.no_update, whole = document.getElementById("trace-whole");
      if (whole) { whole.hidden = !data; }
      if (!data || !whole) {
        now = null;
        return [same, same];
      }
      if (!now || now.data !== data) { begin(data); }
      var query = place(), tab = TABS.indexOf(query.get("tab")) < 0 ? "waterfall" : query.get("tab");
      var shown = { tab: tab, sort: query.get("sort") || "", by: query.get("by") || "service" };
      ["level", "find", "after"].forEach(function (key) { shown[key] = tab === "logs" && query.get(key) || ""; });
      var placed = JSON.stringify(shown), before = now.span;
      show(tab, shown.sort);
      follow();
      var result = [placed === now.placed ? same : shown, before === now.span ? same : now.span];
      now.placed = placed;
      return result;
    },
    /* Marks the rows of spans with logs, once the counts are there. */
    markLogs: function (logs) {
      if (isHere() && logs) {
        now.waterfall.logs = logs.rows;
        now.waterfall.rows.paint(true);
        document.getElementById("tab-logs").textContent = "Logs" + (logs.total === null ? "" : " " + logs.total);
      }
      return window.dash_clientside.no_update;
    },
    markFound: function (found) {
      if (isHere() && found) {
        now.hits = found.rows;
        now.text = found.text;
        now.problem = found.problem;
        now.at = -1;
        now.waterfall.hits = new Set(found.rows);
        now.waterfall.rows.paint(true);
        if (now.table) { now.table.marked(now.waterfall.hits); }
        if ((place().get("find") || "") !== found.text) { go({ find: found.text, after: "" }); }
        if (found.rows.length && !place().get("span")) { hit(1); } else { said(); }
      }
      return window.dash_clientside.no_update;
    }
  });
})();
