// The key that moves to the search field. htmx sends the search during typing.

export function toSearch() {
  const field = document.getElementById("search");
  if (!field) return location.assign("/workspace/search");
  field.focus();
  field.select();
}
