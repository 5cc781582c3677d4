// The charts and the range of the reports. The pointer and the arrow keys show the values of a chart's parts. Typing a
// day selects "Other days".

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

const show = (chart, part) => {
  for (const one of chart.querySelectorAll(".hit")) one.toggleAttribute("data-chosen", one === part);
  const value = chart.parentElement.querySelector("[data-chart-value]");
  if (part) value.textContent = part.dataset.values;
};

const move = (event) => {
  const chart = event.target.closest?.("[data-chart]");
  if (!chart) return;
  const parts = [...chart.querySelectorAll(".hit")];
  const at = parts.findIndex((one) => one.hasAttribute("data-chosen"));
  if (event.key === "Enter" && at >= 0) return parts[at].closest("a").dispatchEvent(
    new MouseEvent("click", { bubbles: true, cancelable: true }));
  const to = event.key === "Home" ? 0 : event.key === "End" ? parts.length - 1
    : event.key in STEPS ? Math.min(Math.max(at + STEPS[event.key], 0), parts.length - 1) : -1;
  if (to < 0) return;
  event.preventDefault();
  show(chart, parts[to]);
};

export const startReportCharts = () => {
  if (!document.querySelector(".reports")) return;
  document.addEventListener("keydown", move);
  document.addEventListener("pointerover", ({ target }) => {
    const part = target.closest?.("[data-chart] .hit");
    if (part) show(part.closest("[data-chart]"), part);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches?.("[data-range-day]")) target.form.elements.range.value = "days";
  });
};
