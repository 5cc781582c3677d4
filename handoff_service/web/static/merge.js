// Puts a newer state into the page, by id: the same part twice changes nothing.
//
// A fragment is a row of elements with ids. A plain one replaces its predecessor when it differs. A list with data-keyed
// gets its items by id: "add" only ever adds and renews, "all" also removes and orders. A list with data-hold keeps its
// order while the pointer or the focus is in it, so that nothing moves under a click; the order follows on leaving. And
// what a pointer is down on is renewed once the click was made: a click on what is gone meanwhile is none.

const GONE_FOR = 2000; // how long an offer that is gone stays as a grey line, in ms
const served = new Map(); // id -> the HTML that the server last gave for it
const waiting = new Map(); // held list -> the order that it will get
const AFTER_A_PRESS = 50; // the click comes after the release, on touch screens a moment later, in ms
const postponed = new Map(); // id of what is pressed -> puts its newest state in place
let pressed = null;
let releasing;

addEventListener("pointerdown", press, true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => (releasing = setTimeout(release, AFTER_A_PRESS)), true);
}

function press(event) {
  clearTimeout(releasing);
  if (event.button === 0) pressed = event.target; // the others open menus, and their end may never be heard of
}

function release() {
  pressed = null;
  for (const put of postponed.values()) put();
  postponed.clear();
}

// Returns the list items that were not there before.
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

// What has no id only wraps its parts, as a table does its rows.
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

// At the end. A text that was recovered stands where it belongs by the time it was sent.
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

// Whether it has to wait; then it is called again for what is there by then.
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

// A line stays the same element and only its changed parts are renewed, so that it is not read out again as a whole.
function renewInside(old, incoming) {
  if (waits(old, incoming, renewInside) || !differs(old, incoming)) return;
  copyAttributes(old, incoming);
  const before = [...old.children];
  const after = [...incoming.children];
  if (before.length !== after.length) return old.replaceChildren(...incoming.childNodes);
  before.forEach((part, n) => given(part) === given(after[n]) || part.replaceWith(after[n]));
}

// What the server gave, without the ids of its forms, which are new each time.
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
