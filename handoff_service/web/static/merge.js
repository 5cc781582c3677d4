// Merges newer HTML into the page by id. The HTML is a sequence of elements with ids, and merging it twice changes
// nothing. An element replaces the page's element with the same id if the two differ. The items of a list with
// data-keyed are merged one by one: "add" only adds and updates items, "all" also removes and sorts them. A list with
// data-hold keeps its order while the pointer or the focus is in it, and is sorted afterwards. An element that somebody
// is pressing is updated after the click, because a click on a removed element has no effect.

const GONE_FOR = 2000; // for this time in ms, the list shows an ended offer as a gray line
const served = new Map(); // id -> the HTML that the server last sent for it
const waiting = new Map(); // list that keeps its order -> the order that it will get
const AFTER_A_PRESS = 50; // ms; on touch screens the click event comes a moment after the release
const postponed = new Map(); // id of a pressed element -> a function that updates it
let pressed = null;
let releasing;

addEventListener("pointerdown", press, true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => (releasing = setTimeout(release, AFTER_A_PRESS)), true);
}

function press(event) {
  clearTimeout(releasing);
  if (event.button === 0) pressed = event.target; // other buttons open a menu, which can hide their release
}

function release() {
  pressed = null;
  for (const put of postponed.values()) put();
  postponed.clear();
}

// Merges the HTML, and returns the list items that are new.
export function merge(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const arrived = [];
  for (const incoming of [...template.content.children].flatMap(parts)) {
    const here = document.getElementById(incoming.id);
    if (!here) continue;
    if (here.dataset.keyed) arrived.push(...mergeList(here, incoming));
    else renew(here, incoming);
  }
  return arrived;
}

// An element without an id, such as a table, only wraps its parts.
function parts(element) {
  return element.id ? [element] : [...element.children];
}

function mergeList(list, incoming) {
  const arrived = [];
  const order = [...incoming.children].map((item) => item.id);
  for (const item of [...incoming.children]) {
    const old = document.getElementById(item.id);
    if (!old) {
      if ("gone" in item.dataset) continue;
      place(list, item);
      window.htmx?.process(item);
      arrived.push(item);
    } else if (item.dataset.same === undefined || item.dataset.same !== old.dataset.same) {
      if (list.dataset.keyed === "add") renewInside(old, item);
      else renew(old, item);
      if ("gone" in item.dataset) foldAway(item.id);
    }
  }
  copyAttributes(list, incoming);
  if (list.dataset.keyed === "all") settle(list, order);
  return arrived;
}

// Inserts a line at the end. A recovered text is inserted by the time at which it was sent.
function place(list, item) {
  const later = "recovered" in item.dataset && [...list.children].find((one) => one.dataset.at > item.dataset.at);
  if (later) later.before(item);
  else list.append(item);
}

function settle(list, order) {
  if (!held(list)) return arrange(list, order);
  if (!waiting.has(list)) {
    for (const leaving of ["pointerleave", "focusout"]) list.addEventListener(leaving, () => later(list));
  }
  waiting.set(list, order);
}

function later(list) {
  requestAnimationFrame(() => {
    const order = waiting.get(list);
    if (!order || held(list)) return;
    waiting.set(list, null);
    arrange(list, order);
  });
}

function held(list) {
  if (!("hold" in list.dataset)) return false;
  const pointed = matchMedia("(hover: hover)").matches && list.matches(":hover");
  return pointed || list.contains(document.activeElement);
}

function arrange(list, order) {
  for (const item of [...list.children]) {
    if (!order.includes(item.id) && !("gone" in item.dataset)) item.remove();
  }
  let place = list.firstElementChild;
  for (const item of order.map((id) => document.getElementById(id)).filter(Boolean)) {
    while (place && "gone" in place.dataset && place !== item) place = place.nextElementSibling;
    if (item === place) place = place.nextElementSibling;
    else list.insertBefore(item, place);
  }
}

function foldAway(id) {
  setTimeout(() => {
    document.getElementById(id)?.remove();
    document.dispatchEvent(new Event("offer-folded"));
  }, GONE_FOR);
}

// Whether an update must wait because somebody is pressing the element. After the press, ``put`` runs with the newest
// HTML.
function waits(old, incoming, put) {
  if (!pressed || !old.contains(pressed)) return false;
  postponed.set(old.id, () => {
    const here = document.getElementById(incoming.id);
    if (here) put(here, incoming);
  });
  return true;
}

function renew(old, incoming) {
  if (waits(old, incoming, renew) || !differs(old, incoming)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const folds = new Map([...old.querySelectorAll("details[id]")].map((fold) => [fold.id, fold.open]));
  for (const fold of incoming.querySelectorAll("details[id]")) fold.open = folds.get(fold.id) ?? fold.open;
  old.replaceWith(incoming);
  window.htmx?.process(incoming);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// Updates only the changed parts of a line and keeps its element. If the element were replaced, screen readers would
// read the whole line again.
function renewInside(old, incoming) {
  if (waits(old, incoming, renewInside) || !differs(old, incoming)) return;
  copyAttributes(old, incoming);
  const before = [...old.children];
  const after = [...incoming.children];
  if (before.length !== after.length) return old.replaceChildren(...incoming.childNodes);
  before.forEach((part, n) => given(part) === given(after[n]) || part.replaceWith(after[n]));
}

// Returns the element's HTML without the command ids of its forms, which are new each time.
function given(element) {
  return element.outerHTML.replace(/ name="command" value="\w*"/g, "");
}

function differs(old, incoming) {
  const html = given(incoming);
  const before = served.get(incoming.id) ?? given(old);
  served.set(incoming.id, html);
  return before !== html;
}

function copyAttributes(to, from) {
  for (const name of to.getAttributeNames()) if (!from.hasAttribute(name)) to.removeAttribute(name);
  for (const name of from.getAttributeNames()) to.setAttribute(name, from.getAttribute(name));
}
