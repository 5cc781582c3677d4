// Several tabs of one agent: the one that was used last speaks for all of them, so that nothing is heard twice.
//
// Locks are shared by the tabs of a browser and end with their tab. One says who speaks, and is taken over by the tab
// that comes into view; each tab in view holds another, which says what it shows.

const SPEAKS = `patchboard-speaks-${document.body.dataset.me}`;
const SHOWS = `patchboard-shows-${document.body.dataset.me}-`;
let speaking = !navigator.locks;
let asleep = false;
let waiting = false;
let turn = 0; // how often this tab began to speak
let letGo = null;
let hide = null;

// Returns when it is settled whether this tab speaks.
export async function startTabs() {
  if (!navigator.locks) return;
  addEventListener("focus", inView);
  document.addEventListener("visibilitychange", () => (document.hidden ? outOfView() : inView()));
  await (document.hidden ? waitForTurn() : inView());
}

export function speaks() {
  return speaking;
}

// A tab that lets its connection go cannot speak.
export function rest() {
  asleep = true;
  speaking = !navigator.locks;
  letGo?.();
}

// The conversations ("" for other pages) that are on a screen just now, in any tab.
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

// Another tab speaks; when it is closed, this one does.
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
    if (mine !== turn) return; // taken over by this tab itself
    speaking = false;
    if (!asleep) waitForTurn();
  });
}
