// Keeps <main> equal to the server's latest view and hands touches to it.

const LOST_AFTER_MS = 3000;
const LISTEN_AGAIN_MS = 1000;
const TOUCH_LIMIT_MS = 5000;

let revision = Number(screenNow().dataset.revision);
let said = screenNow().dataset.say;
let booksShown = document.querySelectorAll(".book").length;
let touchedStep = null;
let lost = false;
let lossTimer = null;

function screenNow() {
  return document.getElementById("screen");
}

// Views ----------------------------------------------------------------------

function show(view) {
  if (view.revision <= revision) return;
  revision = view.revision;
  const template = document.createElement("template");
  template.innerHTML = view.html;
  const next = template.content.querySelector("main");
  const focused = document.activeElement?.id;
  const main = screenNow();
  if (main.dataset.screen === next.dataset.screen) {
    mend(main, next, main.dataset.step !== next.dataset.step);
  } else {
    next.classList.add("arriving");
    main.replaceWith(next);
  }
  revealLast();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  announce(screenNow());
}

// Brings the newest book into sight when a list has grown.
function revealLast() {
  const now = screenNow();
  const count = now.querySelectorAll(".book").length;
  if (count > booksShown) {
    now.querySelector(".book:last-child").scrollIntoView({ block: "nearest" });
  }
  booksShown = count;
}

// Changes only what differs, so that pictures go on moving and focus stays. When
// the buttons mean something new they are replaced: a finger that is already down
// on an old button then presses nothing.
function mend(old, fresh, newMeaning) {
  const replace = newMeaning && fresh.nodeName === "BUTTON";
  if (replace || old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  mendAttributes(old, fresh);
  const had = [...old.childNodes];
  const wants = [...fresh.childNodes];
  wants.forEach((child, i) => (i < had.length ? mend(had[i], child, newMeaning) : old.append(child)));
  had.slice(wants.length).forEach((child) => child.remove());
}

function mendAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function announce(main) {
  document.documentElement.lang = main.lang;
  document.title = main.dataset.title;
  if (main.dataset.say === said) return;
  said = main.dataset.say;
  document.getElementById("said").textContent = said;
}

// Touches --------------------------------------------------------------------

// A second touch of the same step is a finger that trembles. One of the next step
// counts, even while the answer to the first is still on its way.
async function touch(form, button) {
  const body = new URLSearchParams(new FormData(form, button));
  const step = body.get("step");
  if (touchedStep === step || lost) return;
  touchedStep = step;
  button.disabled = true;
  button.classList.add("pressed");
  try {
    const answer = await fetch("/touch", {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(TOUCH_LIMIT_MS),
    });
    if (answer.ok || answer.status === 409) show(await answer.json());
    else location.reload();
  } catch {
    // The stream notices a lost server by itself and says so.
  } finally {
    if (touchedStep === step) touchedStep = null;
    button.disabled = false;
    button.classList.remove("pressed");
    document.getElementById(button.id)?.focus({ preventScroll: true });
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  touch(event.target, event.submitter);
});

document.addEventListener("contextmenu", (event) => event.preventDefault());

// Stream ---------------------------------------------------------------------

function listen() {
  const stream = new EventSource("/stream");
  stream.onopen = () => {
    clearTimeout(lossTimer);
    lossTimer = null;
    // After a loss the page itself may be out of date, as after an update.
    if (lost) location.reload();
    // A server that was started anew counts its revisions anew.
    revision = -1;
  };
  stream.onmessage = (event) => show(JSON.parse(event.data));
  stream.onerror = () => {
    lossTimer ??= setTimeout(pause, LOST_AFTER_MS);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, LISTEN_AGAIN_MS);
  };
}

function pause() {
  lost = true;
  document.body.classList.add("lost");
}

listen();
