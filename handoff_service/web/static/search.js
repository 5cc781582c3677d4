// Moves the focus to the search field on the key "/", or opens the search page if the page has no search field. htmx
// sends the search while the agent types.

export function toSearch() {
  const field = document.getElementById("search");
  if (!field) return location.assign("/workspace/search");
  field.focus();
  field.select();
}
