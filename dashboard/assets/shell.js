/* The browser's part of every page: theme, time zone, title and pace. */
(() => {
  "use strict";
  const KEY = "spanmesh-theme";
  const root = document.documentElement;

  DashPage.callbacks({
    /** @param {number | null} clicks */
    theme: (clicks) => {
      if (clicks) {
        root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
        try { localStorage.setItem(KEY, root.dataset.theme); } catch { /* storage may be off */ }
      }
      return root.dataset.theme;
    },
    // The name, as the offset of now is not that of every moment.
    zone: () => Intl.DateTimeFormat().resolvedOptions().timeZone || -new Date().getTimezoneOffset(),
    /** @param {string | null} path */
    title: (path) => {
      document.title = Urls.title(path);
      DashPage.setPace(Urls.pace(path));
      const main = document.getElementById("page");
      if (main) { main.scrollTop = 0; }
      return path;
    }
  });

  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    try { if (localStorage.getItem(KEY)) { return; } } catch { /* storage may be off */ }
    root.dataset.theme = event.matches ? "dark" : "light";
    DashPage.setProps("theme", { data: root.dataset.theme });
  });
})();
