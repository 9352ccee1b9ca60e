// /account: the password, where one is signed in, and the keys of one's programs.

import { showError } from "./account.js";
import { api } from "./api.js";
import { $, say, stamp } from "./dom.js";
import { ago, device } from "./format.js";

const password = $("#password");
const key = $("#key");

/** A phone that signs in daily has many sessions; the latest are those that matter. */
const few = 6;
let isLong = false;

function badge(text, isOff) {
  const node = document.createElement("span");
  node.className = isOff ? "badge off" : "badge";
  node.textContent = text;
  return node;
}

/** Runs what a button asks for; the list then has the focus, because the button's row is gone. */
async function act(part, button, body, words) {
  say($(`#${part}-said`), "");
  const error = $(`#${part === "keys" ? "key" : part}-error`);
  say(error, "");
  button.disabled = true;
  try {
    await body();
    await (part === "keys" ? showKeys() : showSessions());
    say($(`#${part}-said`), words);
    $(`#${part}-title`).focus();
  } catch (failure) {
    say(error, failure.message);
  } finally { button.disabled = false; }
}

function sessionRow(session) {
  const node = stamp("session-row");
  const name = device(session.userAgent);
  say($("[data-name]", node), name);
  if (session.current) $("[data-name]", node).append(badge("this one"));
  say($("[data-meta]", node), [
    session.current ? "" : `Seen ${ago(session.lastSeenAt)}`, `signed in ${ago(session.createdAt)}`,
    session.network ? `from ${session.network}` : "",
  ].filter(Boolean).join(" · "));
  const end = $("[data-end]", node);
  end.hidden = session.current;
  end.setAttribute("aria-label", `Sign out ${name}, signed in ${ago(session.createdAt)}`);
  end.addEventListener("click", () => act("sessions", end, () => api.endSession(session.id), `${name} is signed out.`));
  return node;
}

async function showSessions() {
  const { sessions } = await api.sessions();
  sessions.sort((a, b) => b.current - a.current);
  const shown = isLong ? sessions : sessions.slice(0, few);
  $("#sessions").replaceChildren(...shown.map(sessionRow));
  $("#all-sessions").hidden = shown.length === sessions.length;
  say($("#all-sessions"), `Show all ${sessions.length}`);
  $("#end-others").hidden = sessions.length < 2;
}

function keyRow(entry) {
  const node = stamp("key-row");
  const scopes = { read: "reads", write: "reads and writes", admin: "administers" };
  const isOver = entry.expiresAt && new Date(entry.expiresAt) < new Date();
  say($("[data-name]", node), entry.name);
  if (isOver) $("[data-name]", node).append(badge("expired", true));
  say($("[data-meta]", node), [
    `tk_${entry.id.slice(0, 6)}…`, scopes[entry.scope], `made ${ago(entry.createdAt)}`,
    entry.lastUsedAt ? `used ${ago(entry.lastUsedAt)}` : "never used",
    entry.expiresAt && !isOver ? `ends ${new Date(entry.expiresAt).toLocaleDateString("en", { dateStyle: "medium" })}` : "",
  ].filter(Boolean).join(" · "));
  const revoke = $("[data-revoke]", node);
  revoke.setAttribute("aria-label", `Revoke “${entry.name}”`);
  revoke.addEventListener("click", () => act("keys", revoke, async () => {
    await api.revokeKey(entry.id);
    $("#made").hidden = true;
    $("#made-key").value = "";
  }, `“${entry.name}” opens nothing any more.`));
  return node;
}

async function showKeys() {
  const { keys } = await api.keys();
  $("#keys").replaceChildren(...keys.map(keyRow));
  $("#keys-none").hidden = keys.length > 0;
}

password.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { currentPassword, newPassword, again } = password.elements;
  say($("#password-said"), "");
  showError(password, null);
  const wrong = !currentPassword.value ? { field: "currentPassword", message: "Type your current password." }
    : newPassword.value.length < 8 ? { field: "newPassword", message: "Choose a password of at least 8 characters." }
      : newPassword.value !== again.value ? { field: "again", message: "The two new passwords differ. Type them again." } : null;
  if (wrong) return showError(password, wrong);
  event.submitter.disabled = true;
  try {
    const { endedSessions } = await api.changePassword(currentPassword.value, newPassword.value);
    password.reset();
    say($("#password-said"), endedSessions === 0 ? "Changed."
      : `Changed. ${endedSessions} other session${endedSessions === 1 ? " was" : "s were"} signed out.`);
    await showSessions();
  } catch (error) {
    showError(password, error);
  } finally { event.submitter.disabled = false; }
});

key.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, scope, expiresIn } = key.elements;
  showError(key, null);
  say($("#keys-said"), "");
  if (!name.value.trim()) return showError(key, { field: "name", message: "Give the key a name, so that you know it again." });
  event.submitter.disabled = true;
  try {
    const made = await api.makeKey({
      name: name.value.trim(), scope: scope.value, ...(expiresIn.value ? { expiresIn: Number(expiresIn.value) } : {}),
    });
    name.value = "";
    $("#made-key").value = made.key;
    $("#made").hidden = false;
    $("#made-key").focus();
    $("#made-key").select();
    await showKeys();
  } catch (error) {
    showError(key, error);
  } finally { event.submitter.disabled = false; }
});

$("#made-copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("#made-key").value);
    say($("#keys-said"), "Copied.");
  } catch {
    // Without HTTPS the clipboard is closed to pages; the selected text can be copied by hand.
    $("#made-key").focus();
    $("#made-key").select();
    say($("#keys-said"), "Press Ctrl C (⌘ C) to copy.");
  }
});

$("#end-others").addEventListener("click", (event) =>
  act("sessions", event.currentTarget, () => api.endOtherSessions(), "All others are signed out."));

$("#all-sessions").addEventListener("click", () => {
  isLong = true;
  showSessions().then(() => $("#sessions").children[few]?.querySelector("button").focus(), (error) => say($("#sessions-error"), error.message));
});

function signedOut(text) {
  $("#page").hidden = true;
  $("#loading").hidden = false;
  $(".spinner", $("#loading")).hidden = true;
  say($("#loading-text"), text);
  $("#loading-signin").hidden = false;
}

async function open() {
  const { user } = await api.me();
  say($("#meta"), [user.email, user.username, user.role === "admin" ? "administrator" : ""].filter(Boolean).join(" · "));
  password.elements.username.value = user.email;
  for (const option of key.elements.scope.options) {
    if (option.value === "admin") option.hidden = option.disabled = user.role !== "admin";
  }
  await Promise.all([showSessions(), showKeys()]);
  $("#loading").hidden = true;
  $("#page").hidden = false;
  document.addEventListener("telecine:signed-out", () => signedOut("Your sign-in has ended."));
}

open().catch((error) => {
  signedOut(error.message);
  $("#loading-signin").hidden = error.status !== 401;
});
