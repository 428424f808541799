// Keeps the parts of a page that carry data-live up to date, without reloading it.
// The server answers 304 as long as nothing has changed.

const PATIENCE_MS = 15000; // after a failure, so that a hub that is down is left alone

for (const part of document.querySelectorAll("[data-live]")) {
  follow(part, Number(part.dataset.every) * 1000);
}

async function follow(part, everyMs) {
  let tag = "";
  for (;;) {
    await pause(everyMs);
    if (document.hidden) continue;
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(part.dataset.live, { headers, redirect: "error" });
      if (answer.status === 200) {
        const known = tag !== "";
        tag = answer.headers.get("ETag") ?? "";
        show(part, await answer.text(), known);
      }
      part.classList.remove("stale");
    } catch {
      // The page stays readable; it only says that it is no longer up to date.
      part.classList.add("stale");
      await pause(PATIENCE_MS);
    }
  }
}

function show(part, html, mayFlash) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const before = new Set([...part.children].map((child) => child.id));
  for (const child of template.content.children) {
    if (mayFlash && child.id && !before.has(child.id)) child.classList.add("new");
  }
  part.replaceChildren(template.content);
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
