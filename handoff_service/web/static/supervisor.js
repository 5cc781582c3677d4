// The supervisor's page: merges what the service sends after a change of the desk, and keeps counting the waits.

import { merge } from "./merge.js";
import { countWaits } from "./times.js";

export function showDesk(html) {
  merge(html);
  countWaits();
}
