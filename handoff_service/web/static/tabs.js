// An agent may have several tabs. Only the tab that the agent used last plays sounds and shows notifications, so that
// each comes only once. It is the *speaking* tab.
//
// The tabs of a browser share locks, and a lock ends with its tab. The speaking tab holds one lock, and a tab that
// becomes visible takes it over. Each visible tab holds another lock, which names the conversation that it shows.

const SPEAKS = `patchboard-speaks-${document.body.dataset.me}`;
const SHOWS = `patchboard-shows-${document.body.dataset.me}-`;
let speaking = !navigator.locks;
let asleep = false;
let waiting = false;
let turn = 0; // how often this tab began to speak
let letGo = null;
let hide = null;

// Returns as soon as this tab knows whether it is the speaking one.
export async function startTabs() {
  if (!navigator.locks) return;
  addEventListener("focus", inView);
  document.addEventListener("visibilitychange", () => (document.hidden ? outOfView() : inView()));
  await (document.hidden ? waitForTurn() : inView());
}

export function speaks() {
  return speaking;
}

// A tab without a connection cannot be the speaking one.
export function stopSpeaking() {
  asleep = true;
  speaking = !navigator.locks;
  letGo?.();
}

// The conversations ("" for other pages) that any visible tab shows now.
export async function onScreens() {
  if (!navigator.locks) return document.hidden ? [] : [document.body.dataset.open];
  const { held } = await navigator.locks.query();
  return held.filter(({ name }) => name.startsWith(SHOWS)).map(({ name }) => name.slice(SHOWS.length));
}

async function inView() {
  asleep = false;
  show();
  if (!speaking) await new Promise((settled) => hold({ steal: true }, settled));
}

function outOfView() {
  hide?.();
  hide = null;
}

function show() {
  if (hide) return;
  const shown = new Promise((done) => (hide = done));
  navigator.locks.request(SHOWS + document.body.dataset.open, { mode: "shared" }, () => shown);
}

// Wait for the lock of the speaking tab. When that tab closes, this one takes its place.
function waitForTurn() {
  if (waiting) return;
  waiting = true;
  hold({});
}

function hold(how, settled) {
  let mine = 0;
  const held = navigator.locks.request(SPEAKS, how, () => {
    if (!how.steal) waiting = false;
    if (asleep) return null;
    mine = ++turn;
    speaking = true;
    settled?.();
    return new Promise((done) => (letGo = done));
  });
  held.catch(() => {
    if (mine !== turn) return; // this tab itself has taken the lock over
    speaking = false;
    if (!asleep) waitForTurn();
  });
}
