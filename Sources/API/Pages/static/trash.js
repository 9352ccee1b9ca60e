// /trash: what was deleted, to be restored or removed for good.

import { api } from "./api.js";
import { $, say, stamp } from "./dom.js";
import { ago } from "./format.js";

const size = 50;
let pages = 1;
let confirmed = null;

const plural = (n) => `${n} recording${n === 1 ? "" : "s"}`;

function row(asset) {
  const node = stamp("row");
  const title = asset.title || "Untitled";
  say($("[data-title]", node), title);
  say($("[data-meta]", node), `Deleted ${ago(asset.trashedAt)}`);
  const restore = $("[data-restore]", node);
  restore.setAttribute("aria-label", `Restore “${title}”`);
  restore.addEventListener("click", () => act(() => api.restoreAsset(asset.id), `“${title}” is back in the library.`));
  const discard = $("[data-discard]", node);
  discard.setAttribute("aria-label", `Delete “${title}” for good`);
  discard.addEventListener("click", () => ask(
    `“${title}” and everything made from it will be gone. This cannot be undone.`,
    () => act(() => api.discard(asset.id), `“${title}” is gone.`)));
  return node;
}

async function load() {
  const answers = await Promise.all(Array.from({ length: pages }, (_, i) => api.trash(i + 1, size)));
  const { pagination, keptDays } = answers[0];
  say($("#lead"), keptDays
    ? `What you delete stays here for ${keptDays} day${keptDays === 1 ? "" : "s"}, then it is removed for good. Until then it takes up room.`
    : "What you delete is removed for good at once.");
  $("#rows").replaceChildren(...answers.flatMap((answer) => answer.assets).map(row));
  $("#nothing").hidden = pagination.total > 0;
  $("#empty-all").hidden = pagination.total === 0;
  $("#empty-all").dataset.count = pagination.total;
  $("#more").hidden = pages >= pagination.pages;
  $("#loading").hidden = true;
  $("#page").hidden = false;
}

async function act(body, words) {
  say($("#error"), "");
  say($("#said"), "");
  try {
    await body();
    say($("#said"), words);
  } catch (error) { say($("#error"), error.message); }
  await load().catch((error) => say($("#error"), error.message));
  $("#heading").focus();
}

function ask(text, onYes) {
  confirmed = onYes;
  say($("#ask-text"), text);
  $("#ask").showModal();
}

$("#ask-yes").addEventListener("click", () => { $("#ask").close(); confirmed?.(); });
$("#empty-all").addEventListener("click", () => ask(
  `${plural(Number($("#empty-all").dataset.count))} and everything made from them will be gone. This cannot be undone.`,
  () => act(() => api.emptyTrash(), "The trash is empty.")));
$("#more").addEventListener("click", () => { pages += 1; load().catch((error) => say($("#error"), error.message)); });

load().catch((error) => {
  $(".spinner").hidden = true;
  say($("#loading-text"), error.message);
  $("#loading-signin").hidden = error.status !== 401;
  $("#loading-signin").href = "/?next=%2Ftrash";
});
