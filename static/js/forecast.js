// The forecast's form: a bar of three parts that one drags, with three numbers under it. What one moves is made
// good by the others, so the three always sum to 100; without scripts the numbers are all there is.

const PARTS = ["home", "draw", "away"];
const SVG = "http://www.w3.org/2000/svg";
const STEP = 1;
const LEAP = 5;

export function watchForecast(form) {
  const inputs = PARTS.map((name) => form.elements[name]);
  const place = form.querySelector("[data-bar]");
  const sum = form.querySelector("[data-sum]");
  const rule = sum.textContent;
  const names = inputs.map(({ labels }) => labels[0].textContent.trim());
  const { rects, gaps, svg } = drawBar();
  const handles = [0, 1].map((at) => handle(at));
  // Which number was left alone longest: it gives way when another one is typed.
  let touched = [2, 1, 0];

  place.replaceChildren(svg, ...handles);

  const values = () => inputs.map(({ value }) => Number(value.replace(",", ".")));
  const ends = ([home, draw]) => [home, home + draw];

  function write(three) {
    inputs.forEach((input, at) => (input.value = tidy(three[at])));
    draw();
  }

  function draw() {
    const three = values();
    const whole = three.reduce((one, other) => one + other, 0);
    const good = three.every((one) => one >= 0 && one <= 100) && Math.abs(whole - 100) <= 0.1;
    sum.classList.toggle("off", !good);
    sum.textContent = good ? rule : `They sum to ${tidy(whole)} %: they must sum to 100.`;
    if (!good) return;
    const edges = [0, ...ends(three), 100];
    rects.forEach((rect, at) => {
      rect.setAttribute("x", `${edges[at]}%`);
      rect.setAttribute("width", `${Math.max(0, edges[at + 1] - edges[at])}%`);
    });
    [0, 1].forEach((at) => {
      const end = edges[at + 1];
      gaps[at].setAttribute("x1", `${end}%`);
      gaps[at].setAttribute("x2", `${end}%`);
      handles[at].style.insetInlineStart = `${end}%`;
      handles[at].setAttribute("aria-valuenow", Math.round(end));
      handles[at].setAttribute("aria-valuetext", `${names[at]} ${tidy(three[at])} %, ${names[at + 1]} ${tidy(three[at + 1])} %`);
    });
  }

  /** Put one of the two borders at `end`; it pushes the other one before it. */
  function move(at, end) {
    const borders = ends(values());
    borders[at] = Math.min(100, Math.max(0, Math.round(end)));
    if (at === 0) borders[1] = Math.max(borders[0], borders[1]);
    else borders[0] = Math.min(borders[0], borders[1]);
    write([borders[0], borders[1] - borders[0], 100 - borders[1]]);
  }

  function handle(at) {
    const one = document.createElement("div");
    one.className = "bar-handle";
    one.tabIndex = 0;
    for (const [key, value] of Object.entries({ role: "slider", "aria-valuemin": 0, "aria-valuemax": 100 })) one.setAttribute(key, value);
    one.setAttribute("aria-label", `Between ${names[at]} and ${names[at + 1]}`);
    one.addEventListener("keydown", (event) => {
      const end = ends(values())[at];
      const to = {
        ArrowLeft: end - (event.shiftKey ? LEAP : STEP),
        ArrowDown: end - (event.shiftKey ? LEAP : STEP),
        ArrowRight: end + (event.shiftKey ? LEAP : STEP),
        ArrowUp: end + (event.shiftKey ? LEAP : STEP),
        PageDown: end - LEAP,
        PageUp: end + LEAP,
        Home: 0,
        End: 100,
      }[event.key];
      if (event.key === "Enter") return form.requestSubmit();
      if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      changed();
      move(at, to);
    });
    return one;
  }

  function drawBar() {
    const bar = document.createElementNS(SVG, "svg");
    for (const [key, value] of Object.entries({ class: "outcome-bar", width: "100%", height: 44, "aria-hidden": true })) bar.setAttribute(key, value);
    const parts = PARTS.map((name) => {
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("class", name);
      rect.setAttribute("height", 44);
      return rect;
    });
    const lines = [0, 1].map(() => {
      const line = document.createElementNS(SVG, "line");
      line.setAttribute("class", "gap");
      line.setAttribute("y2", 44);
      return line;
    });
    bar.append(...parts, ...lines);
    return { rects: parts, gaps: lines, svg: bar };
  }

  const changed = () => (form.dataset.changed = "");

  // The nearer border comes to the pointer, and follows it.
  place.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const at = (x) => ((x - svg.getBoundingClientRect().left) / svg.getBoundingClientRect().width) * 100;
    const [left, right] = ends(values());
    const end = at(event.clientX);
    const which = Math.abs(end - left) < Math.abs(end - right) || (left === right && end < left) ? 0 : 1;
    place.setPointerCapture(event.pointerId);
    handles[which].focus({ preventScroll: true });
    event.preventDefault();
    changed();
    move(which, end);
    const follow = (moved) => move(which, at(moved.clientX));
    place.addEventListener("pointermove", follow);
    const done = () => place.removeEventListener("pointermove", follow);
    place.addEventListener("pointerup", done, { once: true });
    place.addEventListener("pointercancel", done, { once: true });
  });

  inputs.forEach((input, at) => {
    input.addEventListener("input", () => {
      changed();
      draw();
    });
    // What was typed stays; the number that was left alone longest makes up for it, then the next one.
    input.addEventListener("change", () => {
      touched = [...touched.filter((one) => one !== at), at];
      const three = values();
      if (!three.every((one) => one >= 0 && one <= 100)) return draw();
      let over = three.reduce((one, other) => one + other, 0) - 100;
      for (const give of touched.slice(0, 2)) {
        const to = Math.min(100, Math.max(0, three[give] - over));
        over -= three[give] - to;
        three[give] = to;
      }
      write(three);
    });
  });

  draw();
}

/** At most two decimals, and none that say nothing. */
function tidy(value) {
  return String(Math.round(value * 100) / 100 + 0);
}
