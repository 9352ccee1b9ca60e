// A classic script in <head>, so that the chosen theme is there before the first paint.
(() => {
  const key = "telecine.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => { try { return localStorage.getItem(key); } catch { return null; } };
  const isDark = () => (read() ?? (system.matches ? "dark" : "light")) === "dark";

  function apply() {
    const dark = isDark();
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-label", dark ? "Use the light theme" : "Use the dark theme");
      button.title = dark ? "Light theme" : "Dark theme";
    }
  }

  apply();
  system.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    const next = isDark() ? "light" : "dark";
    // A choice that equals the system's is no choice: follow the system again.
    try {
      if (next === (system.matches ? "dark" : "light")) localStorage.removeItem(key);
      else localStorage.setItem(key, next);
    } catch { /* Private windows may refuse storage; the theme then follows the system. */ }
    apply();
  });
})();
