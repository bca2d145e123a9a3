// "/" and Ctrl+K (Cmd+K on a Mac) open the command palette from every page.

export function watchShortcuts(link) {
  if (!link) return;
  const open = async () => (await import("./palette.js")).openPalette(link.dataset.palette);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a link still opens beside
    event.preventDefault();
    open();
  });
  addEventListener("keydown", (event) => {
    const chord = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !writes(event.target);
    if (event.defaultPrevented || !(chord || slash)) return;
    event.preventDefault();
    open();
  });
}

/** Whether a key typed here is somebody's text. */
function writes(element) {
  return element.closest?.("input, textarea, select, [contenteditable]:not([contenteditable=false])") !== null;
}
