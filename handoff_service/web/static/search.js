// Moves the focus to the search field on the key "/". htmx sends the search while the agent types.

export function toSearch() {
  const field = document.getElementById("search");
  if (!field) return location.assign("/workspace/search");
  field.focus();
  field.select();
}
