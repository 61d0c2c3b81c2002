/* The stage switch by keyboard: the question takes the focus, Escape takes it back, Enter goes on. */
(() => {
  "use strict";

  DashPage.callbacks({
    /**
     * Focus the question, or the button that asked when the question with the focus in it was hidden.
     * @param {boolean} hidden  whether the question is
     */
    question: (hidden) => {
      const dialog = document.getElementById("stage-dialog");
      if (dialog && !hidden) {
        window.requestAnimationFrame(() => { Dom.byId("stage-confirm").focus(); });
      } else if (dialog?.contains(document.activeElement) || (dialog && document.activeElement === document.body)) {
        Dom.byId("stage-ask").focus();
      }
      return !hidden;
    }
  });

  document.addEventListener("keydown", (event) => {
    const dialog = document.getElementById("stage-dialog");
    const { id } = /** @type {HTMLElement} */ (event.target);
    if (!dialog) { return; }
    if (event.key === "Escape" && !dialog.hidden && Dom.around(event, ".stage-switch")) {
      document.getElementById("stage-cancel")?.click();
    } else if (event.key === "Enter" && id === "stage-percent") {
      document.getElementById("stage-ask")?.click();
    } else if (event.key === "Enter" && id === "stage-by") {
      document.getElementById("stage-confirm")?.click();
    }
  });
})();
