// An agent who is at work must not be set to Away when an offer expires. While an offer is open, the page reports
// clicks, keys and scrolling. Requests of the agent count without a report.

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
