// Sets the theme. The page loads this script before the first paint, so it never flashes in the wrong theme.
(() => {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
