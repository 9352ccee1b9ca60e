// /public/stream/:token and /embed/:token: asks for what the link asks for, and plays when somebody presses play. That
// press, and nothing before it, is a view.

import { call, local } from "./api.js";
import { $, say, wait } from "./dom.js";
import { clock, spoken } from "./format.js";
import { help } from "./keys.js";
import { Player } from "./player.js";

const parts = location.pathname.split("/").filter(Boolean);
const embedded = parts[0] === "embed";
const token = decodeURIComponent(parts.at(-1) ?? "");
const base = `/public/stream/${encodeURIComponent(token)}`;
const startAt = Math.max(0, Number.parseFloat(new URLSearchParams(location.search).get("t")) || 0);

document.body.classList.toggle("embedded", embedded);

function message(title, text, { retry = false } = {}) {
  $("#message").hidden = false;
  $("#player").hidden = true;
  say($("#message-title"), title);
  say($("#message-text"), text);
  $("#door").hidden = true;
  $("#retry").hidden = !retry;
  document.title = `${title} · Telecine`;
}

function ended(error) {
  if (error.status === 410) return message("This link has ended", error.message);
  if (error.status === 404) return message("Nothing at this address", "The recording may have been deleted, or the link is incomplete.");
  return message("This did not work", error.message, { retry: true });
}

function about({ title, description, duration }) {
  $("#about").hidden = false;
  say($("#title"), title);
  say($("#description"), description ?? "");
  say($("#meta"), duration > 0 ? clock(duration) : "");
  if (duration > 0) $("#meta").setAttribute("title", spoken(duration));
}

function door(details) {
  message(details.title, details.requireEmail || details.requirePassword ? "" : details.duration > 0 ? clock(details.duration) : "");
  $("#message-reel").hidden = Boolean(details.posterUrl);
  $("#ask-email").hidden = !details.requireEmail;
  $("#ask-password").hidden = !details.requirePassword;
  $("#door").hidden = false;
  const still = $("#still");
  if (details.posterUrl) {
    still.onload = () => { still.hidden = false; };
    still.src = details.posterUrl;
  }
}

function files(variants) {
  return Object.entries(variants ?? {}).map(([label, url]) => ({ label, height: Number.parseInt(label, 10) || 0, url: local(url) }))
    .sort((a, b) => b.height - a.height);
}

async function play(details, session) {
  $("#message").hidden = true;
  $("#player").hidden = false;
  about({ ...details, ...session });
  document.title = `${session.title} · Telecine`;
  const player = new Player($("#player"));
  player.surround({
    storyboard: local(session.storyboardUrl),
    captions: (session.captions ?? []).map((track) => ({ ...track, url: local(track.url) })),
    chapters: session.chapters ?? [],
  });
  player.onHelp = () => $("#help-dialog").showModal();
  // The same address: another would be another view.
  const renew = async () => local(session.masterUrl);
  await player.load({ masterUrl: local(session.masterUrl), mp4: files(session.variants), renew },
    { poster: local(session.posterUrl), title: session.title, at: startAt, sound: details.sound });
  player.toggle();
  $("[data-play]").focus({ preventScroll: true });
}

function showError(error) {
  say($("#door-error"), error?.message ?? "");
  for (const input of [$("#email"), $("#password")]) {
    const wrong = Boolean(error?.field) && error.field === input.name;
    if (wrong) { input.setAttribute("aria-invalid", "true"); input.focus(); } else input.removeAttribute("aria-invalid");
  }
}

function bind(details) {
  $("#door").onsubmit = async (event) => {
    event.preventDefault();
    showError(null);
    const body = {};
    if (details.requireEmail) {
      body.email = $("#email").value.trim();
      if (!/^\S+@\S+$/.test(body.email)) return showError({ field: "email", message: "Type your email address, like name@example.org." });
    }
    if (details.requirePassword) {
      body.password = $("#password").value;
      if (!body.password) return showError({ field: "password", message: "Type the password that came with this link." });
    }
    const button = $("#door-play");
    button.disabled = true;
    try {
      await play(details, await call("POST", `${base}/play`, body, { quiet: true }));
    } catch (error) {
      if (error.status === 410 || error.status === 404) ended(error); else showError(error);
    } finally { button.disabled = false; }
  };
}

async function open() {
  message("Opening…", "");
  for (;;) {
    try {
      const details = await call("GET", `${base}/details`, undefined, { quiet: true });
      if (details.playable) {
        bind(details);
        door(details);
        return;
      }
      message("In the making", "It plays here as soon as the first part is ready.");
    } catch (error) {
      ended(error);
      if (error.status !== 0) return;
    }
    await wait(3000);
  }
}

$("#retry").addEventListener("click", open);
$("#help-dialog dl").append(...help.flatMap(([keys, meaning]) => {
  const term = document.createElement("dt");
  term.textContent = keys;
  const text = document.createElement("dd");
  text.textContent = meaning;
  return [term, text];
}));
open();
