// Day or night without a reload. The server reads the cookie and writes the attribute, so that no page flashes.

const A_YEAR = 365 * 24 * 3600;

export function watchTheme(form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    chooseTheme(event.submitter.value);
  });
}

/** "light", "dark", or "" for what the system says. */
export function chooseTheme(theme) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? A_YEAR : 0}; samesite=lax${secure}`;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.querySelector("meta[name=color-scheme]").content = theme || "light dark";
  for (const button of document.querySelectorAll(".theme button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
}
