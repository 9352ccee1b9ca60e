// /watch/:id. Finds out what state the recording is in and shows that: playing, in the making, or why not.

import { api, call, local, APIError } from "./api.js";
import { $, say, wait } from "./dom.js";
import { isUpload, watchUpload } from "./early.js";
import { ago, clock, spoken } from "./format.js";
import { help } from "./keys.js";
import { Player } from "./player.js";
import { Waveform } from "./waveform.js";

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
  $("#details").href = `/assets/${encodeURIComponent(media.id)}`;
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

/** The title as a file may be called. */
const plainTitle = () => (media.title || "recording").replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").trim();

function downloads(list) {
  links(list.map(({ label, url }) => ({ label: `MP4, ${label}`, url, file: `${plainTitle()} ${label}.mp4` })));
}

function links(list) {
  $("#downloads").hidden = list.length === 0;
  const items = list.map(({ label, url, file }) => {
    const link = document.createElement("a");
    link.href = url;
    link.download = file;
    link.textContent = label;
    const item = document.createElement("li");
    item.append(link);
    return item;
  });
  $("#downloads ul").replaceChildren(...items);
}

/** What the player shows around the picture; it may come when the recording plays already. */
function surround() {
  player.surround({
    storyboard: local(media.storyboardUrl),
    captions: (media.captions ?? []).map((track) => ({ ...track, url: local(track.url) })),
    chapters: media.chapters ?? [],
  });
}

async function play(stream) {
  document.title = `${media.title || "Untitled"} · Telecine`;
  $("#message").hidden = true;
  $("#player").hidden = false;
  shown = "player";
  const list = files(stream);
  downloads(list);
  player = new Player($("#player"));
  surround();
  player.onHelp = () => $("#help-dialog").showModal();
  const renew = async () => local((await api.stream(id, { quiet: true })).masterUrl);
  const handled = await api.handled(id).catch(() => null);
  const sound = handled?.file_type === "audio";
  await player.load({ masterUrl: local(stream.masterUrl), mp4: list, renew },
    { poster: local(media.thumbnailUrl), title: media.title || "Untitled", at: startAt, sound });
  if (sound) sleeve(handled);
  if ("mediaSession" in navigator) {
    const picture = local(media.thumbnailUrl || handled?.thumbnail_url);
    const artwork = picture ? [{ src: picture }] : [];
    navigator.mediaSession.metadata = new MediaMetadata({ title: media.title || "Untitled", artwork });
  }
}

/** A sound is shown by its cover, its waveform and what it says of itself. */
async function sleeve({ urls, metadata }) {
  const { artist, album, year } = metadata.tags ?? {};
  const said = [artist, album, year].filter(Boolean).join(" · ");
  if (said) say($("#meta"), [said, $("#meta").textContent].filter(Boolean).join(" · "));
  const cover = $("[data-sleeve]");
  cover.onload = () => { cover.hidden = false; };
  if (urls.thumbnail) cover.src = local(urls.thumbnail);
  try {
    const wave = new Waveform($("[data-wave]"), $("#player video"));
    wave.draw(await call("GET", local(urls.peaks), undefined, { quiet: true }));
    $("#player").dataset.wave = "shown";
  } catch { /* The player is whole without its drawing. */ }
}

/** A picture is simply there: the large size, and the animation where it moves. */
function showPicture() {
  document.title = `${media.title || "Untitled"} · Telecine`;
  $("#message").hidden = true;
  shown = "picture";
  const image = $("#picture img");
  image.alt = media.description || media.title || "";
  if (media.details?.dominantColor) image.style.backgroundColor = media.details.dominantColor;
  image.addEventListener("load", () => { image.style.backgroundColor = ""; }, { once: true });
  image.src = local(media.details?.animated ? media.images.webp : media.images.large);
  $("#picture").hidden = false;
  $("#share-at").closest("label").hidden = true;
  const sizes = [["original", "The original"], ["large", "Large"], ["medium", "Medium"], ["small", "Small"]];
  links(sizes.filter(([name]) => media.images[name]).map(([name, label]) => {
    const url = local(media.images[name]);
    return { label, url, file: `${plainTitle()} ${name}${url.slice(url.lastIndexOf("."))}` };
  }));
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
      surround();
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
    if (media.images) { showPicture(); return null; }
    // Named as soon as something plays: to ask for the stream before that is an error, which browsers log.
    if (media.streamingUrl) {
      try {
        return await api.stream(id, { quiet: true });
      } catch (error) {
        // It may have been planned anew between the two questions.
        if (error.status !== 409) throw error;
      }
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
  $("#message-retry").addEventListener("click", () => { message({ kind: "opening", title: "Opening…" }); begin(); });
}

const begin = () => (isUpload(id) ? watchUpload(id, { message, refuse, at: startAt }) : start());

dialogs();
begin();
