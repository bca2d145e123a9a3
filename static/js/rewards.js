// What a verdict earned, as one sees it: XP counted up, the level's bar moving, a moment for a badge. Calm, said
// politely to those who listen, and at once where no movement is wanted.
import { still } from "./rows.js";

const COUNT_MS = 900;
const MOST_BADGES = 2;

/** The header and whatever else shows the learner's standing, brought to what `reward` says. */
export function earn(reward) {
  if (!reward || !("xp_total" in reward)) return;
  show({
    xp: reward.xp_total,
    level: reward.level,
    into: reward.xp_into,
    needed: reward.xp_needed,
    streak: reward.streak,
  });
}

/** The same, from a page that was read afresh. */
export function earnFrom(fresh) {
  const bar = fresh.querySelector("progress[data-level-bar]");
  const xp = fresh.querySelector("[data-xp]");
  if (!bar || !xp) return;
  show({
    xp: numberIn(xp),
    level: numberIn(fresh.querySelector("[data-level]")),
    into: bar.value,
    needed: bar.max,
    streak: fresh.querySelector("[data-streak]") ? numberIn(fresh.querySelector("[data-streak]")) : null,
  });
}

/** What is more than XP, in lines for a toast: levels that open, badges with their meaning. */
export function moments({ new_badges: badges = [], badges: count = 0, opened_levels: levels = [], level, level_before: before } = {}) {
  const lines = [];
  const opened = levels.map(({ name }) => `“${name}” is open: there are new quests for you.`).join(" ");
  const reached = level > before ? `You are level ${level} now.` : "";
  if (reached || opened) lines.push({ text: `${reached} ${opened}`.trim(), href: opened ? "/quests" : null, picture: "star" });
  badges.slice(0, MOST_BADGES).forEach(({ name, description, icon }, place, told) => {
    const rest = place === told.length - 1 && count > told.length ? ` And ${count - told.length} more.` : "";
    lines.push({ text: `New badge: ${name}. ${description}${rest}`, href: `/users/${document.body.dataset.user}#badges`, picture: icon || "award" });
  });
  return lines;
}

/** Numbers that were just put into the page count up from nothing. */
export function countIn(part) {
  for (const number of part.querySelectorAll("[data-count-up]")) count(number, 0, numberIn(number));
}

function show({ xp, level, into, needed, streak }) {
  for (const one of document.querySelectorAll("[data-xp]")) count(one, numberIn(one), xp);
  for (const one of document.querySelectorAll("[data-level]")) one.textContent = level;
  for (const bar of document.querySelectorAll("progress[data-level-bar]")) {
    bar.max = needed;
    bar.value = into;
    bar.setAttribute("aria-label", `To level ${level + 1}`);
  }
  for (const one of document.querySelectorAll("[data-level-way]")) one.textContent = way(level, into, needed);
  if (streak) for (const one of document.querySelectorAll("[data-streak]")) one.textContent = streak;
}

/** As level_bar of templates/ui/parts.html says it. */
function way(level, into, needed) {
  return `${into.toLocaleString("en")} of ${needed.toLocaleString("en")} XP to level ${level + 1}`;
}

function numberIn(element) {
  return Number(element?.textContent.replaceAll(/\D/g, "") || 0);
}

const running = new WeakMap();

function count(element, from, to) {
  cancelAnimationFrame(running.get(element));
  const write = (value) => (element.textContent = Math.round(value).toLocaleString("en"));
  if (still() || from === to) return write(to);
  const began = performance.now();
  const step = (now) => {
    const done = Math.min(1, (now - began) / COUNT_MS);
    write(from + (to - from) * (1 - (1 - done) ** 3));
    if (done < 1) running.set(element, requestAnimationFrame(step));
  };
  running.set(element, requestAnimationFrame(step));
}
