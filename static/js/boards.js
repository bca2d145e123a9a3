// Boards that move while one looks at them: rows change in place, glow once and settle.
import { announcer, atMostEvery, currentPage } from "./page.js";

const MOVE_MS = 400;
const XP_BOARDS = ["global", "weekly"];
const SUMMARY_MS = 5000;
// A page further down, or one's own row below the page, is read from the server, and not by all at once.
const REFRESH_MS = 5000;

/** The boards on this page: tables, or the line that stands for an empty one. */
export function boards() {
  return [...document.querySelectorAll("[data-board]")];
}

export function watchBoards(live) {
  const names = new Set(boards().map((board) => board.dataset.board));
  if (!names.size) return;

  const seen = new Map(); // board → when what we show was read: a late update never undoes a newer one
  const announce = announcer();
  const summarise = atMostEvery(SUMMARY_MS, () => announce(leader()));
  const refresh = atMostEvery(REFRESH_MS, () => setTimeout(refreshBoards, (Math.random() * REFRESH_MS) / 2));

  function show(update) {
    const { board: name, changed_at } = update;
    if (!names.has(name) || changed_at <= (seen.get(name) ?? "")) return;
    seen.set(name, changed_at);
    for (const board of boards()) {
      if (board.dataset.board !== name) continue;
      if (!canShow(board)) refresh();
      else if (showRows(board, update)) summarise();
      if (board.tFoot) refresh();
    }
  }

  live.on("leaderboard", show);
  live.on("back", () => names.forEach((name) => live.join(name, show)));
}

/** The first page of a board that has rows to take the form from. Other pages are read again. */
function canShow(board) {
  return board.dataset.page === "1" && board.tBodies?.[0]?.rows.length > 0;
}

async function refreshBoards() {
  const fresh = await currentPage();
  if (!fresh) return;
  for (const board of boards()) {
    const other = [...fresh.querySelectorAll("[data-board]")].find((one) => one.dataset.board === board.dataset.board);
    if (!other) continue;
    const whole = board.closest(".table-scroll") ?? board;
    whole.replaceWith(other.closest(".table-scroll") ?? other);
  }
}

/** Make the table's body say `update`, keeping the rows it has. Whether anything was different. */
function showRows(table, { board, rows, total }) {
  const body = table.tBodies[0];
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  const before = new Map([...body.rows].map((row) => [keyOf(row), { row, top: row.offsetTop, text: row.textContent }]));
  const after = rows.slice(0, Number(table.dataset.perPage)).map((entry) => {
    const row = before.get(keyOf(entry))?.row ?? newRow(entry);
    fill(row, entry, board);
    return row;
  });
  if (after.length !== body.rows.length || after.some((row, at) => row !== body.rows[at])) {
    body.replaceChildren(...after);
    focused?.focus({ preventScroll: true });
  }
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const changed = after.filter((row) => before.get(keyOf(row))?.text !== row.textContent);
  changed.forEach(glow);
  if (!still) after.forEach((row) => slide(row, before.get(keyOf(row))?.top ?? row.offsetTop));
  table.querySelector("[data-total]")?.replaceChildren(total.toLocaleString("en"));
  if (after.some((row) => row.classList.contains("me"))) table.tFoot?.remove();
  return changed.length > 0;
}

/** Who a row, or an entry of an update, is about: a user, or a house baseline by its name. */
function keyOf(one) {
  if (one instanceof Element) return one.dataset.userId ?? `house ${one.querySelector("bdi").textContent}`;
  return one.house ? `house ${one.username}` : String(one.user_id);
}

/** As templates/boards/rows.html writes it. */
function newRow({ user_id, house }) {
  const row = document.createElement("tr");
  const [rank, name, score, when] = ["td", "th", "td", "td"].map((tag) => document.createElement(tag));
  const who = document.createElement("bdi");
  name.scope = "row";
  rank.className = score.className = "number";
  when.append(document.createElement("time"));
  if (house) {
    row.className = "house";
    name.append(who, " ", small("house baseline"));
  } else {
    row.dataset.userId = user_id;
    const profile = document.createElement("a");
    profile.href = `/users/${user_id}`;
    profile.append(who);
    name.append(profile);
    if (String(user_id) === document.body.dataset.user) {
      row.className = "me";
      name.append(" ", small("you are here"));
    }
  }
  row.append(rank, name, score, when);
  return row;
}

function small(text) {
  const element = document.createElement("small");
  element.textContent = text;
  return element;
}

function fill(row, { rank, username, score, submitted_at }, board) {
  const [rankCell, name, scoreCell, when] = row.cells;
  const time = when.querySelector("time");
  rankCell.textContent = rank ?? "–";
  name.querySelector("bdi").textContent = username;
  scoreCell.textContent = scoreText(score, XP_BOARDS.includes(board));
  if (Date.parse(time.dateTime) === Date.parse(submitted_at)) return;
  time.dateTime = submitted_at;
  time.textContent = timeText(new Date(submitted_at));
}

/** As the filter `score` of core/templates.py. */
function scoreText(score, isXp) {
  const digits = isXp ? 0 : Math.abs(score) < 1000 ? 4 : 1;
  return score.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** As the filter `local_time`: in the reader's own zone, "21 Nov 2026, 05:10". */
function timeText(at) {
  const timeZone = document.body.dataset.timezone ?? "UTC";
  const format = { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
  const parts = new Intl.DateTimeFormat("en-US", { ...format, hourCycle: "h23", timeZone }).formatToParts(at);
  const { day, month, year, hour, minute } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${day} ${month} ${year}, ${hour}:${minute}`;
}

/** The class glows once (arena.css) and is taken off, to be able to glow again. */
function glow(row) {
  row.classList.remove("changed");
  void row.offsetWidth;
  row.classList.add("changed");
  row.addEventListener("animationend", () => row.classList.remove("changed"), { once: true });
}

function slide(row, from) {
  const moved = from - row.offsetTop;
  if (moved) row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: MOVE_MS, easing: "ease" });
}

/** One sentence for those who do not see the rows move. */
function leader() {
  const first = document.querySelector("[data-board] tbody tr:not(.house)");
  const own = document.querySelector("[data-board] tr.me");
  if (!first) return "";
  const leads = `${first.querySelector("bdi").textContent} leads with ${first.cells[2].textContent}.`;
  return own && own !== first ? `${leads} You are at rank ${own.cells[0].textContent}.` : leads;
}
