// The versions of one recording: a new one is uploaded, goes live when it plays; any that plays can be made live again.

import { api } from "./api.js";
import { $, say, stamp, wait } from "./dom.js";
import { ago, bytes, clock } from "./format.js";
import { sendChunk } from "./send.js";

export class Versions {
  #id; #onLive; #live = 0; #following = false;

  /** onLive(): another version is the live one now. */
  constructor(id, onLive) {
    this.#id = id;
    this.#onLive = onLive;
    $("#new-version").addEventListener("click", () => $("#version-file").click());
    $("#version-file").addEventListener("change", () => {
      const [file] = $("#version-file").files;
      $("#version-file").value = "";
      if (file) this.#upload(file);
    });
  }

  async refresh() {
    const { versions } = await api.versions(this.#id);
    $("#versions").replaceChildren(...versions.map((version) => this.#row(version)));
    const live = versions.find((version) => version.live)?.version ?? 0;
    if (this.#live && live !== this.#live) this.#onLive();
    this.#live = live;
    if (versions.some((version) => version.status === "processing")) this.#follow();
  }

  #row(version) {
    const node = stamp("version-row");
    const name = $("[data-name]", node);
    say(name, `Version ${version.version}`);
    if (version.live) {
      const badge = document.createElement("span");
      badge.className = "badge";
      badge.textContent = "live";
      name.append(badge);
    }
    const states = { ready: "", failed: `Failed. ${version.error ?? ""}`, processing: `being processed, ${Math.floor(version.progress)} %` };
    say($("[data-meta]", node), [version.filename, bytes(version.fileSize), version.duration > 0 ? clock(version.duration) : "",
      ago(version.createdAt), states[version.status]].filter(Boolean).join(" · "));
    const restore = $("[data-restore]", node);
    restore.hidden = version.live || !version.playable;
    restore.setAttribute("aria-label", `Make version ${version.version} live`);
    restore.addEventListener("click", () => this.#restore(version.version, restore));
    return node;
  }

  async #restore(number, button) {
    say($("#version-error"), "");
    button.disabled = true;
    try {
      await api.restoreVersion(this.#id, number);
      say($("#version-said"), `Version ${number} is live.`);
      await this.refresh();
      $("#versions-title").tabIndex = -1;
      $("#versions-title").focus();
    } catch (error) {
      say($("#version-error"), error.message);
      button.disabled = false;
    }
  }

  /** While one is being processed, its state is looked at. */
  async #follow() {
    if (this.#following) return;
    this.#following = true;
    await wait(2000);
    this.#following = false;
    await this.refresh().catch(() => this.#follow());
  }

  async #upload(file) {
    say($("#version-error"), "");
    say($("#version-said"), "");
    $("#new-version").disabled = true;
    $("#sending").hidden = false;
    try {
      const type = file.type || "application/octet-stream";
      const upload = await api.beginVersion(this.#id, { filename: file.name, fileSize: file.size, fileType: type });
      const total = Math.ceil(file.size / upload.chunkSize);
      for (let number = 0; number < total; number += 1) {
        const start = number * upload.chunkSize;
        await this.#send(file, { uploadId: upload.uploadId, number, total, blob: file.slice(start, start + upload.chunkSize), start });
      }
      say($("#version-said"), "Uploaded. It goes live as soon as it plays.");
      await this.refresh();
    } catch (error) {
      say($("#version-error"), error.message);
    } finally {
      $("#new-version").disabled = false;
      $("#sending").hidden = true;
    }
  }

  /** A chunk is sent again when the line has broken: what was acknowledged stays. */
  async #send(file, { start, ...chunk }) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await sendChunk({ ...chunk, signal: new AbortController().signal, onProgress: (done) => {
          $("#sending-bar").value = (start + done) / file.size;
          say($("#sending-text"), `${file.name}: ${bytes(start + done)} of ${bytes(file.size)}`);
        } });
        return;
      } catch (error) {
        if (attempt >= 6 || (error.status >= 400 && error.status < 500 && error.status !== 429)) throw error;
        await wait(500 * 2 ** attempt);
      }
    }
  }
}
