// The activity feed: what happens while the page is open comes in at the top.
import { pictureOf } from "./page.js";
import { glow } from "./rows.js";

export function watchFeed(live, list) {
  const none = list.parentElement.querySelector("[data-feed-none]");
  live.on("back", () => live.follow(list.dataset.feed));
  live.on("activity", (event) => {
    list.querySelector(`[data-event="${event.id}"]`)?.remove();
    const line = lineOf(event);
    list.prepend(line);
    while (list.children.length > Number(list.dataset.most)) list.lastElementChild.remove();
    if (none) none.hidden = true;
    glow(line);
  });
}

/** As templates/activity/feed.html says it. */
function lineOf({ id, username, words, title, link, icon, at }) {
  const line = document.createElement("li");
  line.dataset.event = id;
  const said = document.createElement("span");
  if (username) said.append(Object.assign(document.createElement("bdi"), { textContent: username }), ` ${words} `);
  said.append(link ? Object.assign(document.createElement("a"), { href: link, textContent: title }) : title);
  if (!username) said.append(` ${words}`);
  const zone = document.body.dataset.timezone || "UTC";
  const when = new Date(at).toLocaleString("en-GB", { timeZone: zone, day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  const time = Object.assign(document.createElement("time"), { className: "small muted", dateTime: at, textContent: when });
  line.append(pictureOf(icon, 16), said, time);
  return line;
}
