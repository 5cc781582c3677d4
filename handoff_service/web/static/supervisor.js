// The supervisor's page: what the service sends when the desk has changed is put in place, and waits are counted on.

import { merge } from "./merge.js";
import { countWaits } from "./times.js";

export function showDesk(html) {
  merge(html);
  countWaits();
}
