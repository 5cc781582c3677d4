// Lets only one hidden tab keep its stream, because a browser opens at most six HTTP/1.1 connections to a
// host.

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

// Lets another hidden tab keep its stream, because this tab is visible again.
export function endWatch() {
  release?.();
  release = null;
}
