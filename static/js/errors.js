// What is wrong with a field, beside it, where the server's own page puts it.

/** What the JSON envelope says of `field`, else what it says at all. */
export function complaints(envelope, field) {
  return envelope?.errors?.[field] ?? [envelope?.message ?? "That was not taken. Try again in a moment."];
}

/** Show `messages` (none: nothing is wrong) tied to `input` for those who listen. */
export function showErrors(input, messages) {
  const id = `${input.id}-error`;
  document.getElementById(id)?.remove();
  const others = (input.getAttribute("aria-describedby") ?? "").split(/\s+/).filter((name) => name && name !== id);
  if (messages.length) {
    const list = document.createElement("ul");
    list.id = id;
    list.className = "errors";
    list.setAttribute("role", "alert");
    list.append(
      ...messages.map((message) => Object.assign(document.createElement("li"), { textContent: message })),
    );
    input.after(list);
    input.setAttribute("aria-invalid", "true");
    others.unshift(id);
  } else {
    input.removeAttribute("aria-invalid");
  }
  if (others.length) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
}
