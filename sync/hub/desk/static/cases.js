// The case desk by keyboard: j and k or the arrows go through the list, x marks a
// case, n turns the page; in a case its number makes a choice, u undoes, Escape leaves.

const rows = [...document.querySelectorAll("[data-case-list] a.row")];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  if (act(event.key)) event.preventDefault();
});

rows[0]?.focus({ preventScroll: true });

function act(key) {
  switch (key) {
    case "j":
    case "ArrowDown":
      return step(1);
    case "k":
    case "ArrowUp":
      return step(-1);
    case "x":
      return press(current()?.closest("tr").querySelector("[name=case_id]"));
    case "n":
      return press(document.querySelector("[data-next]"));
    case "Escape":
      return press(document.querySelector("[data-back]"));
    default:
      return press(document.querySelector(`[data-key="${CSS.escape(key)}"]`));
  }
}

function step(by) {
  const at = rows.indexOf(current());
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  next?.focus();
  return next !== undefined;
}

function current() {
  const row = document.activeElement?.closest("tr");
  return row?.querySelector("a.row") ?? null;
}

function press(control) {
  control?.click();
  return Boolean(control);
}
