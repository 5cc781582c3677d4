// Searching: the key that leads there. The field itself asks as one types, through htmx.

export function toSearch() {
  const field = document.querySelector("#search, #list-search");
  if (!field?.checkVisibility()) return location.assign("/workspace/search");
  field.focus();
  field.select();
}
