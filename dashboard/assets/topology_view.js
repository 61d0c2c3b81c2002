/* The controls around the graph: what they say goes into the URL, and what the URL says into them. */
(function () {
  "use strict";
  var TYPING = 180;  // milliseconds without a key before an expression is asked for
  var USUAL = { hops: "1", way: "both", label: "both", group: "", warn: "99.5", bad: "95", slow: "0", span: "60",
                compare: "0", than_span: "0", find: "", hide: "", focus: "" };
  var TYPED = ["find", "hide", "focus", "warn", "bad", "slow"];
  var COLOURS = "spanmesh-graph-colours";
  var space = window.spanmesh = window.spanmesh || {};
  var fields = { numbers: [], words: [], flags: [] };
  var waiting = null, playing = null;

  var by = function (id) { return document.getElementById(id); };
  var given = function (key) { return new URLSearchParams(window.location.search).get(key); };
  var now = function () { return Math.floor(Date.now() / 1000); };

  function put(key, value) {
    var change = {};
    change[key] = value === USUAL[key] ? "" : value;
    space.go(change, TYPED.indexOf(key) >= 0);
    if (["warn", "bad", "slow"].indexOf(key) >= 0) { keep(); }
  }

  /* Colours are a matter of the reader: kept in the browser, and in the URL for those it is sent to. */
  function keep() {
    var kept = {};
    ["warn", "bad", "slow"].forEach(function (key) { if (given(key)) { kept[key] = given(key); } });
    try { localStorage.setItem(COLOURS, JSON.stringify(kept)); } catch (e) { /* storage may be off */ }
  }

  function recall() {
    if (["warn", "bad", "slow"].some(given)) { return; }
    try { space.go(JSON.parse(localStorage.getItem(COLOURS) || "{}"), true); } catch (e) { /* as usual then */ }
  }

  function clock(seconds) {
    var date = new Date(seconds * 1000), today = new Date().toDateString() === date.toDateString();
    return (today ? "" : date.toLocaleDateString(undefined, { month: "short", day: "numeric" }) + " ") +
      date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  }

  /* A moment as the box for it takes it: local time without a zone. */
  function local(seconds) {
    var date = new Date(seconds * 1000);
    return new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
  }

  /* The window to compare with: so much earlier, or one that ends when it is said. */
  function showThan() {
    var than = Number(given("than") || 0), box = by("time-than");
    document.querySelector(".graph").classList.toggle("compared", Boolean(than || given("compare")));
    document.querySelector(".graph").classList.toggle("than", Boolean(than));
    if (!than) { return; }
    by("view-compare").value = "at";
    box.max = local(now());
    if (document.activeElement !== box && box.value !== local(than)) {
      box.value = local(than);
    }
    var span = Number(given("than_span")) || Number(given("span") || 60);
    by("time-shown").textContent += " against " + clock(than - span) + " – " + clock(than);
  }

  function compareWith(value) {
    var at = Number(given("at")) || now(), than = at - Math.max(3600, Number(given("span") || 60));
    space.go(value === "at" ? { than: String(than), compare: "" }
                            : { than: "", compare: value === "0" ? "" : value,
                                than_span: value === "0" ? "" : given("than_span") });
  }

  function showTime() {
    var at = Number(given("at") || 0), span = Number(given("span") || 60), slider = by("time-slider");
    if (!slider) { return; }
    by("time-live").setAttribute("aria-pressed", at ? "false" : "true");
    by("time-shown").textContent = at ? clock(at - span) + " – " + clock(at) : "live";
    var reach = by("time-reach");
    if (at) {
      Array.prototype.some.call(reach.options, function (option) {
        if (Number(option.value) >= now() - at && Number(reach.value) < Number(option.value)) {
          reach.value = option.value;
        }
        return Number(reach.value) >= now() - at;
      });
    }
    slider.max = reach.value;
    if (document.activeElement !== slider || !at) { slider.value = Number(reach.value) - (at ? now() - at : 0); }
    slider.setAttribute("aria-valuetext", by("time-shown").textContent);
  }

  function setBox(id, value) {
    var box = by(id);
    if (box && document.activeElement !== box && box.value !== value) {
      window.dash_clientside.set_props(id, { value: value });
    }
  }

  /* Called with every change of the URL. */
  function steer(search, known) {
    if (known) { fields = known; }
    if (!by("view-label")) { return window.dash_clientside.no_update; }
    if (window.dash_clientside.callback_context.triggered.length !== 1) { recall(); }
    Object.keys(USUAL).forEach(function (key) {
      var value = given(key);
      value = value === null ? USUAL[key] : value;
      if (TYPED.indexOf(key) >= 0) { setBox("view-" + key, value); return; }
      var select = by("view-" + key);
      if (!Array.prototype.some.call(select.options, function (one) { return one.value === value; })) {
        value = key in { span: 1, compare: 1, than_span: 1 } && /^\d+$/.test(value) ? add(select, value) : USUAL[key];
      }
      select.value = value;
    });
    var card = document.querySelector(".graph");
    card.classList.toggle("focused", Boolean(given("focus")));
    card.classList.toggle("past", Boolean(given("at")));
    by("view-idle").setAttribute("aria-pressed", given("idle") === "0" ? "false" : "true");
    showTime();
    showThan();
    return window.dash_clientside.no_update;
  }

  function add(select, seconds) {
    select.add(new Option(seconds + " s", seconds));
    return seconds;
  }

  /* Replay: the next frame when the last is drawn, at most one a second. */
  function stop() {
    clearInterval(playing);
    playing = null;
    if (by("time-play")) { by("time-play").textContent = "▶"; by("time-play").setAttribute("aria-label", "Replay"); }
  }

  function frame() {
    if (!by("time-play")) { stop(); return; }
    if (by("graph-summary").dataset.dashIsLoading) { return; }
    var next = Number(given("at")) + Number(by("time-frame").value);
    if (next >= now() - 3) { stop(); space.go({ at: "" }, true); return; }
    space.go({ at: String(next) }, true);
  }

  function play() {
    if (playing) { stop(); return; }
    if (!given("at")) { space.go({ at: String(now() - Number(by("time-reach").value)) }); }
    by("time-play").textContent = "⏸";
    by("time-play").setAttribute("aria-label", "Stop the replay");
    playing = setInterval(frame, 1000);
  }

  function slide(value) {
    var back = Number(by("time-reach").value) - Number(value);
    space.go({ at: back < 5 ? "" : String(Math.round((now() - back) / 10) * 10) }, true);
  }

  /* Completions of the word before the cursor. */
  function choices(box) {
    var before = box.value.slice(0, box.selectionStart), word = /[a-z0-9]*$/i.exec(before)[0].toLowerCase();
    var left = before.slice(0, before.length - word.length).trim();
    if (/(=|<|>|~)$/.test(left) || !word && left && !/(and|or|not|&&|\|\||!|\()$/i.test(left)) {
      return { word: word, list: [] };
    }
    var every = fields.numbers.map(function (name) { return [name, name + " > "]; })
      .concat(fields.words.map(function (name) { return [name, name + " ~ "]; }))
      .concat(fields.flags.map(function (name) { return [name, name + " "]; }));
    return { word: word, list: every.filter(function (one) {
      return one[0].indexOf(word) === 0 && one[0] !== word; }).sort() };
  }

  function complete(box) {
    var list = by("complete-" + box.id.slice(5)), found = choices(box).list;
    list.replaceChildren.apply(list, found.map(function (one, at) {
      var item = document.createElement("li");
      item.textContent = one[1].trim();
      item.id = list.id + "-" + at;
      item.dataset.text = one[1];
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      return item;
    }));
    list.hidden = !found.length;
    box.setAttribute("aria-expanded", String(!list.hidden));
    box.setAttribute("aria-controls", list.id);
    box.removeAttribute("aria-activedescendant");
  }

  function take(box, item) {
    var at = box.selectionStart, word = choices(box).word, text = item.dataset.text;
    var value = box.value.slice(0, at - word.length) + text + box.value.slice(at);
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, value);
    var cursor = at - word.length + text.length;
    box.setSelectionRange(cursor, cursor);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function close(box) {
    var list = by("complete-" + box.id.slice(5));
    if (list) { list.hidden = true; box.setAttribute("aria-expanded", "false"); }
  }

  function inList(event, box, list) {
    var items = Array.prototype.slice.call(list.children);
    var at = items.findIndex(function (item) { return item.getAttribute("aria-selected") === "true"; });
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      var next = (at + (event.key === "ArrowDown" ? 1 : items.length - (at < 0 ? 0 : 1))) % items.length;
      items.forEach(function (item, n) { item.setAttribute("aria-selected", String(n === next)); });
      items[next].scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", items[next].id);
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
      take(box, items[at]);
      event.preventDefault();
    } else if (event.key === "Escape" || event.key === "Enter") {
      close(box);
    }
  }

  var isBox = function (target) { return target.id === "view-find" || target.id === "view-hide"; };

  document.addEventListener("input", function (event) {
    var id = event.target.id || "", key = id.slice(5);
    if (id === "time-slider") { slide(event.target.value); }
    if (id.indexOf("view-") !== 0 || TYPED.indexOf(key) < 0) { return; }
    if (isBox(event.target)) { complete(event.target); }
    clearTimeout(waiting);
    waiting = setTimeout(function () { put(key, event.target.value); }, TYPING);
  });
  document.addEventListener("change", function (event) {
    var id = event.target.id || "", key = id.slice(5);
    if (id === "time-reach") { showTime(); }
    if (id === "time-than" && event.target.value) {
      var than = Math.floor(new Date(event.target.value).getTime() / 1000);
      if (than > 0) { space.go({ than: String(Math.min(than, now())), compare: "" }); }
    }
    if (id === "view-compare") { compareWith(event.target.value); return; }
    if (id.indexOf("view-") === 0 && event.target.tagName === "SELECT") { put(key, event.target.value); }
  });
  document.addEventListener("keydown", function (event) {
    var target = event.target;
    if (!isBox(target)) { return; }
    var list = by("complete-" + target.id.slice(5));
    if (list && !list.hidden && list.children.length) { inList(event, target, list); }
  });
  document.addEventListener("mousedown", function (event) {
    var item = event.target.closest && event.target.closest(".completions li");
    if (item) { take(by("view-" + item.parentNode.id.slice(9)), item); event.preventDefault(); }
  });
  document.addEventListener("focusout", function (event) { if (isBox(event.target)) { close(event.target); } });
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("button");
    document.querySelectorAll(".graph details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.open = false; }
    });
    if (!button) { return; }
    if (button.id === "view-idle") { space.go({ idle: given("idle") === "0" ? "" : "0" }); }
    if (button.id === "view-colours-usual") { space.go({ warn: "", bad: "", slow: "" }); keep(); }
    if (button.id === "time-live") { stop(); space.go({ at: "" }); }
    if (button.id === "time-play") { play(); }
  });

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.spanmesh = Object.assign({}, window.dash_clientside.spanmesh, { steer: steer });
})();
