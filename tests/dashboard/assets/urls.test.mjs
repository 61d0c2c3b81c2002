import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "../../javascript/load.mjs";

const Urls = load("0-urls.js", "Urls");

test("parameters are set, and taken out by an empty value; the others stay", () => {
  assert.equal(Urls.changed("?a=1&b=2", { a: "", c: "x y" }), "?b=2&c=x+y");
  assert.equal(Urls.changed("?a=1", { a: null }), "");
  assert.equal(Urls.changed("", { a: undefined }), "");
});

test("hostile values survive the way into the URL and back", () => {
  const value = "a&b=c#d?e%zz<>\"";
  assert.equal(new URLSearchParams(Urls.changed("", { find: value })).get("find"), value);
});

test("only the parameters asked for are kept", () => {
  assert.equal(Urls.only("?node=a&find=x&to=b", ["node", "from", "to"]), "?node=a&to=b");
  assert.equal(Urls.only("?find=x", ["node"]), "");
});

test("a link leads to the web or to a page of ours and runs no script", () => {
  for (const href of ["https://a.b/", "http://a", "/traces", "?x=1", "#top"]) { assert.ok(Urls.isSafe(href), href); }
  for (const href of ["javascript:alert(1)", "data:text/html,x", " javascript:x", "vbscript:x"]) {
    assert.ok(!Urls.isSafe(href), href);
  }
});

test("every page has its title, whatever stands in its path", () => {
  const titles = {
    "/": "Topology", "/traces": "Traces", "/traces/4bf92f3577b34da6": "Trace 4bf92f35",
    "/service/a%20b": "a b", "/service/50%": "50%", "/balancing": "Balancing"
  };
  for (const [path, title] of Object.entries(titles)) { assert.equal(Urls.title(path), `${title} · spanmesh`); }
  assert.equal(Urls.title(null), "Topology · spanmesh");
  assert.equal(Urls.title("/constructor"), "Page not found · spanmesh");
});

test("live pages ask more often than others", () => {
  for (const path of ["/", "", null, "/traces", "/traces/", "/balancing"]) { assert.equal(Urls.pace(path), 2000); }
  for (const path of ["/traces/4bf9", "/service/a", "/compare"]) { assert.equal(Urls.pace(path), 10000); }
});

test("a zoom that is none shows the whole trace", () => {
  assert.deepEqual(Urls.zoomRange("100-250", 1000), [100, 250]);
  for (const zoom of ["", "5", "-5-7", "1-x", "1234567890123456-1"]) {
    assert.deepEqual(Urls.zoomRange(zoom, 1000), [0, 1000]);
  }
});
