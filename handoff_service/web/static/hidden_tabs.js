// A browser has six connections for a host, so of the hidden tabs only one keeps its stream.

let release = null;

// Whether this hidden tab may keep its stream.
export function keepsWatch() {
  if (!navigator.locks) return true;
  return new Promise((decided) => {
    navigator.locks.request("patchboard-hidden-tab", { ifAvailable: true }, (lock) => {
      decided(lock !== null);
      return lock && new Promise((done) => (release = done));
    });
  });
}

// The tab is seen again: another hidden one may keep watch.
export function endWatch() {
  release?.();
  release = null;
}
