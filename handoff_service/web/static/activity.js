// When an offer expires, the desk sets the agent to Away, but not an agent who is at work. So while an offer is open,
// the page reports clicks, keys and scrolling. The agent's own requests count without a report.

import { post } from "./post.js";

const EVERY = 10_000; // ms between two reports
let last = 0;

export function startActivity() {
  for (const act of ["pointerdown", "keydown", "wheel"]) addEventListener(act, report, { passive: true, capture: true });
}

function report() {
  if (Date.now() - last < EVERY || !document.getElementById("offered").childElementCount) return;
  last = Date.now();
  post("/workspace/presence/active", {});
}
