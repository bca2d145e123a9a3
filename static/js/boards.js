// Boards that move while one looks at them, the league around oneself too. Never under the pointer: what comes
// meanwhile waits until it has gone.
import { announcer, atMostEvery, currentPage } from "./page.js";
import { showRows } from "./rows.js";

const SUMMARY_MS = 5000;
// A page further down, or one's own row below the page, is read from the server, and not by all at once.
const REFRESH_MS = 5000;

/** The boards on this page that follow the present: tables, or the line that stands for an empty one. */
export function boards() {
  return [...document.querySelectorAll("[data-board]:not([data-at])")];
}

export function watchBoards(live) {
  const names = new Set([...document.querySelectorAll("[data-board]")].map((board) => board.dataset.board));
  if (!names.size) return;

  const seen = new Map(); // board → when what we show was read: a late update never undoes a newer one
  const announce = announcer();
  const news = new Set();
  const summarise = atMostEvery(SUMMARY_MS, () => {
    announce([...news].filter((table) => table.isConnected).map(summary).join(" "));
    news.clear();
  });
  const refresh = atMostEvery(REFRESH_MS, () => setTimeout(refreshBoards, (Math.random() * REFRESH_MS) / 2));
  const refreshLeagues = atMostEvery(REFRESH_MS, () => setTimeout(readLeagues, (Math.random() * REFRESH_MS) / 2));

  function show(update) {
    const { board: name, changed_at } = update;
    if (!names.has(name) || changed_at <= (seen.get(name) ?? "")) return;
    seen.set(name, changed_at);
    for (const board of boards()) {
      if (board.dataset.board !== name) continue;
      if (isFinal(update) && board.matches(".standings:not([data-final])")) dispatchEvent(new Event("board-final"));
      else if (board.dataset.around) showLeague(board, update);
      else if (canShow(board)) change(board, update.rows.slice(0, Number(board.dataset.perPage)), update.total);
      else refresh();
      if (board.tFoot) refresh();
    }
  }

  function change(table, rows, total) {
    whenFree(table, () => {
      if (showRows(table, rows)) news.add(table);
      table.querySelector("[data-total]")?.replaceChildren(total.toLocaleString("en"));
      const own = table.tBodies[0].querySelector("tr.me");
      if (own) {
        table.tFoot?.remove();
        table.querySelector("[data-own-rank]")?.replaceChildren(own.cells[0].textContent);
      }
      if (news.size) summarise();
    });
  }

  /** The rows around oneself: out of the update where they are in it, else from the server. */
  function showLeague(table, { rows, total }) {
    const around = Number(table.dataset.around);
    const own = rows.findIndex(isOwn);
    const there = own >= 0 && (own + 2 * around < rows.length || rows.length === total);
    if (there) change(table, leagueIn(rows, around), total);
    else refreshLeagues();
  }

  async function readLeagues() {
    for (const table of boards().filter((board) => board.dataset.around)) {
      const around = Number(table.dataset.around);
      const found = await readBoard(table.dataset.board, { around: 2 * around });
      const total = Number(table.querySelector("[data-total]")?.textContent.replaceAll(/\D/g, ""));
      if (found?.data.some(isOwn)) change(table, leagueIn(found.data, around), total);
    }
  }

  live.on("leaderboard", show);
  live.on("back", () => names.forEach((name) => live.join(name, show)));
}

function isOwn({ user_id }) {
  return String(user_id) === document.body.dataset.user;
}

/** As BoardPage.closer: so many rows on either side of one's own, more on the other where the board ends. */
function leagueIn(rows, around) {
  const first = Math.max(0, Math.min(rows.findIndex(isOwn) - around, rows.length - (2 * around + 1)));
  return rows.slice(first, first + 2 * around + 1);
}

/** A board as the API has it, or null if it cannot be had just now. */
export async function readBoard(name, wanted = {}) {
  const [kind, id] = name.split(":");
  const query = new URLSearchParams(wanted);
  if (id) query.set(kind, id);
  else if (kind === "weekly") query.set("period", "week");
  try {
    const answer = await fetch(`/api/v1/leaderboard?${query}`, { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // offline: the next update asks again
  }
}

/** Read the page again, and put its boards in place of ours. */
export async function refreshBoards() {
  const fresh = await currentPage();
  if (!fresh) return;
  const theirs = [...fresh.querySelectorAll("[data-board]:not([data-at])")];
  for (const board of boards()) {
    const other = theirs.find((one) => placeOf(one) === placeOf(board));
    if (other) whenFree(board, () => wholeOf(board).replaceWith(wholeOf(other)));
  }
}

function placeOf({ dataset }) {
  return `${dataset.board} ${dataset.around ?? ""}`;
}

function wholeOf(board) {
  return board.closest(".table-scroll") ?? board;
}

/** Whether a competition's private board is told: its rows say where they stood before. */
function isFinal({ rows }) {
  return rows.some(({ public_rank }) => public_rank != null);
}

/** The first page of a board that has rows to take the form from. Other pages, private boards, and boards with
    drawings in their rows are read again. */
function canShow(board) {
  return board.dataset.page === "1" && !("final" in board.dataset) && !("readAgain" in board.dataset) && board.tBodies?.[0]?.rows.length > 0;
}

const waiting = new WeakMap();

/** Do `act` when no pointer rests on the board: now, or the last of several when it has gone. */
function whenFree(board, act) {
  if (!board.matches("table:hover") || !matchMedia("(hover: hover)").matches) return act();
  if (!waiting.has(board)) {
    board.dataset.waits = "";
    const free = () => {
      delete board.dataset.waits;
      waiting.get(board)();
      waiting.delete(board);
    };
    board.addEventListener("pointerleave", free, { once: true });
  }
  waiting.set(board, act);
}

/** One sentence for those who do not see the rows move. */
function summary(table) {
  const rank = table.querySelector("[data-own-rank]")?.textContent;
  if (rank) return `You are number ${rank}.`;
  const first = table.querySelector("tbody tr:not(.house)");
  const own = table.querySelector("tr.me");
  if (!first) return "";
  const leads = `${first.querySelector("bdi").textContent} leads with ${first.cells[2].textContent}.`;
  return own && own !== first ? `${leads} You are at rank ${own.cells[0].textContent}.` : leads;
}
