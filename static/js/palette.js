// The command palette: tasks, people and pages, by keyboard. Loaded when it is first asked for; the link it comes from
// leads to /search, which does the same without scripts.
import { chooseTheme } from "./theme.js";

const PAUSE_MS = 120;
const GROUPS = { tasks: "Tasks", people: "People", pages: "Pages", commands: "Commands" };
const COMMANDS = [
  { title: "Light", detail: "Day or night", run: () => chooseTheme("light") },
  { title: "Dark", detail: "Day or night", run: () => chooseTheme("dark") },
  { title: "As the system says", detail: "Day or night", run: () => chooseTheme("") },
];

let palette = null;

export function openPalette(address) {
  palette ??= new Palette(address);
  palette.open();
}

class Palette {
  #address;
  #dialog = document.createElement("dialog");
  #input = document.createElement("input");
  #list = document.createElement("div");
  #status = document.createElement("p");
  #hits = [];
  #chosen = -1;
  #asking = null;
  #timer = 0;

  constructor(address) {
    this.#address = address;
    this.#build();
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#ask(), PAUSE_MS);
    });
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close());
  }

  open() {
    if (this.#dialog.open) return;
    this.#dialog.showModal();
    this.#input.value = "";
    this.#input.focus();
    this.#ask();
  }

  #build() {
    this.#dialog.className = "palette";
    this.#dialog.setAttribute("aria-label", "Find tasks, people and pages");
    const box = document.createElement("div");
    const form = document.createElement("form");
    form.method = "dialog";
    Object.assign(this.#input, { type: "text", placeholder: "Find a task, a person, a page", autocomplete: "off", maxLength: 100, dir: "auto" });
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list",
      "aria-label": "Find a task, a person, a page", spellcheck: "false",
    })) this.#input.setAttribute(name, value);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.append(this.#input);
    this.#list.id = "palette-list";
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", "What was found");
    this.#status.className = "visually-hidden";
    this.#status.setAttribute("role", "status");
    const hint = document.createElement("p");
    hint.className = "hint";
    for (const [key, what] of [["↑ ↓", "choose"], ["Enter", "go"], ["Esc", "close"]]) {
      const part = document.createElement("span");
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      part.append(kbd, ` ${what}`);
      hint.append(part);
    }
    box.append(form, this.#list, this.#status, hint);
    this.#dialog.append(box);
    document.body.append(this.#dialog);
  }

  async #ask() {
    this.#asking?.abort();
    this.#asking = new AbortController();
    const asked = this.#input.value.trim();
    try {
      const answer = await fetch(`${this.#address}?${new URLSearchParams({ q: asked })}`, {
        headers: { Accept: "application/json" }, signal: this.#asking.signal,
      });
      const body = await answer.json();
      if (!answer.ok) this.#say(body.message);
      else this.#show(asked, body.data);
    } catch (error) {
      if (error.name !== "AbortError") this.#say("The arena cannot be reached just now. Try again in a moment.");
    }
  }

  #show(asked, groups) {
    const words = asked.toLowerCase().split(/\s+/);
    const commands = COMMANDS.filter(({ title, detail }) => {
      const text = `${title} ${detail} theme`.toLowerCase();
      return asked && words.every((word) => text.includes(word));
    });
    this.#hits = [];
    const all = { ...groups, commands };
    const shown = Object.keys(GROUPS).filter((group) => all[group]?.length).map((group) => this.#group(group, all[group]));
    this.#list.replaceChildren(...shown);
    if (!this.#hits.length) this.#say("Nothing is called that here. Try fewer letters.");
    else this.#status.textContent = `${this.#hits.length} found`;
    this.#choose(this.#hits.length ? 0 : -1);
  }

  #group(group, hits) {
    const section = document.createElement("div");
    section.setAttribute("role", "group");
    section.setAttribute("aria-labelledby", `palette-${group}`);
    const title = document.createElement("div");
    title.id = `palette-${group}`;
    title.className = "group";
    title.textContent = GROUPS[group];
    section.append(title, ...hits.map((hit) => this.#option(hit)));
    return section;
  }

  #option(hit) {
    const option = document.createElement("div");
    option.id = `palette-${this.#hits.length}`;
    option.setAttribute("role", "option");
    const name = document.createElement("bdi");
    name.textContent = hit.title;
    option.append(name);
    if (hit.detail) {
      const detail = document.createElement("small");
      detail.textContent = hit.detail;
      option.append(" ", detail);
    }
    const at = this.#hits.length;
    option.addEventListener("pointermove", () => this.#chosen !== at && this.#choose(at));
    option.addEventListener("click", (event) => this.#go(at, event.ctrlKey || event.metaKey));
    this.#hits.push({ ...hit, option });
    return option;
  }

  #say(text) {
    this.#hits = [];
    const line = document.createElement("p");
    line.className = "group";
    line.textContent = text;
    this.#list.replaceChildren(line);
    this.#status.textContent = text;
    this.#choose(-1);
  }

  #choose(at) {
    this.#hits.forEach(({ option }, place) => option.setAttribute("aria-selected", String(place === at)));
    this.#chosen = at;
    if (at < 0) return this.#input.removeAttribute("aria-activedescendant");
    this.#input.setAttribute("aria-activedescendant", this.#hits[at].option.id);
    this.#hits[at].option.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    const last = this.#hits.length - 1;
    const next = { ArrowDown: this.#chosen >= last ? 0 : this.#chosen + 1, ArrowUp: this.#chosen <= 0 ? last : this.#chosen - 1 }[event.key];
    if (next !== undefined && last >= 0) {
      event.preventDefault();
      this.#choose(next);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#go(this.#chosen, event.ctrlKey || event.metaKey);
    }
  }

  #go(at, aside) {
    const hit = this.#hits[at];
    if (!hit) return;
    this.#dialog.close();
    if (hit.run) hit.run();
    else if (aside) open(hit.url, "_blank", "noopener");
    else location.assign(hit.url);
  }
}
