// Loads scripts of dashboard/assets as a page does, one after the other into one global scope.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const ASSETS = new URL("../../dashboard/assets/", import.meta.url);

/** Return what the last of these scripts calls by a name, such as ("0-format.js", "Format"). */
export function load(file, name) {
  vm.runInThisContext(readFileSync(new URL(file, ASSETS), "utf8"), { filename: file });
  return vm.runInThisContext(name);
}
