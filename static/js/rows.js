// The rows of a board's table, brought to what an update says: they change in place, glow once and settle.
import { fillEntrant, newEntrant } from "./entrants.js";

const MOVE_MS = 400;
const WHOLE_NUMBERS = ["global", "weekly", "rating", "cohort"];

/**
 * Make the table's body say `rows`, keeping the row elements it has. Whether anything was different.
 * Nothing outside the table moves: rows slide by transform, and their new order is laid out at once.
 */
export function showRows(table, rows, board = table.dataset.board) {
  const body = table.tBodies[0];
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  // A cohort's board may tell nicknames only: its rows are known by those.
  const anonymous = rows.some(({ user_id, house, entrant_id }) => !user_id && !house && !entrant_id);
  const keyOf = anonymous ? nameOf : personOf;
  const before = new Map([...body.rows].map((row) => [keyOf(row), { row, top: row.offsetTop, text: textOf(row) }]));
  const after = rows.map((entry) => {
    const row = before.get(keyOf(entry))?.row ?? (entry.entrant_id ? newEntrant(entry) : newRow(entry));
    fill(row, entry, board);
    return row;
  });
  if (after.length !== body.rows.length || after.some((row, at) => row !== body.rows[at])) {
    body.replaceChildren(...after);
    focused?.focus({ preventScroll: true });
  }
  const changed = after.filter((row) => before.get(keyOf(row))?.text !== textOf(row));
  changed.forEach(glow);
  if (!still()) after.forEach((row) => slide(row, before.get(keyOf(row))?.top ?? row.offsetTop));
  return changed.length > 0 || after.length !== before.size;
}

/** What the row says, whoever wrote it: templates break lines where scripts do not. */
function textOf(row) {
  return row.textContent.replace(/\s+/g, "");
}

/** Whether the reader asked for no movement. */
export function still() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Who a row, or an entry of an update, is about: an entrant, a user, or a house baseline by its name. */
function personOf(one) {
  const { entrantId, userId } = one instanceof Element ? one.dataset : { entrantId: one.entrant_id, userId: one.user_id };
  if (entrantId) return `entrant ${entrantId}`;
  return userId ? String(userId) : `house ${one.username ?? one.querySelector("bdi").textContent}`;
}

function nameOf(one) {
  return one.username ?? one.querySelector("bdi").textContent;
}

/** As rank_row of templates/ui/tables.html writes it. */
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
  } else if (!user_id) {
    name.append(who);
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

function fill(row, entry, board) {
  const { rank, username, score, submitted_at } = entry;
  const [rankCell, name, scoreCell] = row.cells;
  const when = [...row.cells].at(-1);
  if (entry.entrant_id) fillEntrant(row, entry);
  const time = when.querySelector("time");
  rankCell.textContent = rank?.toLocaleString("en") ?? "–";
  name.querySelector("bdi").textContent = username;
  scoreCell.textContent = scoreText(score, WHOLE_NUMBERS.includes(board.split(":")[0]));
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
export function timeText(at) {
  const timeZone = document.body.dataset.timezone ?? "UTC";
  const format = { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
  const parts = new Intl.DateTimeFormat("en-US", { ...format, hourCycle: "h23", timeZone }).formatToParts(at);
  const { day, month, year, hour, minute } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${day} ${month} ${year}, ${hour}:${minute}`;
}

/** The class glows once (parts.css) and is taken off, to be able to glow again. */
export function glow(row) {
  row.classList.remove("changed");
  void row.offsetWidth;
  row.classList.add("changed");
  row.addEventListener("animationend", () => row.classList.remove("changed"), { once: true });
}

function slide(row, from) {
  const moved = from - row.offsetTop;
  if (moved) row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: MOVE_MS, easing: "ease" });
}
