// Run inside a page of the touchscreen: returns what a reader could not read or press.
(limits) => {
  const wrong = [];
  const screen = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
  const name = (element) =>
    `${element.tagName.toLowerCase()}.${element.className} «${element.textContent.trim().slice(0, 30)}»`;
  const inside = (rect, box, slack = 1) =>
    rect.left >= box.left - 1 && rect.top >= box.top - slack &&
    rect.right <= box.right + 1 && rect.bottom <= box.bottom + slack;
  const shortens = (style) => style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";

  if (document.documentElement.scrollWidth > innerWidth) wrong.push("page is too wide");
  if (document.documentElement.scrollHeight > innerHeight) wrong.push("page is too tall");

  const shown = [...document.querySelectorAll("main *")].filter(
    (element) => element.checkVisibility() && !element.closest("svg, .unseen, .wait"),
  );

  // Text: inside its box, large enough, dark enough.
  for (const element of shown) {
    const text = [...element.childNodes].find(
      (node) => node.nodeType === Node.TEXT_NODE && node.data.trim(),
    );
    const style = getComputedStyle(element);
    if (!text || parseFloat(style.fontSize) === 0) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const rect = range.getBoundingClientRect();
    // A CJK font's own box is taller than its characters.
    const slack = parseFloat(style.fontSize) * 0.15;
    let box = element;
    let cut = false;
    for (; box && box !== document.body; box = box.parentElement) {
      const around = getComputedStyle(box);
      cut ||= shortens(around);
      if (cut || box.matches(".books")) break;
      if (!inside(rect, box.getBoundingClientRect(), slack) && around.display !== "inline" &&
          box.matches("button, section, header, footer, aside, li, p, .panel, .column, .body")) {
        wrong.push(`${name(element)} runs out of ${box.tagName}.${box.className}`);
        break;
      }
    }
    if (!cut && !element.closest(".books") && !inside(rect, screen)) {
      wrong.push(`${name(element)} is not wholly on the screen`);
    }
    const size = parseFloat(style.fontSize);
    if (size < (element.matches(".code") ? limits.code : limits.body)) {
      wrong.push(`${name(element)} is ${size} px small`);
    }
    if (element.matches("h1") && size < limits.decision) {
      wrong.push(`${name(element)} is ${size} px small for a decision`);
    }
    const contrast = contrastOf(element);
    if (contrast < 7) wrong.push(`${name(element)} has a contrast of ${contrast.toFixed(1)}`);
  }

  // Buttons: large enough, apart, on top, within reach.
  // One that a list has scrolled away counts once it has come into sight.
  const scrolledAway = (element) => {
    const list = element.closest(".books");
    return list && !inside(element.getBoundingClientRect(), list.getBoundingClientRect());
  };
  const buttons = shown.filter((element) => element.matches("button") && !scrolledAway(element));
  for (const button of buttons) {
    const rect = button.getBoundingClientRect();
    const main = button.matches(".actions .button:not(.button-quiet), .idle .button, .tile");
    const least = main ? limits.target : 48;
    if (rect.height < least || rect.width < (main ? 110 : 48)) {
      wrong.push(`${name(button)} is only ${rect.width} x ${rect.height}`);
    }
    if (!inside(rect, screen)) wrong.push(`${name(button)} is not wholly on the screen`);
    if (main && rect.bottom < innerHeight / 3) wrong.push(`${name(button)} is out of reach`);
    const middle = document.elementFromPoint(
      (rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2,
    );
    if (!button.closest("[inert]") && !button.contains(middle)) {
      wrong.push(`${name(button)} is covered`);
    }
    for (const other of buttons) {
      if (other === button || button.closest("[inert]") !== other.closest("[inert]")) continue;
      const near = other.getBoundingClientRect();
      const apart = Math.max(
        near.left - rect.right, rect.left - near.right,
        near.top - rect.bottom, rect.top - near.bottom,
      );
      if (apart < 14) wrong.push(`${name(button)} and ${name(other)} are ${apart} px apart`);
    }
  }

  // Pictures and panels that no longer fit.
  for (const element of shown) {
    if (!element.matches(".panel, .count, .side, .notice, .idle-card, .tile, .receipt")) continue;
    if (element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1) {
      wrong.push(`${name(element)} overflows`);
    }
  }
  return wrong;

  function contrastOf(element) {
    const words = luminance(getComputedStyle(element).color);
    let ground = element;
    let colour = "rgba(0, 0, 0, 0)";
    while (ground && colour === "rgba(0, 0, 0, 0)") {
      colour = getComputedStyle(ground).backgroundColor;
      ground = ground.parentElement;
    }
    const behind = luminance(colour);
    return (Math.max(words, behind) + 0.05) / (Math.min(words, behind) + 0.05);
  }

  function luminance(colour) {
    const [red, green, blue] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
}
