// A row of a competition's board, as the macro entrant_row of templates/competitions/standings.html writes it.

/** Who an entrant's row is about: a person, a team with its members, or a house baseline. */
export function newEntrant(entry) {
  const row = document.createElement("tr");
  const [rank, name, score, trend, entries, when] = ["td", "th", "td", "td", "td", "td"].map((tag) => document.createElement(tag));
  const mine = entry.members.some(({ user_id }) => String(user_id) === document.body.dataset.user);
  row.dataset.entrantId = entry.entrant_id;
  name.scope = "row";
  rank.className = score.className = "number";
  trend.className = "trend";
  entries.className = "number entries";
  when.append(document.createElement("time"));
  name.append(entry.user_id ? profile(entry.user_id, entry.username) : isolated(entry.username));
  if (entry.house) {
    row.className = "house";
    name.append(" ", small("house baseline"));
  } else if (mine) {
    row.className = "me";
    name.append(" ", small(entry.team ? "your team" : "you are here"));
  }
  if (entry.team && entry.members.length) {
    const members = small("", "members");
    entry.members.forEach(({ user_id, username }, place) => members.append(place ? ", " : "", profile(user_id, username)));
    name.append(" ", members);
  }
  row.append(rank, name, score, trend, entries, when);
  return row;
}

/** What of it changes besides rank, name, score and time. */
export function fillEntrant(row, { track, entries }) {
  row.cells[4].textContent = entries.toLocaleString("en");
  const drawn = track.join(" ");
  if (row.dataset.track === drawn) return;
  row.dataset.track = drawn;
  row.cells[3].replaceChildren(rankLine(track));
}

/** Where a row stood over time, the first place at the top: as the macro rank_line draws it. */
function rankLine(track) {
  if (track.length < 2) return Object.assign(document.createElement("span"), { className: "muted", textContent: "–", ariaHidden: "true" });
  const [best, worst] = [Math.min(...track), Math.max(...track)];
  const at = track.map((rank, place) => [(100 * place) / (track.length - 1), best === worst ? 50 : (100 * (rank - best)) / (worst - best)]);
  const words = `Rank over time: from ${track[0]} to ${track.at(-1)}, the best ${best}`;
  const whole = svg("svg", { class: "sparkline", width: 96, height: 24, viewBox: "0 0 96 24", role: "img", "aria-label": words });
  const line = svg("svg", { x: 3, y: 4, width: 90, height: 16, viewBox: "0 0 100 100", preserveAspectRatio: "none" });
  line.append(svg("path", { class: "line", d: `M${at.map((point) => point.join(" ")).join("L")}` }));
  const end = svg("svg", { x: 3, y: 4, width: 90, height: 16 });
  end.append(svg("circle", { class: "end", cx: `${at.at(-1)[0]}%`, cy: `${at.at(-1)[1]}%`, r: 2.5 }));
  whole.append(line, end);
  return whole;
}

function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function profile(userId, name) {
  const link = Object.assign(document.createElement("a"), { href: `/users/${userId}` });
  link.append(isolated(name));
  return link;
}

function isolated(name) {
  return Object.assign(document.createElement("bdi"), { textContent: name });
}

function small(text, className = "") {
  return Object.assign(document.createElement("small"), { textContent: text, className });
}
