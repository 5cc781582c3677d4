// For pages without live parts: keeps a stream open, so that the agent does not count as disconnected.

import { endWatch, keepsWatch } from "./hidden_tabs.js";

const ASLEEP_AFTER = 60_000; // as in event_stream.js
let source = new EventSource("/workspace/events"); // the browser reconnects by itself
let timer;

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) {
    timer = setTimeout(async () => (await keepsWatch()) || source.close(), ASLEEP_AFTER);
  } else {
    endWatch();
    if (source.readyState === EventSource.CLOSED) source = new EventSource("/workspace/events");
  }
});
