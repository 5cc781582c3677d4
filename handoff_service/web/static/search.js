// Searching: the key that leads there. The field itself asks as one types, through htmx.

export function toSearch() {
  const field = document.getElementById("search");
  if (!field) return location.assign("/workspace/search");
  field.focus();
  field.select();
}
