// What a training prints, on the pages that show it: from the socket, and by asking where a piece is missing.
//
//   <pre data-console="RUN" data-seq="3" data-source="/api/…">   the run, its last piece shown, where to read on

const POLL_MS = 1000;
const POLL_BESIDE_SOCKET_MS = 5000;
const REMEMBERED = 200;

/** Fill every console that is, or comes to be, on this page. `ended(status)` hears that a run is over. */
export function watchConsoles(live, ended) {
  const heard = []; // pieces may come before the page shows their console

  live.on("training", (piece) => {
    heard.push(piece);
    if (heard.length > REMEMBERED) heard.shift();
    show(piece);
  });
  live.on("back", catchUp);
  new MutationObserver((changes) => {
    if (changes.some(({ addedNodes }) => [...addedNodes].some((node) => node.querySelector?.("[data-console]")))) heard.forEach(show);
  }).observe(document.getElementById("main"), { childList: true, subtree: true });

  (function poll() {
    setTimeout(async () => {
      if (!document.hidden) await catchUp();
      poll();
    }, live.connected ? POLL_BESIDE_SOCKET_MS : POLL_MS);
  })();

  async function catchUp() {
    const console = document.querySelector("[data-console]");
    if (!console) return;
    const run = console.dataset.console;
    const query = new URLSearchParams({ run: run.split(":").at(-1), after: console.dataset.seq });
    try {
      const answer = await fetch(`${console.dataset.source}?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) return void (answer.status === 404 && ended("gone"));
      const { data } = await answer.json();
      // Pieces may have come by the socket meanwhile; what is longer is newer.
      if (nameOf(data) !== run) return void ended("again");
      if (data.seq > Number(console.dataset.seq) && Number(query.get("after")) === Number(console.dataset.seq)) {
        write(console, data);
      }
      if (data.status !== "queued" && data.status !== "running") ended(data.status);
    } catch {
      // offline: asked again soon
    }
  }

  function show(piece) {
    const console = document.querySelector(`[data-console="${CSS.escape(nameOf(piece))}"]`);
    if (!console || piece.seq <= Number(console.dataset.seq)) return;
    if (piece.seq === Number(console.dataset.seq) + 1) write(console, piece);
    else catchUp();
  }
}

function nameOf({ submission_id, run, id }) {
  return submission_id ? `${submission_id}:${run}` : (run ?? id);
}

function write(console, { seq, text }) {
  const atEnd = console.scrollHeight - console.scrollTop - console.clientHeight < 8;
  console.firstElementChild.append(text);
  console.dataset.seq = seq;
  if (atEnd) console.scrollTop = console.scrollHeight;
}
