// A code editor over a plain <textarea>, which stays the form's field and is all there is without scripts.
//
//   <textarea data-editor="python">                      what it is written in: python or sql
//   <textarea data-editor="sql" data-dialect="sqlite">   sqlite, postgresql, or neither
//   <textarea data-tables='{"team": ["id"]}'>            tables and their columns, offered while one writes
//   <textarea data-draft="quest:7">                      keeps a draft in this browser, under that name
//   <textarea data-asked-for>                            what the server sent goes before the draft, this once
//   <button data-key="Mod-Enter">                        of its form: pressed by that key in the editor
//   <button data-reset> and <template data-starter>      of its form: back to the first text
//   [data-keys]                                          of its form: what the keys do, shown when they do it
import { keepDraft } from "./drafts.js";

const LEAVE_MS = 10000;
const MAC = /mac|iphone|ipad/i.test(navigator.platform);
const editors = new WeakMap();

/** The editor of a textarea: `text`, `mark(line, message)`, `unmark()`, `go(line)`, `focus()`. */
export function editorOf(textarea) {
  if (!editors.has(textarea)) editors.set(textarea, new Editor(textarea));
  return editors.get(textarea);
}

class Editor {
  #area;
  #view = null;
  #library = null;
  #marked = null;
  #language = null;

  constructor(textarea) {
    this.#area = textarea;
    const form = textarea.form;
    if ("draft" in textarea.dataset) keepDraft(textarea, (text) => (this.text = text));
    textarea.addEventListener("keydown", (event) => this.#press(event));
    form.querySelectorAll("[data-keys]").forEach((words) => (words.hidden = false));
    if (MAC) form.querySelectorAll("[data-mod]").forEach((key) => (key.textContent = "⌘"));
    this.#whenSeen(() => import("../vendor/codemirror/codemirror.esm.min.js").then((library) => this.#build(library)));
  }

  get text() {
    return this.#area.value;
  }

  set text(text) {
    if (this.#view) {
      this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
    } else {
      this.#area.value = text;
      this.#area.dispatchEvent(new Event("input"));
    }
  }

  /** Which SQL it is, from now on. */
  set dialect(name) {
    this.#area.dataset.dialect = name;
    if (this.#view) this.#view.dispatch({ effects: this.#language.reconfigure(language(this.#library, this.#area.dataset)) });
  }

  focus() {
    (this.#view ?? this.#area).focus();
  }

  /** Underline a line and say why; shown until the next mark. */
  mark(line, message) {
    this.#marked = { line, message };
    if (!this.#view || line > this.#view.state.doc.lines) return;
    const { from, to, text } = this.#view.state.doc.line(line);
    const start = from + text.search(/\S|$/);
    const found = { from: start === to ? from : start, to, severity: "error", message };
    this.#view.dispatch(this.#library.setDiagnostics(this.#view.state, [found]));
  }

  unmark() {
    this.#marked = null;
    if (this.#view) this.#view.dispatch(this.#library.setDiagnostics(this.#view.state, []));
  }

  /** Put the cursor on a line. */
  go(line) {
    if (this.#view) {
      const { to } = this.#view.state.doc.line(Math.min(line, this.#view.state.doc.lines));
      this.#view.dispatch({ selection: { anchor: to }, scrollIntoView: true });
    } else {
      const end = this.text.split("\n").slice(0, line).join("\n").length;
      this.#area.setSelectionRange(end, end);
    }
    this.focus();
  }

  /** The library is as heavy as the rest of the page: it comes when the editor comes into view. */
  #whenSeen(load) {
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      seen.disconnect();
      load().catch(() => console.info("The editor could not be loaded; the plain field works as well."));
    }, { rootMargin: "200px" });
    seen.observe(this.#area);
  }

  #build(library) {
    const area = this.#area;
    this.#library = library;
    const { Compartment, EditorState, EditorView } = library;
    this.#language = new Compartment();
    // In a shadow root the library puts its styles into adopted sheets, which the page's policy allows.
    const host = document.createElement("div");
    host.className = "editor";
    host.style.height = `${area.offsetHeight}px`;
    const root = host.attachShadow({ mode: "open" });
    const focused = area === document.activeElement;
    const state = EditorState.create({
      doc: area.value,
      selection: { anchor: Math.min(area.selectionStart, area.value.length) },
      extensions: [
        this.#keys(library),
        behaviour(library),
        this.#language.of(language(library, area.dataset)),
        looks(library),
        EditorView.contentAttributes.of({
          "aria-label": area.labels[0]?.textContent.trim() ?? "Code",
          "aria-description": "Tab indents. Press Escape, then Tab, to leave the editor.",
          spellcheck: "false",
          tabindex: "0",
        }),
        EditorView.updateListener.of(({ docChanged, state: { doc } }) => {
          if (!docChanged) return;
          area.value = doc.toString();
          area.dispatchEvent(new Event("input"));
        }),
      ],
    });
    area.before(host);
    area.hidden = true;
    this.#view = new EditorView({ state, parent: root, root });
    area.labels[0]?.addEventListener("click", () => this.focus());
    if (focused) this.focus();
    if (this.#marked) this.mark(this.#marked.line, this.#marked.message);
  }

  #keys({ Prec, keymap }) {
    const buttons = [...this.#area.form.querySelectorAll("[data-key]")];
    const bindings = buttons.map((button) => ({ key: button.dataset.key, run: () => (this.#area.form.requestSubmit(button), true) }));
    // Whatever else Escape closes: the Tab after it leaves the editor, for those who have no mouse.
    bindings.push({ key: "Escape", run: (view) => (view.setTabFocusMode(LEAVE_MS), false) });
    return Prec.highest(keymap.of(bindings));
  }

  /** The same keys in the plain field. */
  #press(event) {
    if (event.key !== "Enter" || !(MAC ? event.metaKey : event.ctrlKey)) return;
    const wanted = event.shiftKey ? "Shift-Mod-Enter" : "Mod-Enter";
    const button = this.#area.form.querySelector(`[data-key="${wanted}"]`);
    if (!button) return;
    event.preventDefault();
    this.#area.form.requestSubmit(button);
  }
}

function behaviour(library) {
  const { EditorState, EditorView, keymap } = library;
  return [
    library.lineNumbers(),
    library.history(),
    library.drawSelection(),
    library.indentOnInput(),
    library.bracketMatching(),
    library.closeBrackets(),
    library.autocompletion(),
    library.highlightActiveLine(),
    EditorView.domEventHandlers({ beforeinput: typedOverSelection }),
    EditorState.tabSize.of(4),
    library.indentUnit.of("    "),
    keymap.of([
      ...library.closeBracketsKeymap,
      ...library.completionKeymap,
      ...library.historyKeymap,
      ...library.defaultKeymap,
      library.indentWithTab,
    ]),
  ];
}

/** Left to itself, Chromium styles what it puts in a selection's place inline, which the page's policy forbids. */
function typedOverSelection({ inputType, data, isComposing }, view) {
  const { from, to, empty } = view.state.selection.main;
  if (inputType !== "insertText" || !data || isComposing || empty) return false;
  const insert = () => view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
  const handlers = view.state.facet(view.constructor.inputHandler);
  if (!handlers.some((handler) => handler(view, from, to, data, insert))) view.dispatch(insert());
  return true;
}

function language(library, { editor, dialect, tables }) {
  if (editor === "python") return library.python();
  const dialects = { sqlite: library.SQLite, postgresql: library.PostgreSQL };
  const schema = JSON.parse(tables ?? "{}");
  const support = library.sql({ dialect: dialects[dialect] ?? library.StandardSQL, upperCaseKeywords: true, schema });
  return [support, support.language.data.of({ autocomplete: columnsOf(schema) })];
}

/** Columns by their bare names: behind a table's name and a dot the library offers them itself. */
function columnsOf(schema) {
  const owners = {};
  for (const [table, columns] of Object.entries(schema)) for (const column of columns) (owners[column] ??= []).push(table);
  const options = Object.entries(owners).map(([label, of]) => ({ label, detail: of.join(", "), type: "property", boost: 1 }));
  return (context) => {
    const word = context.matchBefore(/[\w.]+/);
    if (word ? word.text.includes(".") : !context.explicit) return null;
    return { from: word?.from ?? context.pos, options, validFor: /^\w*$/ };
  };
}

/** In the page's own tokens, so that it is light or dark as the page is. */
function looks({ EditorView, HighlightStyle, syntaxHighlighting, tags }) {
  const theme = EditorView.theme({
    "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "var(--t2)" },
    "&.cm-focused": { outline: "none" },
    ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
    ".cm-content": { padding: "var(--s2) 0", caretColor: "var(--text)" },
    ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-soft)" },
    ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 6%, transparent)" },
    ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none" },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
    "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--danger-soft)", color: "var(--danger)" },
    ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-strong)", borderRadius: "var(--radius-s)" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
    ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
    ".cm-diagnostic": { fontFamily: "var(--sans)", maxWidth: "40ch" },
    ".cm-diagnostic-error": { borderLeftColor: "var(--danger)" },
    ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--danger)", textUnderlineOffset: "3px" },
  });
  const colours = HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.self], color: "var(--accent)" },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--success)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--warning)" },
    { tag: [tags.comment], color: "var(--muted)", fontStyle: "italic" },
    { tag: [tags.definition(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.className], fontWeight: "600" },
    { tag: [tags.invalid], color: "var(--danger)" },
  ]);
  return [theme, syntaxHighlighting(colours)];
}
