// The bench's table: shows its state once a second, and carries things about.

const byId = (id) => document.getElementById(id);
let shown = "";

async function call(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, options);
  const text = await answer.text();
  const content = JSON.parse(text);
  if (body) byId("trouble").textContent = answer.ok ? "" : content.error;
  if (!answer.ok || text === shown) return; // a thing being carried stays in the hand
  shown = text;
  show(content);
}

function thing(kind, key, name, details, classes, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = ["thing", ...classes].join(" ");
  button.draggable = true;
  const title = document.createElement("b");
  title.textContent = name;
  const small = document.createElement("small");
  small.textContent = details;
  button.append(title, small);
  button.addEventListener("click", act);
  button.addEventListener("dragstart", (event) =>
    event.dataTransfer.setData("text/plain", JSON.stringify({ kind, key })));
  const row = document.createElement("li");
  row.append(button);
  return row;
}

function book(entry) {
  const part = entry.parts > 1 ? ` · part ${entry.part}/${entry.parts}` : "";
  const classes = [
    entry.trouble ? "trouble" : "",
    entry.afi === "C2" ? "out" : "",
  ].filter(Boolean);
  const move = entry.on_pad ? { lift: [entry.uid] } : { place: [entry.uid] };
  const name = entry.title || entry.trouble || entry.item;
  const details = `${entry.item}${part} · AFI ${entry.afi} · ${entry.model}`;
  return thing("book", entry.uid, name, details, classes, () => call("bench/pad", move));
}

function card(entry, placed) {
  const move = { place: placed ? null : entry.number };
  const details = `${entry.number} · ${entry.type} · ${entry.state}`;
  return thing("card", entry.number, entry.name, details, ["card"], () => call("bench/card", move));
}

function show(state) {
  const resting = state.books.filter((entry) => !entry.on_pad);
  byId("shelf").replaceChildren(...resting.filter((entry) => !entry.trouble).map(book));
  byId("troubled").replaceChildren(...resting.filter((entry) => entry.trouble).map(book));
  byId("pad").replaceChildren(...state.pad.map(book));
  const held = (entry) => entry.number === state.card;
  byId("cards").replaceChildren(...state.cards.filter((c) => !held(c)).map((c) => card(c, false)));
  byId("card").replaceChildren(...state.cards.filter(held).map((c) => card(c, true)));
  for (const button of byId("network").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.mode === state.network));
  }
}

function zone(id, kind, drop) {
  const area = byId(id);
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("over");
  });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    const carried = JSON.parse(event.dataTransfer.getData("text/plain"));
    if (carried.kind === kind) drop(carried.key);
  });
}

function fault(button) {
  const { device, kind, times } = button.dataset;
  const devices = device ? [device] : ["pad", "card", "scanner"];
  for (const name of devices) {
    call("bench/fault", { device: name, kind, times: times ? Number(times) : null });
  }
}

zone("pad-zone", "book", (key) => call("bench/pad", { place: [key] }));
zone("card-zone", "card", (key) => call("bench/card", { place: key }));

byId("clear-pad").addEventListener("click", () => {
  const keys = [...byId("pad").querySelectorAll(".thing")];
  for (const entry of keys) entry.click();
});
byId("scan-form").addEventListener("submit", (event) => {
  event.preventDefault();
  call("bench/scan", { text: byId("scan").value });
});
byId("network").addEventListener("click", (event) => {
  const { mode } = event.target.dataset;
  if (mode) call("bench/network", { mode });
});
byId("faults").addEventListener("click", (event) => {
  if (event.target.dataset.kind) fault(event.target);
});

call("bench");
setInterval(() => document.hidden || call("bench"), 1000);
