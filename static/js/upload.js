// The upload form, with progress, and with errors beside the field. Without this it is a plain form.

import { complaints, showErrors } from "./errors.js";

const BROKEN = "The connection broke before the upload was complete. Nothing was stored: try again.";

export function watchUpload(form) {
  const input = form.querySelector("input[type=file]");
  const button = form.querySelector("[type=submit]");
  const progress = form.querySelector("progress");
  const most = Number(form.dataset.maxMb);

  input.addEventListener("change", () => showErrors(input, []));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    showErrors(input, []);
    const file = input.files[0];
    if (file && most && file.size > most * 2 ** 20) {
      showErrors(input, [`${file.name} has ${(file.size / 2 ** 20).toFixed(1)} MB, and at most ${most} MB are taken.`]);
      return;
    }
    send();
  });

  function send() {
    const request = new XMLHttpRequest();
    request.open("POST", form.dataset.upload);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name=csrf-token]").content);
    request.upload.addEventListener("progress", ({ loaded, total, lengthComputable }) => {
      if (lengthComputable) progress.value = (loaded / total) * progress.max;
    });
    // All sent: what is left is the server's work, of unknown length.
    request.upload.addEventListener("load", () => progress.removeAttribute("value"));
    request.addEventListener("load", () => {
      const { status, response } = request;
      if (status < 300 && form.dataset.then) location.assign(form.dataset.then);
      else if (status === 202) location.assign(`/submissions/${response.data.id}`);
      else if (status === 401) location.reload();
      else failed(complaints(response, input.name));
    });
    for (const event of ["error", "timeout", "abort"]) request.addEventListener(event, () => failed([BROKEN]));
    busy(true);
    request.send(new FormData(form));
  }

  function failed(messages) {
    busy(false);
    showErrors(input, messages);
    input.focus();
  }

  function busy(sending) {
    button.disabled = sending;
    form.setAttribute("aria-busy", String(sending));
    progress.hidden = !sending;
    progress.value = 0;
  }

  // Back from the submission page, the browser may show this one as it was left: busy.
  addEventListener("pageshow", () => busy(false));
}
