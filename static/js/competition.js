// What only a competition's pages do: clocks that run down, an end that arrives, two choices and no third.
import { watchCountdowns } from "./countdown.js";
import { currentPage, takeOver } from "./page.js";

/** The whole page but for a file that is chosen, or words that are written. */
async function readAgain() {
  const busy = document.querySelector("#competition [aria-busy=true], #competition .drop.chosen");
  if (busy) return;
  const fresh = await currentPage();
  if (!fresh) return;
  takeOver(fresh, "#competition");
  watch();
}

function watch() {
  document.querySelectorAll("form[data-choose]").forEach((form) => {
    const most = Number(form.dataset.choose);
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    const limit = () => {
      const full = boxes.filter((box) => box.checked).length >= most;
      for (const box of boxes) box.disabled = full && !box.checked;
    };
    form.addEventListener("change", limit);
    limit();
  });
}

watch();
watchCountdowns(readAgain);
// boards.js says so when an update tells of the private board and this page does not.
addEventListener("board-final", readAgain);
