// Keys on every page: / goes to the search, g and a letter to a section of the menu.

const PATIENCE_MS = 2000; // how long g waits for its letter

let goesUntil = 0;

// In the capturing phase, so that the letter after g is not taken for a page's own key.
document.addEventListener("keydown", act, true);

function act(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  const goes = performance.now() < goesUntil;
  goesUntil = event.key === "g" && !goes ? performance.now() + PATIENCE_MS : 0;
  const taken = goes ? go(event.key) : event.key === "/" && search();
  if (!taken) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

function go(letter) {
  const link = document.querySelector(`[data-go="${CSS.escape(letter)}"]`);
  link?.click();
  return link !== null;
}

function search() {
  const field = document.querySelector(
    "form.filter input:not([type=hidden]), form.filter select, main input:not([type=hidden])",
  );
  field?.focus();
  field?.select?.();
  return field !== null;
}
