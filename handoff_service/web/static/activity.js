// An agent who is at work must not be set to Away when an offer expires. While one is open, the page reports clicks, keys
// and scrolling; what an agent sends counts anyway.

import { post } from "./post.js";

const EVERY = 10_000; // ms from one report to the next
let last = 0;

export function startActivity() {
  for (const act of ["pointerdown", "keydown", "wheel"]) addEventListener(act, report, { passive: true, capture: true });
}

function report() {
  if (Date.now() - last < EVERY || !document.getElementById("offered").childElementCount) return;
  last = Date.now();
  post("/workspace/presence/active", {});
}
