// A browser opens at most six connections to a host. Therefore only one of the hidden tabs keeps its stream.

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

// The tab is visible again, so another hidden tab may keep its stream.
export function endWatch() {
  release?.();
  release = null;
}
