/*
 * All that these scripts use of Dash: callbacks in the browser, component properties, navigation, and the beat.
 * Pages call `DashPage`; nothing else touches `dash_clientside`.
 */
const DashPage = (() => {
  "use strict";

  /**
   * Make functions available to clientside callbacks (dashboard/components/clientside.py). Dash and other
   * scripts may have made the namespaces before.
   * @param {Record<string, (...given: any[]) => unknown>} functions
   */
  const callbacks = (functions) => {
    window.dash_clientside ??= /** @type {any} */ ({});
    window.dash_clientside.spanmesh = { ...window.dash_clientside.spanmesh, ...functions };
  };

  /** Return what a callback returns to leave its output as it is. */
  const noUpdate = () => window.dash_clientside.no_update;

  /** Return the properties that triggered a callback. */
  const triggered = () => window.dash_clientside.callback_context.triggered;

  /** @param {string} id @param {Record<string, unknown>} properties */
  const setProps = (id, properties) => {
    // Before the first layout there is no store to set anything in.
    if (window.dash_clientside?.set_props && document.getElementById("page")) {
      window.dash_clientside.set_props(id, properties);
    }
  };

  /**
   * Go to an address of the dashboard without loading it anew, as dcc.Link does: there is no public call for it.
   * To set the properties of dcc.Location instead would change the URL only later, and could not replace it.
   * @param {string} address @param {{ replace?: boolean }} [options]
   */
  const navigate = (address, { replace = false } = {}) => {
    window.history[replace ? "replaceState" : "pushState"]({}, "", address);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  };

  /**
   * Change parameters of the URL; an empty value takes one out.
   * @param {Record<string, string | null | undefined>} changes @param {{ replace?: boolean }} [options]
   */
  const changeUrl = (changes, options) => {
    const search = Urls.changed(window.location.search, changes);
    if (search !== window.location.search) { navigate(window.location.pathname + search, options); }
  };

  /*
   * The beat of every page. The next comes a pace after the last answer, not after the last question: an answer
   * that another question has overtaken is never shown, and a slow collector would leave a page empty. A page
   * nobody looks at asks nothing. dcc.Interval cannot wait for answers, and Dash's hooks are not called for
   * requests that fail, so requests are counted where all of them pass: at `fetch`.
   */
  let asking = 0;
  let beats = 0;
  let rested = Date.now();
  let pace = Urls.pace("/");
  const fetched = window.fetch;

  const answered = () => {
    asking -= 1;
    rested = Date.now();
  };

  window.fetch = (what, ...options) => {
    const answer = fetched.call(window, what, ...options);
    if (String(what instanceof Request ? what.url : what).includes("_dash-update-component")) {
      asking += 1;
      answer.then(answered, answered);
    }
    return answer;
  };

  setInterval(() => {
    // Every 100 ms: the next beat comes at most that much later than its pace.
    if (document.hidden || asking || Date.now() - rested < pace) { return; }
    rested = Date.now();
    beats += 1;
    setProps("tick", { n_intervals: beats });
  }, 100);

  /** @param {number} milliseconds  between an answer and the next beat */
  const setPace = (milliseconds) => { pace = milliseconds; };

  return { callbacks, noUpdate, triggered, setProps, navigate, changeUrl, setPace };
})();
