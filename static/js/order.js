// Rows that are put in order by dragging. Their buttons do the same without a pointer, and without scripts.

const table = document.querySelector("[data-order]");

if (table) {
  const body = table.tBodies[0];
  let held = null;
  let before = [];
  const ids = () => [...body.rows].map((row) => row.dataset.id);

  for (const row of body.rows) row.draggable = true;

  body.addEventListener("dragstart", (event) => {
    held = event.target.closest("tr");
    before = ids();
    event.dataTransfer.effectAllowed = "move";
  });

  body.addEventListener("dragover", (event) => {
    const over = event.target.closest("tr");
    if (!held || !over) return;
    event.preventDefault();
    if (over === held) return;
    const box = over.getBoundingClientRect();
    const below = event.clientY > box.top + box.height / 2;
    body.insertBefore(held, below ? over.nextSibling : over);
  });

  body.addEventListener("dragend", async () => {
    held = null;
    if (ids().join() === before.join()) return;
    const sent = new FormData();
    for (const id of ids()) sent.append("ids", id);
    sent.append("csrf_token", document.querySelector("meta[name=csrf-token]").content);
    try {
      const answer = await fetch(table.dataset.order, { method: "POST", body: sent, redirect: "manual" });
      if (answer.type !== "opaqueredirect" && !answer.ok) location.reload();
    } catch {
      location.reload();
    }
  });
}
