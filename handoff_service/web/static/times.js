// Times that run in the page. The server's clock rules: a page only knows how far its own is off.

let ahead = 0; // the server's clock minus this one, in ms

export function setClock(serverTime) {
  const at = Date.parse(serverTime);
  if (!Number.isNaN(at)) ahead = at - Date.now();
}

export function clockNow(zone) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(now());
}

export function runTimes() {
  setClock(document.body.dataset.now);
  setInterval(countDown, 250);
  setInterval(renewLately, 15_000);
  countDown();
}

export function now() {
  return Date.now() + ahead;
}

function countDown() {
  for (const offer of document.querySelectorAll(".offer[data-due]")) {
    const left = Math.max(Math.round((Date.parse(offer.dataset.due) - now()) / 1000), 0);
    const ring = offer.querySelector(".ring");
    const said = ring.lastElementChild;
    if (said.textContent === `${left} s`) continue;
    said.textContent = `${left} s`;
    ring.setAttribute("aria-label", `${left} seconds left to accept`);
    ring.querySelector("circle:last-child").setAttribute("stroke-dasharray", `${left} ${offer.dataset.given}`);
    ring.toggleAttribute("data-tone", left < 15);
    if (left < 15) ring.dataset.tone = "wait";
  }
}

// Relative up to an hour; the server writes what is older.
function renewLately() {
  for (const time of document.querySelectorAll("time[data-lately]")) {
    const minutes = Math.floor((now() - Date.parse(time.dateTime)) / 60_000);
    if (minutes < 60) time.textContent = minutes < 1 ? "now" : `${minutes} min`;
    else if (/now|min/.test(time.textContent)) time.textContent = localTime(time.dateTime);
  }
}

function localTime(iso) {
  const format = { timeZone: document.body.dataset.zone, hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("en-GB", format).format(Date.parse(iso));
}
