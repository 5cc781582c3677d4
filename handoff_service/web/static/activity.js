// Reports that the agent is at work. When an offer expires, the desk sets the agent to Away if it has seen no recent
// activity. While an offer is open, the page therefore reports clicks, keys and scrolling. The agent's other requests
// count as activity without a report.

import { post } from "./post.js";

const EVERY = 10_000; // the shortest time between two reports, in ms
let last = 0;

export function startActivity() {
  for (const act of ["pointerdown", "keydown", "wheel"]) addEventListener(act, report, { passive: true, capture: true });
}

function report() {
  if (Date.now() - last < EVERY || !document.getElementById("offered").childElementCount) return;
  last = Date.now();
  post("/workspace/presence/active", {});
}
