// Starts the parts of the workspace and connects them to htmx's requests.

import { startCaseText } from "./case_text.js";
import { startActivity } from "./activity.js";
import { startComposer } from "./composer.js";
import { startCopying } from "./copy.js";
import { startDialogs } from "./dialogs.js";
import { startHistory } from "./history.js";
import { startForms } from "./forms.js";
import { keepFocus } from "./keep_focus.js";
import { startKeys } from "./keys.js";
import { askForLists, showLists, startLists } from "./lists.js";
import { startStream } from "./event_stream.js";
import { startLoading } from "./loaded_dialogs.js";
import { startLater } from "./later.js";
import { startNewMessage } from "./new_message.js";
import { startPicks } from "./picks.js";
import { startPalette } from "./palette.js";
import { startClosing } from "./closing.js";
import { startPanels } from "./panels.js";
import { startPreview } from "./preview.js";
import { startNotices } from "./notices.js";
import { csrf, endAct, errorOf, idOfAct, ignoreSecondClick, renewId, showMessage, signInAgain, worked } from "./post.js";
import { startMacros } from "./run_macro.js";
import { showDesk } from "./supervisor.js";
import { showQueue, startTeach } from "./teach.js";
import { startTemplates } from "./templates.js";
import { askForNews, follow, showNews, startThread } from "./thread.js";
import { startNaming } from "./naming.js";
import { startTargets } from "./targets.js";
import { startTimers } from "./timers.js";
import { countWaits, runTimes } from "./times.js";
import { startChips } from "./chips.js";
import { startReordering } from "./reorder.js";
import { startReportCharts } from "./report_charts.js";
import { startUnsaved } from "./unsaved.js";
import { startSounds } from "./sounds.js";
import { showSuggested, startSuggested } from "./suggested.js";
import { startTyping, stopped } from "./typing.js";

const ASKED = {
  "get-lists": [askForLists, showLists],
  "get-news": [askForNews, (html) => (showNews(html), countWaits(), showSuggested())],
  "get-desk": [() => {}, showDesk],
  "get-today": [() => {}, showDesk],
  "get-training": [() => {}, showDesk],
  "get-models": [() => {}, showDesk],
  "get-queue": [() => {}, showQueue],
};

document.addEventListener("click", ignoreSecondClick, { capture: true });

document.body.addEventListener("htmx:configRequest", ({ detail, target }) => {
  detail.headers["X-CSRF-Token"] = csrf();
  ASKED[target.id]?.[0](detail.parameters);
  const { parameters, path, verb } = detail;
  if (verb === "post" && !parameters.command) parameters.command = idOfAct(path, parameters);
});

// If an update of the page replaces a button while its request runs, htmx fires no event when the request ends. The
// button would keep its old id, and its next click would do nothing. This code therefore listens to the request itself,
// before htmx sends the next queued one.
document.body.addEventListener("htmx:beforeSend", ({ detail, target }) => {
  const { xhr, requestConfig } = detail;
  if (ASKED[target.id]) return;
  xhr.addEventListener("readystatechange", () => {
    if (xhr.readyState === XMLHttpRequest.DONE) ended(xhr, target, requestConfig.parameters.command);
  });
});

document.body.addEventListener("htmx:afterRequest", ({ detail, target }) => {
  if (detail.xhr.status === 401) return signInAgain();
  if (ASKED[target.id] && detail.successful) ASKED[target.id][1](detail.xhr.responseText);
});

function ended(xhr, asked, command) {
  if (xhr.status === 401) return signInAgain();
  if (worked(xhr)) {
    renewId(asked);
    endAct(command);
  } else if (!asked.closest("dialog, .composer")) showMessage(errorOf(xhr));
}

startLists();
startActivity();
startThread();
startHistory();
startComposer(() => {
  stopped();
  follow();
  window.htmx.trigger("#get-news", "again");
});
startCopying();
startDialogs();
keepFocus();
startTemplates();
startNaming();
startForms();
startChips();
startUnsaved();
startReordering();
startReportCharts();
startNewMessage();
startTimers();
startTargets();
startLater();
startCaseText();
startPicks();
startMacros();
startLoading();
startPreview();
startPanels();
startTeach();
startKeys();
startPalette();
startClosing();
startTyping();
startSuggested();
startSounds();
startNotices();
runTimes();
startStream();
// Deletes the agent's drafts and lists of recent items when the agent signs out. They stay in the browser when a session
// expires.
document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", () => {
  const mine = ["draft", "attached", "noticed", "recent", "seen"].map((prefix) => `${prefix}:${document.body.dataset.me}`);
  for (const key of Object.keys(localStorage)) {
    if (mine.some((one) => key === one || key.startsWith(`${one}:`))) localStorage.removeItem(key);
  }
});
