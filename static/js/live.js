// One connection for the whole page. Everything it says is a hint: after a break the parts read the truth.

// A restarted server is not met by everyone at once.
const SPREAD_MS = 2000;

/**
 * The page's connection: `on(event, listener)`, `join(board, answered)`, `connected`. Besides the
 * server's events there is `back`: connected, or connected again, or told that something was missed.
 */
export function connect() {
  const page = new Page();
  import("../vendor/socket.io/socket.io.esm.min.js").then(
    ({ io }) => page.attach(io({ transports: ["websocket"], reconnectionDelayMax: 10000 })),
    () => console.info("Live updates are off: reload the page to see what is new."),
  );
  return page;
}

class Page extends EventTarget {
  #socket = null;

  get connected() {
    return this.#socket?.connected ?? false;
  }

  on(event, listener) {
    this.addEventListener(event, ({ detail }) => listener(detail));
  }

  /** Watch a board; `answered` gets its first rows as they are now. To be asked after every `back`. */
  join(board, answered) {
    this.#socket?.emit("join", { board }, (answer) => answer?.rows && answered(answer));
  }

  /** Say that this page shows a submission, so that its verdict is told nowhere else. After every `back`. */
  look(submission) {
    this.#socket?.emit("join", { submission });
  }

  /** Hear what happens in a feed. After every `back`. */
  follow(feed) {
    this.#socket?.emit("join", { feed });
  }

  attach(socket) {
    this.#socket = socket;
    const tell = (event, detail) => this.dispatchEvent(new CustomEvent(event, { detail }));
    for (const event of ["verdict", "case", "training", "try", "progress", "leaderboard", "match", "notification", "unread", "activity"]) {
      socket.on(event, (payload) => tell(event, payload));
    }
    socket.on("connect", () => tell("back"));
    socket.on("resync", () => setTimeout(() => tell("back"), Math.random() * SPREAD_MS));
    socket.on("error", ({ message }) => console.info(message));
    socket.on("disconnect", (reason) => {
      // Shown out, because a login ended: the library leaves it to us to come back as who we are now.
      if (reason === "io server disconnect") setTimeout(() => socket.connect(), Math.random() * SPREAD_MS);
    });
    // A page that was put away and brought back may hold an old state.
    addEventListener("pageshow", ({ persisted }) => persisted && tell("back"));
  }
}
