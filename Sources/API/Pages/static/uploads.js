// The drop zone and the list beneath it: one row a file, one file on the wire at a time.

import { $, say, stamp } from "./dom.js";
import { bytes, remaining } from "./format.js";
import { forget, unfinished } from "./memory.js";
import { Upload } from "./upload.js";

const stages = {
  initialized: "Beginning", uploading: "Putting it away safely", assembling: "Putting it together",
  validating: "Checking that all of it arrived", hashing: "Checking that all of it arrived",
  complete: "All here. In line for processing", processing: "Being processed",
};

export class Uploads {
  #list = $("#uploads");
  #all = [];
  #onAsset;

  /** onAsset() is called whenever the library has something new to show. */
  constructor(onAsset) {
    this.#onAsset = onAsset;
    const zone = $("#drop");
    const input = $("#files");
    $("#choose").addEventListener("click", () => input.click());
    zone.addEventListener("click", (event) => { if (!event.target.closest("button, input")) input.click(); });
    input.addEventListener("change", () => { this.add(input.files); input.value = ""; });
    this.#drag(zone);
    document.addEventListener("paste", (event) => {
      if (event.clipboardData?.files.length && !$("#studio").hidden) this.add(event.clipboardData.files);
    });
    addEventListener("beforeunload", (event) => { if (this.#all.some((u) => u.active)) event.preventDefault(); });
  }

  /** Uploads of an earlier visit, to be continued by choosing their files. */
  showUnfinished() {
    for (const old of this.#list.querySelectorAll("[data-old]")) old.remove();
    const running = new Set(this.#all.filter((u) => !u.over).map((u) => `${u.file.name}|${u.file.size}`));
    for (const entry of unfinished()) {
      if (running.has(`${entry.name}|${entry.size}`)) continue;
      const row = stamp("upload-row");
      row.dataset.old = `${entry.name}|${entry.size}|${entry.lastModified}`;
      say($("[data-name]", row), entry.name);
      say($("[data-size]", row), bytes(entry.size));
      say($("[data-state]", row), "Not finished. Choose this file again, and it goes on where it stopped.");
      $("progress", row).remove();
      $("[data-pause]", row).remove();
      const again = $("[data-again]", row);
      again.hidden = false;
      say(again, "Choose the file");
      again.addEventListener("click", () => $("#files").click());
      const drop = $("[data-cancel]", row);
      say(drop, "Forget it");
      drop.addEventListener("click", () => { forget(entry); row.remove(); $("#choose").focus(); });
      this.#list.append(row);
    }
  }

  add(files) {
    for (const file of files) {
      const same = (u) => u.file.name === file.name && u.file.size === file.size && u.file.lastModified === file.lastModified;
      if (this.#all.some((u) => same(u) && !u.over)) continue;
      this.#list.querySelector(`[data-old="${CSS.escape(`${file.name}|${file.size}|${file.lastModified}`)}"]`)?.remove();
      const upload = new Upload(file);
      this.#begin(upload);
      // An empty file is refused at once, not when its turn comes.
      if (file.size === 0) upload.run();
    }
    this.#next();
  }

  #drag(zone) {
    // dragleave also fires when the pointer passes over a child: count.
    let depth = 0;
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const mark = (change) => { depth = Math.max(0, depth + change); zone.toggleAttribute("data-over", depth > 0); };
    document.addEventListener("dragenter", (event) => { if (hasFiles(event)) { event.preventDefault(); mark(1); } });
    document.addEventListener("dragleave", (event) => { if (hasFiles(event)) mark(-1); });
    // Anywhere on the page will do: a near miss must not replace the page by the file.
    document.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
    document.addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      mark(0);
      if (!$("#studio").hidden) this.add(event.dataTransfer.files);
    });
  }

  #begin(upload) {
    const row = stamp("upload-row");
    const name = upload.file.name;
    say($("[data-name]", row), name);
    say($("[data-size]", row), bytes(upload.file.size));
    $("progress", row).setAttribute("aria-label", `Progress of ${name}`);
    for (const button of row.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent}: ${name}`);
    $("[data-watch]", row).setAttribute("aria-label", `Watch: ${name}`);
    $("[data-pause]", row).addEventListener("click", () => {
      if (upload.state === "paused") this.#queue(upload); else upload.pause();
    });
    $("[data-again]", row).addEventListener("click", () => this.#queue(upload));
    $("[data-cancel]", row).addEventListener("click", () => {
      const neighbour = row.nextElementSibling ?? row.previousElementSibling;
      if (!upload.over) upload.cancel();
      row.remove();
      (neighbour?.querySelector("[data-cancel]") ?? $("#choose")).focus();
    });
    let news = "";
    upload.addEventListener("change", () => {
      this.#show(upload, row);
      const event = `${upload.state} ${upload.assetId ?? upload.early ?? ""}`;
      if (event === news) return;
      news = event;
      this.#tell(upload);
      if (upload.assetId) this.#onAsset();
      this.#next();
    });
    this.#all.push(upload);
    this.#list.prepend(row);
    this.#show(upload, row);
  }

  #queue(upload) {
    upload.state = "waiting";
    upload.dispatchEvent(new Event("change"));
    this.#next();
  }

  /** One at a time: three lanes fill any line, and the page keeps connections for itself. */
  #next() {
    if (this.#all.some((u) => u.active)) return;
    this.#all.find((u) => u.state === "waiting")?.run();
  }

  #tell({ state, file, reason, early }) {
    const said = {
      sending: early ? `${file.name} can be watched while it uploads` : `Uploading ${file.name}`, paused: `${file.name} is paused`, following: `${file.name} is uploaded and is being processed`,
      ready: `${file.name} is ready to watch`, failed: `${file.name} failed. ${reason}`, duplicate: `You have ${file.name} already`, offline: `${file.name}: ${reason}, trying again`,
    }[state];
    if (said) say($("#upload-news"), said);
  }

  #show(upload, row) {
    const { state, progress } = upload;
    row.dataset.state = state;
    const bar = $("progress", row);
    const unknown = progress === null || state === "preparing";
    if (unknown) bar.removeAttribute("value"); else bar.value = progress;
    bar.hidden = ["ready", "failed", "duplicate"].includes(state);
    say($("[data-state]", row), this.#words(upload));
    const pause = $("[data-pause]", row);
    pause.hidden = !(upload.active || state === "waiting" || state === "paused");
    say(pause, state === "paused" ? "Resume" : "Pause");
    pause.setAttribute("aria-label", `${pause.textContent}: ${upload.file.name}`);
    const again = $("[data-again]", row);
    again.hidden = state !== "failed" && state !== "duplicate";
    say(again, state === "duplicate" ? "Upload it again" : "Try again");
    again.setAttribute("aria-label", `${again.textContent}: ${upload.file.name}`);
    const cancel = $("[data-cancel]", row);
    // What is uploaded goes on without this page: there is nothing to cancel, only a row to put away.
    say(cancel, upload.over || ["following", "duplicate"].includes(state) ? "Dismiss" : "Cancel");
    cancel.setAttribute("aria-label", `${cancel.textContent}: ${upload.file.name}`);
    const watch = $("[data-watch]", row);
    const place = upload.assetId ?? upload.duplicateOf ?? upload.early;
    watch.hidden = !place || state === "failed";
    if (!place) return;
    watch.href = `/watch/${encodeURIComponent(place)}`;
    // This page must stay: it sends.
    watch.target = upload.active ? "_blank" : "";
    say(watch, upload.duplicateOf ? "Watch what you have" : upload.assetId ? "Watch" : "Watch while it uploads");
    watch.setAttribute("aria-label", `${watch.textContent}: ${upload.file.name}`);
  }

  #words(upload) {
    const percent = Number.isFinite(upload.progress) ? `${Math.floor(upload.progress)} %` : "";
    switch (upload.state) {
      case "waiting": return "Waits for its turn";
      case "preparing": return "Asking the server where to begin";
      case "sending": return [percent, upload.rate ? `${bytes(upload.rate)}/s` : "", remaining(upload.left)].filter(Boolean).join(" · ");
      case "paused": return `Paused at ${percent || "the beginning"}`;
      case "offline": return `${upload.reason}. It goes on by itself as soon as it can. ${percent}`;
      case "signin": return "Sign in again, then it goes on";
      case "following": return [stages[upload.stage] ?? "Being processed", percent].filter(Boolean).join(" · ");
      case "ready": return "Ready to watch";
      case "duplicate": return "You have this file already. Nothing was sent.";
      case "failed": return upload.reason;
      default: return "";
    }
  }
}
