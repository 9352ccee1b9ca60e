// /assets/:id: an owner's page of one recording: its details, links to it, its versions.

import { Analytics } from "./analytics.js";
import { api } from "./api.js";
import { Captions } from "./captions.js";
import { $, say } from "./dom.js";
import { ago, clock } from "./format.js";
import { Shares } from "./shares.js";
import { Versions } from "./versions.js";
import { YouTube } from "./youtube.js";

const id = decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "");
const form = $("#details");
let youTube;

function show(media) {
  const title = media.title || "Untitled";
  document.title = `${title} · Telecine`;
  say($("#heading"), title);
  const states = { ready: "", failed: `Failed. ${media.error ?? ""}`, processing: `Being processed, ${Math.floor(media.progress ?? 0)} %` };
  say($("#meta"), [media.duration > 0 ? clock(media.duration) : "", ago(media.createdAt), states[media.status]].filter(Boolean).join(" · "));
  $("#watch").href = `/watch/${encodeURIComponent(media.id)}`;
  $("#duplicate").hidden = !media.duplicateOf;
  if (media.duplicateOf) {
    const link = document.createElement("a");
    link.href = `/assets/${encodeURIComponent(media.duplicateOf)}`;
    link.textContent = "another recording";
    $("#duplicate").replaceChildren("You have the same file already: ", link, " is identical. You may delete one of them.");
  }
}

function fill(media) {
  form.elements.title.value = media.title ?? "";
  form.elements.description.value = media.description ?? "";
  form.elements.tags.value = (media.metadata?.tags ?? []).join(", ");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  say($("#details-said"), "");
  say($("#details-error"), "");
  for (const field of form.elements) field.removeAttribute("aria-invalid");
  const button = event.submitter ?? $("button", form);
  const changes = {
    title: form.elements.title.value.trim(),
    description: form.elements.description.value,
    tags: form.elements.tags.value.split(",").map((tag) => tag.trim()).filter(Boolean),
  };
  button.disabled = true;
  try {
    if (!changes.title) throw Object.assign(new Error("Type a title."), { field: "title" });
    await api.changeAsset(id, changes);
    const now = await api.media(id);
    show(now);
    await youTube?.refresh(now);
    say($("#details-said"), "Saved.");
  } catch (error) {
    say($("#details-error"), error.message);
    const field = error.field && form.elements[error.field];
    if (field) { field.setAttribute("aria-invalid", "true"); field.focus(); }
  } finally { button.disabled = false; }
});

$("#delete").addEventListener("click", async () => {
  $("#delete").disabled = true;
  try {
    await api.deleteAsset(id);
    location.assign("/trash");
  } catch (error) {
    say($("#delete-error"), error.message);
    $("#delete").disabled = false;
  }
});

async function open() {
  const media = await api.media(id, { quiet: true });
  show(media);
  fill(media);
  const captions = new Captions(media.id);
  const versions = new Versions(media.id, async () => {
    const now = await api.media(id);
    show(now);
    await Promise.all([captions.refresh(now), youTube.refresh(now)]);
  });
  // A picture is neither played nor shared as a stream.
  const shares = media.images ? null : new Shares(media.id);
  youTube = new YouTube(media);
  const playable = media.images ? null : new Analytics(media.id);
  $("#sharing").hidden = !shares;
  $("#insight").hidden = !playable;
  await Promise.all([versions.refresh(), shares?.refresh(), captions.refresh(media), youTube.refresh(), playable?.refresh()]);
  $("#loading").hidden = true;
  $("#page").hidden = false;
}

open().catch((error) => {
  $(".spinner").hidden = true;
  say($("#loading-text"), error.message);
  $("#loading-signin").hidden = error.status !== 401;
  $("#loading-signin").href = `/?next=${encodeURIComponent(location.pathname)}`;
});
