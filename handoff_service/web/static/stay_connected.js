// Keeps an event stream open on pages without live parts, because the desk counts an agent without a stream as
// disconnected.

import { endWatch, keepsWatch } from "./hidden_tabs.js";

const ASLEEP_AFTER = 60_000; // ms, as in event_stream.js
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
