/* Draws what pages send as one component (dashboard/pages/plain.py), and keeps what stays as it is. */
(function () {
  "use strict";
  var KEY = "data-plain";

  function dress(element, wanted) {
    Array.from(element.attributes).forEach(function (each) {
      if (!(each.name in wanted)) { element.removeAttribute(each.name); }
    });
    Object.keys(wanted).forEach(function (name) {
      var value = wanted[name];
      if (name === "style") {
        element.removeAttribute("style");
        Object.assign(element.style, value);
      } else if (name !== "href" || /^(https?:\/\/|[\/?#])/.test(value)) {
        value = value === true ? "" : String(value);
        if (element.getAttribute(name) !== value) { element.setAttribute(name, value); }
      }
    });
  }

  function node(have, wanted) {
    if (typeof wanted === "string") {
      if (!have || have.nodeType !== Node.TEXT_NODE) { return document.createTextNode(wanted); }
      if (have.data !== wanted) { have.data = wanted; }
      return have;
    }
    var element = have && have.nodeName.toLowerCase() === wanted[0] ? have : document.createElement(wanted[0]);
    dress(element, wanted[1]);
    fill(element, wanted[2]);
    return element;
  }

  function fill(parent, wanted) {
    wanted.forEach(function (each, at) {
      var have = parent.childNodes[at], made = node(have, each);
      if (!have) { parent.appendChild(made); } else if (made !== have) { parent.replaceChild(made, have); }
    });
    while (parent.childNodes.length > wanted.length) { parent.lastChild.remove(); }
  }

  function draw(root) {
    var text = root.getAttribute(KEY);
    if (text !== null) {
      fill(root, JSON.parse(text));
      root.spanmeshPlain = Array.from(root.childNodes);
    } else {  // the element has become one of the library's: what was drawn here goes
      (root.spanmeshPlain || []).forEach(function (each) {
        if (each.parentNode === root) { each.remove(); }
      });
    }
  }

  new MutationObserver(function (changes) {
    changes.forEach(function (change) {
      if (change.type === "attributes") { draw(change.target); return; }
      change.addedNodes.forEach(function (each) {
        if (each.nodeType !== Node.ELEMENT_NODE) { return; }
        if (each.hasAttribute(KEY)) { draw(each); }
        each.querySelectorAll("[" + KEY + "]").forEach(draw);
      });
    });
  }).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: [KEY] });

  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-link]");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) { return; }
    event.preventDefault();
    window.history.pushState({}, "", link.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  });
})();
