/* What the URL says: parameters, pages and their pace. Pure. */
const Urls = (() => {
  "use strict";
  const LIVE_MS = 2000;
  const STILL_MS = 10000;

  /**
   * Return a query string with some parameters changed; an empty value takes one out.
   * @param {string} search @param {Record<string, string | null | undefined>} changes
   */
  const changed = (search, changes) => {
    const parameters = new URLSearchParams(search);
    for (const [key, value] of Object.entries(changes)) {
      if (value) { parameters.set(key, value); } else { parameters.delete(key); }
    }
    const text = parameters.toString();
    return text ? `?${text}` : "";
  };

  /** Return a query string with these parameters alone. @param {string} search @param {string[]} keys */
  const only = (search, keys) => {
    const given = new URLSearchParams(search);
    return changed("", Object.fromEntries(keys.map((key) => [key, given.get(key)])));
  };

  /** True for an address that a link may lead to; others could run a script. @param {string} href */
  const isSafe = (href) => /^(https?:\/\/|[/?#])/.test(href);

  /** @param {string | undefined} text  where not every % is an escape */
  const decoded = (text) => {
    try { return decodeURIComponent(text ?? ""); } catch { return text; }
  };

  /** Return the title of the page at a path. @param {string | null} path */
  const title = (path) => {
    const [, section, name] = (path || "/").split("/");
    const pages = new Map([
      ["", "Topology"], ["traces", name ? `Trace ${name.slice(0, 8)}` : "Traces"], ["balancing", "Balancing"],
      ["service", decoded(name)], ["compare", "Compare"], ["aggregate", "Many traces"], ["upload", "Open a file"]
    ]);
    return `${pages.get(section) || "Page not found"} · spanmesh`;
  };

  /**
   * Return the milliseconds between a page's updates. Live pages ask every two seconds; on others it is enough
   * to see that the collector is there.
   * @param {string | null} path
   */
  const pace = (path) => (/^\/(traces\/?|balancing\/?)?$/.test(path || "/") ? LIVE_MS : STILL_MS);

  /**
   * Return the range of a `zoom` parameter in microseconds, the whole trace where there is none.
   * @param {string} zoom @param {number} whole @returns {[number, number]}
   */
  const zoomRange = (zoom, whole) => {
    const ends = /^(\d{1,15})-(\d{1,15})$/.exec(zoom);
    return ends ? [Number(ends[1]), Number(ends[2])] : [0, whole];
  };

  return { changed, only, isSafe, title, pace, zoomRange };
})();
