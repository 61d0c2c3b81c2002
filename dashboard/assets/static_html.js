/*
 * Draws the HTML that pages send as text (dashboard/components/static_html.py says why), changing only what
 * differs from what is there: focus, selection and scroll positions stay.
 */
(() => {
  "use strict";
  const KEY = "data-static-html";

  /** @typedef {string | [string, Record<string, any>, Tree[]]} Tree  text, or tag, attributes and children */

  /** What was drawn into each element. @type {WeakMap<Element, ChildNode[]>} */
  const drawn = new WeakMap();

  /** @param {HTMLElement} element @param {Record<string, any>} attributes */
  const dress = (element, attributes) => {
    for (const { name } of Array.from(element.attributes)) {
      if (!(name in attributes)) { element.removeAttribute(name); }
    }
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "style") {
        element.removeAttribute("style");
        Object.assign(element.style, value);
      } else if (name !== "href" || Urls.isSafe(value)) {
        const text = value === true ? "" : String(value);
        // Compared first: setting an attribute, even to the same value, makes the browser compute styles
        // anew.
        if (element.getAttribute(name) !== text) { element.setAttribute(name, text); }
      }
    }
  };

  /** Return the node that shows a tree: the one that is there, changed, or a new one.
   * @param {ChildNode | undefined} there @param {Tree} tree @returns {ChildNode} */
  const node = (there, tree) => {
    if (typeof tree === "string") {
      if (!(there instanceof Text)) { return document.createTextNode(tree); }
      if (there.data !== tree) { there.data = tree; }
      return there;
    }
    const [tag, attributes, children] = tree;
    const keeps = there instanceof HTMLElement && there.nodeName.toLowerCase() === tag;
    const element = keeps ? there : document.createElement(tag);
    dress(element, attributes);
    fill(element, children);
    return element;
  };

  /** @param {Element} parent @param {Tree[]} trees */
  const fill = (parent, trees) => {
    trees.forEach((tree, at) => {
      const there = parent.childNodes[at];
      const made = node(there, tree);
      if (!there) { parent.appendChild(made); } else if (made !== there) { parent.replaceChild(made, there); }
    });
    // What is left over from a longer list.
    while (parent.childNodes.length > trees.length) { parent.lastChild?.remove(); }
  };

  /** @param {Element} root */
  const draw = (root) => {
    const text = root.getAttribute(KEY);
    if (text !== null) {
      fill(root, JSON.parse(text));
      drawn.set(root, Array.from(root.childNodes));
    } else {  // React made it an element of its own: what was drawn here goes
      for (const each of drawn.get(root) ?? []) {
        if (each.parentNode === root) { each.remove(); }
      }
    }
  };

  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") {
        draw(/** @type {Element} */ (target));
        continue;
      }
      for (const each of addedNodes) {
        if (!(each instanceof Element)) { continue; }
        // React adds whole subtrees at once: the element itself, or ones deep inside it.
        if (each.hasAttribute(KEY)) { draw(each); }
        each.querySelectorAll(`[${KEY}]`).forEach(draw);
      }
    }
  }).observe(document.documentElement, { subtree: true, childList: true, attributeFilter: [KEY] });

  // What dcc.Link does for links that are components.
  document.addEventListener("click", (event) => {
    const link = Dom.around(event, "a[data-link]");
    // A new tab or window, or another button: the browser's own way of following a link.
    const elsewhere = event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!link || elsewhere) { return; }
    event.preventDefault();
    DashPage.navigate(link.getAttribute("href") ?? "/");
  });
})();
