// /watch/:id. Finds out what state the recording is in and shows that: playing, in the making, or why not.

import { api, local, APIError } from "./api.js";
import { $, say, wait } from "./dom.js";
import { ago, clock, spoken } from "./format.js";
import { help } from "./keys.js";
import { Player } from "./player.js";

const id = decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "");
const startAt = Math.max(0, Number.parseFloat(new URLSearchParams(location.search).get("t")) || 0);
const gone = new Set(["failed", "processing_failed", "error"]);

let player = null;
let media = null;
let shown = "";

function message({ kind, title, text = "", progress, retry = false, signIn = false, home = false }) {
  $("#message").hidden = false;
  $("#message").dataset.kind = kind;
  $("#player").hidden = true;
  say($("#message-title"), title);
  say($("#message-text"), text);
  const bar = $("#message-progress");
  bar.hidden = progress === undefined;
  if (Number.isFinite(progress)) bar.value = progress; else bar.removeAttribute("value");
  $("#message-retry").hidden = !retry;
  $("#message-signin").hidden = !signIn;
  $("#message-signin").href = `/?next=${encodeURIComponent(location.pathname + location.search)}`;
  $("#message-home").hidden = !home;
  if (shown !== kind) { shown = kind; document.title = `${title} · Telecine`; }
}

function about() {
  $("#about").hidden = false;
  say($("#title"), media.title || "Untitled");
  say($("#description"), media.description || "");
  say($("#meta"), [media.duration > 0 ? clock(media.duration) : "", ago(media.createdAt)].filter(Boolean).join(" · "));
  if (media.duration > 0) $("#meta").setAttribute("title", spoken(media.duration));
  const poster = local(media.thumbnailUrl);
  const still = $("#still");
  if (poster && still.getAttribute("src") !== poster) {
    still.src = poster;
    still.onload = () => { still.hidden = false; };
    still.onerror = () => { still.hidden = true; };
  }
}

function growing() {
  const line = $("#growing");
  line.hidden = !isGrowing();
  const progress = Number.isFinite(media.progress) ? ` ${Math.floor(media.progress)} % done.` : "";
  say(line, line.hidden ? "" : `More qualities are still being made.${progress}`);
}

const isGrowing = () => media.status !== "ready" || (Number.isFinite(media.progress) && media.progress < 100);

/** Variants as files, best first, with the size of their picture for the menu of native playback. */
function files(stream) {
  return Object.entries(stream.variants ?? {}).map(([label, url]) => {
    const known = (media.variants ?? []).find((v) => v.profile === label);
    const height = known ? Math.min(known.width, known.height) : Number.parseInt(label, 10) || 0;
    return { label, height, url: local(url) };
  }).sort((a, b) => b.height - a.height);
}

function downloads(list) {
  $("#downloads").hidden = list.length === 0;
  const name = (media.title || "recording").replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").trim();
  const items = list.map(({ label, url }) => {
    const link = document.createElement("a");
    link.href = url;
    link.download = `${name} ${label}.mp4`;
    link.textContent = `MP4, ${label}`;
    const item = document.createElement("li");
    item.append(link);
    return item;
  });
  $("#downloads ul").replaceChildren(...items);
}

async function play(stream) {
  document.title = `${media.title || "Untitled"} · Telecine`;
  $("#message").hidden = true;
  $("#player").hidden = false;
  shown = "player";
  const list = files(stream);
  downloads(list);
  player = new Player($("#player"));
  player.onHelp = () => $("#help-dialog").showModal();
  const renew = async () => local((await api.stream(id, { quiet: true })).masterUrl);
  const sound = /^audio\//.test(media.fileType ?? "");
  await player.load({ masterUrl: local(stream.masterUrl), mp4: list, renew },
    { poster: local(media.thumbnailUrl), title: media.title || "Untitled", at: startAt, sound });
  if ("mediaSession" in navigator) {
    const artwork = media.thumbnailUrl ? [{ src: local(media.thumbnailUrl) }] : [];
    navigator.mediaSession.metadata = new MediaMetadata({ title: media.title || "Untitled", artwork });
  }
}

/** While processing goes on, rungs and files join: the open player learns of them without a reload. */
async function keepGrowing() {
  let pause = 4000;
  growing();
  while (isGrowing() && !gone.has(media.status)) {
    await wait(pause);
    if (document.hidden) continue;
    try {
      media = await api.media(id, { quiet: true });
      growing();
      await player.source?.refresh();
      downloads(files(await api.stream(id, { quiet: true })));
      pause = Math.min(15_000, pause * 1.3);
    } catch { pause = 15_000; }
  }
  growing();
}

function refuse(error) {
  if (error.status === 401) {
    return message({ kind: "signin", title: "Sign in to watch", text: "This recording is for people who have an account here.", signIn: true });
  }
  if (error.status === 403) {
    return message({ kind: "denied", title: "Not for this account", text: "Ask the owner to give you access, or sign out and in with another account.", home: true });
  }
  if (error.status === 404 || error.status === 410) {
    return message({ kind: "missing", title: "Nothing at this address", text: "The recording may have been deleted, or the link is incomplete.", home: true });
  }
  return message({ kind: "trouble", title: "This did not work", text: error.message, retry: true, home: true });
}

function failed() {
  const reason = media.error || "The file may be damaged, or of a kind that cannot be played.";
  message({ kind: "failed", title: "This recording could not be processed", text: `${reason} Try uploading it again, or another copy of it.`, home: true });
}

/** → the stream's addresses, once something plays. */
async function whenPlayable() {
  let pause = 800;
  let seen = null;
  for (;;) {
    media = await api.media(id, { quiet: true });
    about();
    if (gone.has(media.status)) { failed(); return null; }
    try {
      return await api.stream(id, { quiet: true });
    } catch (error) {
      if (media.status === "ready" || error.status === 401 || error.status === 403) throw error;
    }
    message({
      kind: "processing", title: "In the making", progress: media.progress ?? null,
      text: Number.isFinite(media.progress)
        ? `${Math.floor(media.progress)} % done. It plays here as soon as the first part is ready.`
        : "It plays here as soon as the first part is ready.",
    });
    pause = media.progress === seen ? Math.min(5000, pause * 1.4) : 1000;
    seen = media.progress;
    await wait(pause);
  }
}

async function start() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const stream = await whenPlayable();
      if (!stream) return;
      await play(stream);
      await keepGrowing();
      return;
    } catch (error) {
      if (!(error instanceof APIError)) console.error(error);
      refuse(error);
      // A lost connection mends itself; everything else waits for a person.
      if (error.status !== 0) return;
      await wait(Math.min(20_000, 1500 * 1.6 ** attempt));
    }
  }
}

function dialogs() {
  const dialog = $("#share-dialog");
  const address = () => {
    const url = new URL(location.pathname, location.origin);
    if ($("#share-at").checked) url.searchParams.set("t", String(Math.floor(player?.time ?? 0)));
    $("#share-url").value = url.href;
  };
  $("#share").addEventListener("click", () => {
    say($("#share-time"), clock(player?.time ?? 0));
    say($("#share-said"), "");
    address();
    dialog.showModal();
    $("#share-url").select();
  });
  $("#share-at").addEventListener("change", address);
  $("#share-copy").addEventListener("click", async () => {
    const field = $("#share-url");
    try {
      await navigator.clipboard.writeText(field.value);
      say($("#share-said"), "Copied.");
    } catch {
      // Without HTTPS the clipboard is closed to pages; the selected text can be copied by hand.
      field.focus();
      field.select();
      say($("#share-said"), "Press Ctrl C (⌘ C) to copy.");
    }
  });
  $("#help-dialog dl").append(...help.flatMap(([keys, meaning]) => {
    const term = document.createElement("dt");
    term.textContent = keys;
    const text = document.createElement("dd");
    text.textContent = meaning;
    return [term, text];
  }));
  $("#message-retry").addEventListener("click", () => { message({ kind: "opening", title: "Opening…" }); start(); });
}

dialogs();
start();
