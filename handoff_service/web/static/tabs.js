// Chooses the *speaking* tab: the only one of an agent's tabs that plays sounds and shows notifications. It is the tab
// that the agent used last. If that tab closes, another one takes its place. Without locks, every tab speaks.
//
// The tabs of a browser share locks, and the browser releases a tab's locks when it closes. The speaking tab has one
// lock, and a tab that becomes visible or gets the focus takes it over. Each visible tab has another lock, whose name
// contains the conversation that the tab shows.

const SPEAKS = `patchboard-speaks-${document.body.dataset.me}`;
const SHOWS = `patchboard-shows-${document.body.dataset.me}-`;
let speaking = !navigator.locks;
let asleep = false;
let waiting = false;
let turn = 0; // how many times this tab has become the speaking one
let letGo = null;
let hide = null;

// Starts to take part. Returns as soon as this tab knows whether it is the speaking one.
export async function startTabs() {
  if (!navigator.locks) return;
  addEventListener("focus", inView);
  document.addEventListener("visibilitychange", () => (document.hidden ? outOfView() : inView()));
  await (document.hidden ? waitForTurn() : inView());
}

export function speaks() {
  return speaking;
}

// Lets another tab speak, because a tab without a connection cannot.
export function stopSpeaking() {
  asleep = true;
  speaking = !navigator.locks;
  letGo?.();
}

// Returns the conversations that the visible tabs show now, with "" for any other page.
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

// Waits for the lock of the speaking tab. When that tab closes, this one can take its place.
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
    if (mine !== turn) return; // this tab itself has taken over the lock
    speaking = false;
    if (!asleep) waitForTurn();
  });
}
