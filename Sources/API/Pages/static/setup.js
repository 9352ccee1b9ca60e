// /setup?token=…: the one-time link that the first start prints makes the first administrator.

import { api } from "./api.js";
import { $, say } from "./dom.js";
import { check, showError } from "./account.js";

const token = new URLSearchParams(location.search).get("token") ?? "";
const form = $("#setup");

function done() {
  form.hidden = true;
  $("#done").hidden = false;
  $("#done").focus();
  // The used token has no business in the history.
  history.replaceState(null, "", "/setup");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { email, password, again } = form.elements;
  showError(form, null);
  const wrong = check(form) ?? (password.value !== again.value && { field: "again", message: "The two passwords differ. Type them again." });
  if (wrong) return showError(form, wrong);
  const button = $("button", form);
  button.disabled = true;
  try {
    await api.setup(token, email.value.trim(), password.value);
    try {
      await api.login(email.value.trim(), password.value);
      location.replace("/");
    } catch { done(); }
  } catch (error) {
    const used = [401, 403, 404, 409, 410].includes(error.status);
    showError(form, used
      ? { message: `${error.message} The link works once and only until an administrator exists; a restart of the service prints a new one if there is none.` }
      : error);
  } finally { button.disabled = false; }
});

if (!token) {
  showError(form, { message: "The link is incomplete: copy it whole, as the service printed it at its first start." });
  say($(".lead"), "Open this page through the link that the service printed at its first start.");
}
