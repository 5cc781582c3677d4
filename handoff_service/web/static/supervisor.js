// The supervisor's page: after a change of the desk, it merges the new HTML into the page and counts the waits again.

import { merge } from "./merge.js";
import { countWaits } from "./times.js";

export function showDesk(html) {
  merge(html);
  countWaits();
}
