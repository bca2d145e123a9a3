// What the macros of templates/ui leave to scripts: showing a password, copying code, dropping a file, closing a menu,
// pushing a row of links to where one is.

export function watchControls(root = document) {
  root.querySelectorAll("[data-reveal]").forEach(watchPassword);
  root.querySelectorAll("[data-copy]").forEach(watchCode);
  root.querySelectorAll("[data-drop]").forEach(watchDrop);
  root.querySelectorAll("details.menu").forEach(watchMenu);
  root.querySelectorAll(".wings, .tab-links").forEach(showHere);
}

/** Where a row of links is wider than the window: the one of this page is seen. Sideways only, at once. */
function showHere(nav) {
  const here = nav.querySelector("[aria-current]");
  const row = [nav, ...nav.children].find(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  if (!here || !row) return;
  const { left, width } = here.getBoundingClientRect();
  row.scrollBy({ left: left - row.getBoundingClientRect().left - (row.clientWidth - width) / 2, behavior: "instant" });
}

function watchPassword(field) {
  const input = field.querySelector("input");
  const around = element("div", "revealing");
  const button = element("button", "", "Show");
  button.type = "button";
  button.setAttribute("aria-label", "Show the password");
  button.setAttribute("aria-pressed", "false");
  input.replaceWith(around);
  around.append(input, button);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
  });
  // A password manager, and whoever stands behind, get it as a password.
  input.form?.addEventListener("submit", () => (input.type = "password"));
}

function watchCode(figure) {
  if (!navigator.clipboard) return;
  const button = element("button", "bare small", "Copy");
  button.type = "button";
  figure.querySelector("figcaption").append(button);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(figure.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}

function watchDrop(area) {
  const input = area.querySelector("input[type=file]");
  const name = area.querySelector("[data-drop-name]");
  const empty = name.textContent;
  const show = () => {
    const files = [...input.files];
    area.classList.toggle("chosen", files.length > 0);
    name.textContent = files.length ? files.map((file) => `${file.name} (${size(file.size)})`).join(", ") : empty;
  };
  input.addEventListener("change", show);
  addEventListener("pageshow", show); // the browser may bring back what was chosen
  for (const [event, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
    area.addEventListener(event, () => area.classList.toggle("over", over));
  }
}

function size(bytes) {
  const [amount, unit] = bytes < 2 ** 20 ? [bytes / 2 ** 10, "kB"] : [bytes / 2 ** 20, "MB"];
  return `${amount.toFixed(1)} ${unit}`;
}

function watchMenu(menu) {
  document.addEventListener("click", ({ target }) => menu.contains(target) || (menu.open = false));
  menu.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

function element(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}
