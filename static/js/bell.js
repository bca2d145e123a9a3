// The bell: how much there is to read, in every tab the same, and the latest of it at a click.
import { atMostEvery, currentPage, pictureOf, say, takeOver } from "./page.js";

const SHOWN = 8;
const PAUSE_MS = 500;
const MOST = 99;

export function watchBell(live, bell) {
  const count = bell.querySelector("[data-unread]");
  const words = bell.querySelector("[data-unread-words]");
  let list = null;

  function show(unread) {
    count.hidden = !unread;
    count.textContent = unread > MOST ? `${MOST}+` : unread;
    words.textContent = unread ? `, ${unread > MOST ? `more than ${MOST}` : unread} not read` : "";
  }

  /** What is open of them is read again: the truth is the server's. */
  const again = atMostEvery(PAUSE_MS, async () => {
    if (list?.matches(":popover-open")) fill();
    if (!document.querySelector("[data-notices]")) return;
    const fresh = await currentPage();
    if (fresh) takeOver(fresh, "#notices");
  });

  live.on("notification", (notice) => {
    show(notice.unread);
    if (!notice.quiet) say(notice.title, notice.link || bell.href, notice.icon);
    again();
  });
  live.on("unread", ({ unread }) => {
    show(unread);
    again();
  });
  // What came between the page and its connection, or while that was broken.
  live.on("back", async () => {
    const answer = await ask("/api/v1/notifications?per_page=1");
    if (!answer) return;
    const before = count.textContent;
    show(answer.meta.unread);
    if (count.textContent !== before) again();
  });

  async function fill() {
    const answer = await ask(`/api/v1/notifications?per_page=${SHOWN}`);
    if (!answer) return location.assign(bell.href);
    show(answer.meta.unread);
    const rows = list.querySelector("ul");
    rows.replaceChildren(...answer.data.map((one) => row(one, bell.href)));
    list.querySelector("[data-read-all]").hidden = !answer.meta.unread;
    list.querySelector("[data-none]").hidden = answer.data.length > 0;
    list.dataset.newest = answer.data[0]?.id ?? "";
  }

  function open() {
    list ??= made(bell);
    list.showPopover();
    return fill();
  }

  bell.addEventListener("click", (click) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey || !("popover" in HTMLElement.prototype)) return;
    click.preventDefault();
    if (list?.matches(":popover-open")) list.hidePopover();
    else open();
  });

  // Following one is reading it; the page that it leads to does not wait for that.
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("a[data-notice]");
    if (link) post(`/api/v1/notifications/${link.dataset.notice}/read`, {});
  });

  function made() {
    const panel = Object.assign(document.createElement("div"), { className: "bell-list", popover: "auto" });
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", "Notifications");
    const head = Object.assign(document.createElement("div"), { className: "row spread" });
    const all = Object.assign(document.createElement("button"), { type: "button", className: "bare small", textContent: "Mark all as read" });
    all.dataset.readAll = "";
    all.addEventListener("click", () => post("/api/v1/notifications/read", panel.dataset.newest ? { up_to: Number(panel.dataset.newest) } : {}).then(fill));
    head.append(Object.assign(document.createElement("h2"), { textContent: "Notifications" }), all);
    const none = Object.assign(document.createElement("p"), { className: "muted", textContent: "Nothing yet.", hidden: true });
    none.dataset.none = "";
    const more = Object.assign(document.createElement("a"), { href: bell.href, textContent: "All notifications" });
    panel.append(head, none, document.createElement("ul"), more);
    bell.after(panel);
    return panel;
  }
}

// A burst leads to where all of it stands: following one of it would be reading the others unseen.
function row({ id, title, text, link, icon, more, read_at }, all) {
  const line = document.createElement("li");
  line.className = read_at ? "" : "unread";
  const words = document.createElement("div");
  const name = document.createElement(link || more ? "a" : "span");
  if (link || more) name.href = more ? all : link;
  if (link && !more) name.dataset.notice = id;
  name.textContent = more ? `${title} (and ${more} more)` : title;
  words.append(name);
  if (text) words.append(Object.assign(document.createElement("span"), { className: "small muted", textContent: text }));
  line.append(pictureOf(icon), words);
  return line;
}

async function ask(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // offline: the page says what it knew
  }
}

function post(address, body) {
  return fetch(address, {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
    body: JSON.stringify(body),
  }).catch(() => null);
}
