// Signing in and making an account: one form, checked in words before the server is asked.

import { api } from "./api.js";
import { $, say } from "./dom.js";

/** → { field, message } of the first thing that is missing, or null. */
export function check(form) {
  const { email, password } = form.elements;
  if (!/^\S+@\S+$/.test(email.value.trim())) return { field: "email", message: "Type your email address, like name@example.org." };
  if (!password.value) return { field: "password", message: "Type your password." };
  if (password.autocomplete === "new-password" && password.value.length < 8) {
    return { field: "password", message: "Choose a password of at least 8 characters." };
  }
  return null;
}

export function showError(form, error) {
  for (const field of form.elements) field.removeAttribute?.("aria-invalid");
  say($(".form-error", form), error?.message ?? "");
  const field = error?.field && form.elements[error.field];
  if (!field) return;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

function words(error, creating) {
  if (error.status === 401 && !creating) return { field: "password", message: "Email or password is not right. Check both and try again." };
  if (error.status === 409 && creating) return { field: "email", message: "There is an account with this email already. Sign in instead." };
  if (error.field === "inviteCode") return error;
  if (error.status === 403 && creating) return { message: `${error.message} Ask whoever runs this service for an account.` };
  return error;
}

/** Makes the form work. onDone(user) after success. Its optional switch turns signing in into making an account. */
export function bindAccountForm(form, onDone) {
  const { email, password, inviteCode } = form.elements;
  const invitation = $("[data-invitation]", form);
  const button = $("[data-submit]", form);
  const toggle = $("[data-switch]", form);
  let creating = false;

  const show = () => {
    say(button, creating ? "Create the account" : "Sign in");
    say($("h2", form), creating ? "Create an account" : "Sign in");
    if (toggle) say(toggle, creating ? "I have an account" : "Create an account");
    const hint = $(".hint", form);
    if (hint) hint.hidden = !creating;
    // Asked for where the service asks for it.
    if (invitation) invitation.hidden = true;
    password.autocomplete = creating ? "new-password" : "current-password";
  };

  toggle?.addEventListener("click", () => {
    creating = !creating;
    showError(form, null);
    show();
    email.focus();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    showError(form, null);
    const wrong = check(form);
    if (wrong) return showError(form, wrong);
    button.disabled = true;
    try {
      const address = email.value.trim();
      if (creating) await api.register(address, password.value, inviteCode?.value.trim() || undefined);
      // The sign-in cookie comes with the login, whichever way the account was made.
      const { user } = await api.login(address, password.value);
      password.value = "";
      onDone(user ?? (await api.me()).user);
    } catch (error) {
      if (invitation && error.field === "inviteCode") invitation.hidden = false;
      showError(form, words(error, creating));
    } finally { button.disabled = false; }
  });
  show();
}
