// What Dash and dash-cytoscape add to a page, as far as dashboard/assets uses it.

interface DashClientside {
  no_update: unknown;
  callback_context: { triggered: { prop_id: string; value: any }[] };
  set_props(id: string, properties: Record<string, unknown>): void;
  spanmesh?: Record<string, (...given: any[]) => unknown>;
}

interface Window {
  dash_clientside: DashClientside;
  cy: any; // the graph of the topology page; cytoscape's own types are no dependency of ours
}
