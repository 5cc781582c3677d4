// The supervisor's page. After a change, this script merges the new HTML into the page and updates the waits.

import { merge } from "./merge.js";
import { countWaits } from "./times.js";

export function showDesk(html) {
  merge(html);
  countWaits();
}
