// The account page. Its switches mirror those of the avatar menu.

for (const mirror of document.querySelectorAll("[data-mirrors]")) {
  const real = document.getElementById(mirror.dataset.mirrors);
  mirror.checked = real.checked;
  mirror.addEventListener("change", () => {
    real.checked = mirror.checked;
    real.dispatchEvent(new Event("change"));
  });
  real.addEventListener("change", () => (mirror.checked = real.checked));
}

const notices = document.getElementById("notify-state");

function showNotices() {
  const now = "Notification" in window ? Notification.permission : "absent";
  for (const state of ["granted", "denied", "default", "absent"]) {
    notices.querySelector(`[data-${state}]`).hidden = state !== now;
  }
}

notices.querySelector("[data-default]").addEventListener("click", async () => {
  await Notification.requestPermission();
  showNotices();
});
showNotices();
