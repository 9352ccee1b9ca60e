// /watch/:upload. Plays an upload while the rest of it is being sent; once it is a recording, playback simply goes on.

import { api, local } from "./api.js";
import { $, say, wait } from "./dom.js";
import { Player } from "./player.js";

/** Uploads have UUIDs for names, recordings have not. */
export const isUpload = (id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

const title = (status) => status.metadata?.title || status.filename || "Untitled";
const percent = ({ receivedChunks, totalChunks }) => (totalChunks > 0 ? Math.floor((100 * receivedChunks) / totalChunks) : 0);
const withdrawn = (status) => status.status === "failed" || status.status === "processing_failed";

/** → the first status that names a stream; null when there is a recording instead, or a reason why there is none. */
async function whenPlayable(id, message) {
  for (;;) {
    const status = await api.upload(id, { quiet: true });
    if (status.assetId) {
      location.replace(`/watch/${encodeURIComponent(status.assetId)}${location.search}`);
      return null;
    }
    if (withdrawn(status)) {
      message({ kind: "failed", title: "This upload has failed", text: `${status.error ?? ""} Upload the file again.`, home: true });
      return null;
    }
    if (status.masterUrl) return status;
    message({
      kind: "processing", title: "Being uploaded", progress: percent(status),
      text: "It plays here as soon as its beginning has arrived. Some files cannot be watched before all of them has.",
    });
    await wait(1500);
  }
}

async function play(id, status, at) {
  const player = new Player($("#player"));
  const renew = async () => {
    const { masterUrl, assetId } = await api.upload(id, { quiet: true });
    return local(masterUrl ?? (await api.stream(assetId, { quiet: true })).masterUrl);
  };
  $("#message").hidden = true;
  $("#player").hidden = false;
  $("#about").hidden = false;
  $("#about .side").hidden = true;
  document.title = `${title(status)} · Telecine`;
  say($("#title"), title(status));
  player.onHelp = () => $("#help-dialog").showModal();
  await player.load({ masterUrl: local(status.masterUrl), mp4: [], renew }, { poster: "", title: title(status), at });
}

/** Says how far it is, until there is a recording: then the page is that recording's. */
async function follow(id, status) {
  const line = $("#growing");
  line.hidden = false;
  for (; !status.assetId && !withdrawn(status);) {
    say(line, `Still being uploaded: ${percent(status)} %.`);
    await wait(3000);
    // A lost connection mends itself, and the player says what it cannot get.
    try { status = await api.upload(id, { quiet: true }); } catch (error) { if (error.status !== 0) break; }
  }
  line.hidden = Boolean(status.assetId);
  if (!status.assetId) return say(line, "The upload has ended before all of it had arrived.");
  history.replaceState(null, "", `/watch/${encodeURIComponent(status.assetId)}${location.search}`);
  $("#details").href = `/assets/${encodeURIComponent(status.assetId)}`;
  $("#about .side").hidden = false;
}

/** message(), refuse(error): how the page says what is the matter; at: seconds to begin at. */
export async function watchUpload(id, { message, refuse, at }) {
  try {
    const status = await whenPlayable(id, message);
    if (!status) return;
    await play(id, status, at);
    await follow(id, status);
  } catch (error) {
    refuse(error);
  }
}
