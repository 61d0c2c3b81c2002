/* The stage switch by keyboard: the question takes the focus, Escape takes it back, Enter goes on. */
(function () {
  "use strict";
  function at(id) { return document.getElementById(id); }
  function press(id) { var button = at(id); if (button) { button.click(); } }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.spanmesh = Object.assign(window.dash_clientside.spanmesh || {}, {
    /* ``hidden`` is the question's; the focus that was in it goes back to the button that asked. */
    question: function (hidden) {
      var dialog = at("stage-dialog");
      if (dialog && !hidden) {
        window.requestAnimationFrame(function () { at("stage-confirm").focus(); });
      } else if (dialog && (dialog.contains(document.activeElement) || document.activeElement === document.body)) {
        at("stage-ask").focus();
      }
      return !hidden;
    }
  });

  document.addEventListener("keydown", function (event) {
    var dialog = at("stage-dialog");
    if (!dialog || !event.target.closest) { return; }
    if (event.key === "Escape" && !dialog.hidden && event.target.closest(".stage-switch")) {
      press("stage-cancel");
    } else if (event.key === "Enter" && event.target.id === "stage-percent") {
      press("stage-ask");
    } else if (event.key === "Enter" && event.target.id === "stage-by") {
      press("stage-confirm");
    }
  });
})();
