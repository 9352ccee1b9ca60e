// The bar of every page: what is there for whoever is signed in, the way out, and the menu of narrow screens.

import { api } from "./api.js";
import { $, $$, say } from "./dom.js";

const nav = $(".nav");
const toggle = $("[data-nav-toggle]");

/** Shows the links that somebody may follow; nobody is null. */
export function welcome(user) {
  for (const item of $$("[data-signed-in]", nav)) item.hidden = !user;
  for (const item of $$("[data-administrator]", nav)) item.hidden = user?.role !== "admin";
}

function open(isOpen) {
  nav.toggleAttribute("data-open", isOpen);
  toggle.setAttribute("aria-expanded", String(isOpen));
}

toggle.addEventListener("click", () => open(toggle.getAttribute("aria-expanded") !== "true"));
nav.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !nav.hasAttribute("data-open")) return;
  event.stopPropagation();
  open(false);
  toggle.focus();
});
nav.addEventListener("focusout", (event) => { if (event.relatedTarget && !nav.contains(event.relatedTarget)) open(false); });
document.addEventListener("click", (event) => { if (!nav.contains(event.target) || event.target.closest("a")) open(false); });

for (const link of $$("a[href]", nav)) {
  if (!link.hash && link.pathname === location.pathname) link.setAttribute("aria-current", "page");
}

$("[data-signout]", nav).addEventListener("click", async () => {
  try { await api.logout(); } catch (error) {
    if (error.status !== 401) { say($("#bar-error"), `You are still signed in. ${error.message}`); return; }
  }
  location.assign("/");
});

// The front page asks by itself, until it gets an answer.
if (location.pathname !== "/") api.me().then(({ user }) => welcome(user), () => welcome(null));
