// Matches on a page: clocks that run down, scores that come, and the forecast's form.
import { watchCountdowns } from "./countdown.js";
import { watchForecast } from "./forecast.js";
import { announcer, atMostEvery, currentPage, sayAll, takeOver } from "./page.js";
import { earnFrom } from "./rewards.js";

const READ_MS = 2000;
// What has changed on a page that many look at is not read by all of them at once.
const SPREAD_MS = 1500;
// Without a socket a match that is under way is looked at now and then.
const POLL_MS = 60000;

let announce = () => {};

export function watchMatches(live) {
  announce = announcer();
  const leagues = new Set();
  for (const { dataset } of document.querySelectorAll("[data-matches]")) dataset.matches.split(" ").filter(Boolean).forEach((id) => leagues.add(id));
  const read = atMostEvery(READ_MS, () => setTimeout(readAgain, Math.random() * SPREAD_MS));

  live.on("match", ({ id, league_id }) => {
    const own = document.querySelector("[data-match]");
    if (own ? Number(own.dataset.match) === id : leagues.has(String(league_id))) read();
  });
  // A board moves when a match of its league is settled.
  live.on("leaderboard", ({ board }) => {
    const own = document.querySelector("[data-match]");
    if (board.startsWith("forecasts:") && leagues.has(board.slice(10)) && !(own && "settled" in own.dataset && !waitsForPrize())) read();
  });
  const join = () => leagues.forEach((id) => live.join(`forecasts:${id}`, () => {}));
  live.on("back", () => {
    join();
    if (underWay()) read();
  });
  if (live.connected) join(); // it was quicker than we
  watchCountdowns(read);
  watchForm();
  setInterval(() => underWay() && !live.connected && !document.hidden && read(), POLL_MS);
}

/** A match that has begun and is not settled yet. */
function underWay() {
  const own = document.querySelector("[data-match]:not([data-settled])");
  return own ? !document.querySelector("form[data-forecast]") : document.querySelector(".match.live") !== null;
}

/** The season's part of the page moves with every match that is settled in it. */
function waitsForPrize() {
  return document.querySelector(".season-so-far") !== null;
}

async function readAgain() {
  const fresh = await currentPage();
  if (!fresh) return;
  earnFrom(fresh);
  for (const { id } of document.querySelectorAll("[data-matches]:not([data-match])")) takeOver(fresh, `#${id}`);
  const own = document.querySelector("[data-match]");
  if (!own) return;
  const before = own.querySelector(".result").textContent;
  const wasSettled = "settled" in own.dataset;
  takeOver(fresh, "#match-state");
  if (own.querySelector(".result").textContent !== before) {
    glow(own);
    announce(own.querySelector("h1").textContent.replace(/\s+/g, " "));
  }
  const typing = document.querySelector("form[data-forecast][data-changed]");
  // What somebody is in the middle of saying stays, as long as it can still be said.
  if (typing && fresh.querySelector("form[data-forecast]")) return;
  const earned = badgesIn(document);
  takeOver(fresh, "#yours");
  takeOver(fresh, ".match-story");
  watchForm();
  const fromNow = badgesIn(document).filter((name) => !earned.includes(name));
  const badges = fromNow.map((name) => ({ text: `New badge: ${name}.`, href: `/users/${document.body.dataset.user}#badges`, picture: "award" }));
  sayAll([...(wasSettled || !("settled" in own.dataset) ? [] : scoreLine()), ...badges]);
}

function badgesIn(root) {
  return [...root.querySelectorAll("[data-earned]")].map(({ dataset }) => dataset.earned);
}

function scoreLine() {
  const score = document.querySelector(".scored .hero")?.textContent;
  return score ? [{ text: `It is over: ${score} points against the house.`, picture: "flag" }] : [];
}

function glow(element) {
  element.classList.remove("match-state-glow");
  void element.offsetWidth;
  element.classList.add("match-state-glow");
}

function watchForm() {
  const form = document.querySelector("form[data-forecast]");
  if (form) watchForecast(form);
}
