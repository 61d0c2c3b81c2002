/* Completion at the fields of the search: asks when the reader writes, draws the list, takes the choice. */
(function () {
  "use strict";
  var FIELDS = ["find-q", "find-service", "find-operation", "find-tags"];
  var PAUSE_MS = 100;
  var asked = 0;
  var timer = null;
  var shown = null;  // {field, text, start, end, items, active}

  var list = function () { return document.getElementById("find-list"); };
  var isField = function (element) { return element && FIELDS.indexOf(element.id) >= 0; };

  function ask(field) {
    clearTimeout(timer);
    timer = setTimeout(function () {
      if (document.activeElement !== field) { return; }
      asked += 1;
      window.dash_clientside.set_props("find-ask", {
        data: { n: asked, field: field.id, text: field.value, cursor: field.selectionStart }
      });
    }, PAUSE_MS);
  }

  function close() {
    clearTimeout(timer);
    asked += 1;  // an answer on its way is of no use any more
    hide();
  }

  function hide() {
    var field = shown && document.getElementById(shown.field);
    shown = null;
    if (list()) { list().hidden = true; }
    if (field) {
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
    }
  }

  function mark(active) {
    shown.active = active;
    Array.prototype.forEach.call(list().children, function (option, at) {
      option.setAttribute("aria-selected", String(at === active));
      if (at === active) { option.scrollIntoView({ block: "nearest" }); }
    });
    var field = document.getElementById(shown.field);
    if (active < 0) { field.removeAttribute("aria-activedescendant"); }
    else { field.setAttribute("aria-activedescendant", "find-option-" + active); }
  }

  function option(item, at) {
    var row = document.createElement("li");
    row.id = "find-option-" + at;
    row.setAttribute("role", "option");
    var label = document.createElement("bdi");
    label.textContent = item[1];
    var detail = document.createElement("span");
    detail.textContent = item[2];
    row.append(label, detail);
    row.addEventListener("mousedown", function (event) { event.preventDefault(); take(at); });
    return row;
  }

  function draw(offers) {
    var field = document.getElementById(offers.field);
    if (!list() || !field || document.activeElement !== field) { close(); return; }
    if (field.value !== offers.text) { return; }  // more was written: that is asked next
    if (!offers.items.length) { hide(); return; }
    shown = Object.assign({ active: -1 }, offers);
    list().replaceChildren.apply(list(), offers.items.map(option));
    var frame = list().parentElement.getBoundingClientRect();
    var at = field.getBoundingClientRect();
    list().style.left = (at.left - frame.left) + "px";
    list().style.top = (at.bottom - frame.top + 4) + "px";
    list().style.minWidth = Math.min(at.width, 260) + "px";
    list().hidden = false;
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", "find-list");
    field.setAttribute("aria-expanded", "true");
  }

  function take(at) {
    var choice = shown;
    var field = document.getElementById(choice.field);
    var insert = choice.items[at][0];
    if (choice.field === "find-q" && !/[\s(]$/.test(insert)) { insert += " "; }
    close();
    if (field.value !== choice.text) { return; }  // written on since: the list was of what stood there before
    var set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    set.call(field, choice.text.slice(0, choice.start) + insert + choice.text.slice(choice.end).replace(/^ /, ""));
    field.setSelectionRange(choice.start + insert.length, choice.start + insert.length);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", function (event) { if (isField(event.target)) { ask(event.target); } });
  document.addEventListener("focusout", function (event) { if (isField(event.target)) { close(); } });
  /* Before the page's own listeners, so that Enter on an option does not search. */
  document.addEventListener("keydown", function (event) {
    if (!isField(event.target)) { return; }
    var key = event.key;
    if (!shown) {
      if (key === "ArrowDown" || (key === " " && event.ctrlKey)) { event.preventDefault(); ask(event.target); }
      else if (key === "Enter") { close(); }
      return;
    }
    var many = shown.items.length;
    if (key === "ArrowDown") { mark((shown.active + 1) % many); }
    else if (key === "ArrowUp") { mark(shown.active > 0 ? shown.active - 1 : many - 1); }
    else if (key === "Escape") { close(); }
    else if (key === "Enter" && shown.active >= 0) { take(shown.active); }
    else if (key === "Tab" && !event.shiftKey && (shown.active >= 0 || many === 1)) { take(Math.max(0, shown.active)); }
    else { if (key === "Enter") { close(); } return; }
    event.preventDefault();
    event.stopPropagation();
  }, true);

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.spanmesh = Object.assign(window.dash_clientside.spanmesh || {}, {
    offer: function (offers) {
      if (offers && offers.n === asked) { draw(offers); }
      return window.dash_clientside.no_update;
    }
  });
})();
