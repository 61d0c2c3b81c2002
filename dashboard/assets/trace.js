/* The trace page: keeps its place in the URL, and acts on keys and buttons. */
(() => {
  "use strict";
  const TABS = ["waterfall", "flame", "spans", "logs", "graph", "statistics"];

  /** The trace on the page and how it is looked at; ``at`` is the place in ``hits``, what a search of it found.
   * @type {any} */
  let now = null;

  const parameters = () => new URLSearchParams(window.location.search);

  const actions = {
    /** Open a span's details; a second choice of it closes them. @param {number} row */
    open: (row) => {
      const id = now.trace.ids[row];
      DashPage.changeUrl({ span: id === parameters().get("span") ? "" : id });
    },
    zoomed: () => {
      const { from, to } = now.waterfall;
      const whole = from <= 0 && to >= now.trace.duration;
      DashPage.changeUrl({ zoom: whole ? "" : `${Math.round(from)}-${Math.round(to)}` });
    }
  };

  /** @param {any} trace */
  const begin = (trace) => {
    now = {
      trace, hits: [], at: -1, shown: "", span: null, zoom: null,
      row: new Map(trace.ids.map((/** @type {string} */ id, /** @type {number} */ at) => [id, at]))
    };
    now.waterfall = new Waterfall(trace, actions);
  };

  /** @param {string} tab @param {string} sort  a column of the table of spans */
  const show = (tab, sort) => {
    for (const each of TABS) {
      Dom.byId(`view-${each}`).hidden = each !== tab;
      const button = Dom.byId(`tab-${each}`);
      button.setAttribute("aria-selected", String(each === tab));
      button.tabIndex = each === tab ? 0 : -1;
    }
    /** @type {HTMLElement} */ (document.querySelector(".trace-bar")).dataset.tab = tab;
    // Views are made when they are first opened: a hidden element has no size to draw in.
    if (tab === "flame") { now.flame ??= new FlameGraph(now.trace); }
    if (tab === "spans") {
      if (!now.table) {
        now.table = new SpanTable(now.trace, actions);
        now.table.hits = now.waterfall.hits;
      }
      if (now.sorted !== (sort || "length")) {
        now.sorted = sort || "length";
        now.table.sort(now.sorted);
      }
    }
    if (tab === "waterfall") { now.waterfall.rows.paintSoon(); }
  };

  const followUrl = () => {
    const zoom = parameters().get("zoom") || "";
    const span = parameters().get("span") || "";
    const row = now.row.get(span) ?? -1;
    if (span !== now.span) {
      now.span = span;
      Dom.byId("trace-body").classList.toggle("with-details", Boolean(span));
      now.waterfall.choose(row);
    }
    now.table?.choose(row);
    if (zoom !== now.zoom) {
      now.zoom = zoom;
      now.waterfall.zoom(...Urls.zoomRange(zoom, now.trace.duration));
    }
  };

  /** Choose another row of the list that is shown. @param {number} by */
  const step = (by) => {
    const { waterfall, table } = now;
    if (table && parameters().get("tab") === "spans") {
      const to = table.order.indexOf(table.chosen) + by;
      table.choose(table.order[Math.max(0, Math.min(table.order.length - 1, to))]);
      waterfall.chosen = table.chosen;
      return;
    }
    const at = waterfall.place.get(waterfall.chosen);
    const to = at === undefined ? 0 : at + by;
    waterfall.choose(waterfall.order[Math.max(0, Math.min(waterfall.order.length - 1, to))]);
  };

  const showHits = () => {
    const { hits, at, text, problem } = now;
    const found = hits.length ? (at < 0 ? "" : `${at + 1} of `) + Format.counted(hits.length, "span") : "no span";
    Dom.byId("trace-found").textContent = text ? problem || found : "";
  };

  /** Choose another row that the search of the trace found. @param {number} by */
  const stepHit = (by) => {
    if (!now.hits.length) { return; }
    // The length is added because % of a negative number is negative in JavaScript.
    now.at = (now.at + by + now.hits.length) % now.hits.length;
    now.waterfall.choose(now.hits[now.at]);
    now.table?.choose(now.hits[now.at]);
    showHits();
  };

  const nextCritical = () => {
    const order = now.trace.path.map((/** @type {number[]} */ [row]) => row);
    now.waterfall.choose(order[(order.indexOf(now.waterfall.chosen) + 1) % order.length]);
  };

  /** Close or open the chosen row; closing what is closed already leads to its caller. @param {boolean} close */
  const fold = (close) => {
    const { waterfall, trace } = now;
    const row = waterfall.chosen;
    if (row < 0) { return; }
    if (close && (waterfall.closed.has(row) || !waterfall.hasBelow(row))) {
      waterfall.choose(TraceLayout.callerOf(trace.depth, row));
    } else {
      waterfall.toggle(row, close);
    }
  };

  /** @param {number} factor  of the time that is shown */
  const zoomBy = (factor) => {
    const { waterfall, trace } = now;
    const row = waterfall.chosen;
    const { from, to } = waterfall;
    // Around the chosen span, if there is one.
    const middle = row >= 0 ? trace.begin[row] + trace.length[row] / 2 : (from + to) / 2;
    const half = (to - from) / 2 * factor;
    waterfall.zoom(middle - half, middle + half);
    actions.zoomed();
  };

  /** What buttons do, by their ``data-does``. @type {Record<string, () => void>} */
  const does = {
    next: () => { stepHit(1); },
    previous: () => { stepHit(-1); },
    collapse: () => { now.waterfall.toggleAll(true); },
    expand: () => { now.waterfall.toggleAll(false); },
    whole: () => { DashPage.changeUrl({ zoom: "" }); },
    close: () => { DashPage.changeUrl({ span: "" }); }
  };

  /** @type {Record<string, () => void>} */
  const keys = {
    j: () => { step(1); }, k: () => { step(-1); },
    "[": () => { fold(true); }, "]": () => { fold(false); },
    "{": does.collapse, "}": does.expand, n: does.next, p: does.previous, N: does.previous,
    c: nextCritical, "+": () => { zoomBy(0.5); }, "-": () => { zoomBy(2); }, 0: does.whole,
    "/": () => { Dom.byId("trace-find").focus(); },
    Escape: does.close
  };
  /** Only where the rows have the focus: elsewhere these keys scroll, and press buttons.
   * @type {Record<string, () => void>} */
  const keysInRows = {
    ArrowDown: keys.j, ArrowUp: keys.k, ArrowLeft: keys["["], ArrowRight: keys["]"],
    PageDown: () => { step(10); }, PageUp: () => { step(-10); },
    Home: () => { step(-1e9); }, End: () => { step(1e9); }
  };

  const isHere = () => now && document.getElementById("trace-rows");

  /** @param {HTMLElement} tab @param {boolean} forward */
  const stepTab = (tab, forward) => {
    const at = TABS.indexOf(tab.dataset.tab ?? "") + (forward ? 1 : TABS.length - 1);
    const next = TABS[at % TABS.length];
    Dom.byId(`tab-${next}`).focus();
    DashPage.changeUrl({ tab: next, sort: "", after: "" });
  };

  document.addEventListener("keydown", (event) => {
    if (!isHere() || event.ctrlKey || event.metaKey || event.altKey) { return; }
    const tab = Dom.around(event, "[role=tab]");
    if (tab && /^Arrow(Left|Right)$/.test(event.key)) {
      stepTab(/** @type {HTMLElement} */ (event.target), event.key === "ArrowRight");
      return;
    }
    if (Dom.around(event, "input, textarea, select, [contenteditable]")) {
      // Letters are text here; Escape gives the keys back to the page.
      if (event.key === "Escape") { /** @type {HTMLElement} */ (event.target).blur(); }
      return;
    }
    const rows = Dom.around(event, ".rows-box");
    // Enter on a link or a button must do what the link or the button does.
    const opens = event.key === "Enter" && now.waterfall.chosen >= 0 &&
      (rows || !Dom.around(event, "a, button, summary"));
    const act = opens
      ? () => { actions.open(now.waterfall.chosen); }
      : keys[event.key] || (rows && keysInRows[event.key]);
    if (act) {
      event.preventDefault();
      act();
    }
  });

  document.addEventListener("click", (event) => {
    const button = Dom.around(event, "[data-tab], [data-sort], [data-by], [data-level], [data-does]");
    if (!button || !isHere()) { return; }
    const { tab, sort, by, level } = button.dataset;
    if (tab && button.id) { DashPage.changeUrl({ tab: tab === "waterfall" ? "" : tab, sort: "", after: "" }); }
    if (sort) { DashPage.changeUrl({ sort }); }
    if (by) { DashPage.changeUrl({ by }); }
    if (level !== undefined) { DashPage.changeUrl({ level, after: "" }); }
    does[button.dataset.does ?? ""]?.();
  });

  DashPage.callbacks({
    /** Draw a trace that came, and follow the URL; the server's parts change only when they have to.
     * @param {any} trace */
    openTrace: (trace) => {
      const same = DashPage.noUpdate();
      const whole = document.getElementById("trace-whole");
      if (whole) { whole.hidden = !trace; }
      if (!trace || !whole) {
        now = null;
        return [same, same];
      }
      // Dash passes the same object until the server sends another trace; a change of the URL keeps it.
      if (now?.trace !== trace) { begin(trace); }
      const given = parameters();
      const wanted = given.get("tab") ?? "";
      const tab = TABS.includes(wanted) ? wanted : "waterfall";
      const shown = { tab, sort: given.get("sort") || "", by: given.get("by") || "service" };
      const inLogs = ["level", "find", "after"].map((key) => [key, (tab === "logs" && given.get(key)) || ""]);
      const view = { ...shown, ...Object.fromEntries(inLogs) };
      const before = now.span;
      show(tab, shown.sort);
      followUrl();
      const result = [JSON.stringify(view) === now.shown ? same : view, before === now.span ? same : now.span];
      now.shown = JSON.stringify(view);
      return result;
    },
    /** Mark the rows of spans with logs, once the counts are there. @param {any} logs */
    markLogs: (logs) => {
      if (isHere() && logs) {
        now.waterfall.logs = logs.rows;
        now.waterfall.rows.paint(true);
        Dom.byId("tab-logs").textContent = `Logs${logs.total === null ? "" : ` ${logs.total}`}`;
      }
      return DashPage.noUpdate();
    },
    /** @param {{ rows: number[], text: string, problem: string } | null} found */
    markFound: (found) => {
      if (isHere() && found) {
        Object.assign(now, { hits: found.rows, text: found.text, problem: found.problem, at: -1 });
        now.waterfall.hits = new Set(found.rows);
        now.waterfall.rows.paint(true);
        now.table?.mark(now.waterfall.hits);
        if ((parameters().get("find") || "") !== found.text) {
          DashPage.changeUrl({ find: found.text, after: "" });
        }
        if (found.rows.length && !parameters().get("span")) { stepHit(1); } else { showHits(); }
      }
      return DashPage.noUpdate();
    }
  });
})();
