// The life of one upload, without a face: begins or resumes, sends chunks three at a time, follows the processing.

import { api, APIError, announceSignedOut } from "./api.js";
import { wait } from "./dom.js";
import { listen } from "./listen.js";
import { forget, recall, remember } from "./memory.js";
import { sendChunk } from "./send.js";

const lanes = 3;
const serverFaults = 8;
const hashable = 64 << 20;   // bytes; of a larger one the server says afterwards that it was there already
const worthWatching = 8 << 20;   // bytes; a smaller one is there before anybody has pressed play
const quietStreams = 3;   // streams in a row that told nothing: a proxy holds them back, so asking is all there is

/**
 * States: waiting, preparing, sending, paused, offline (tries again by itself), signin, following, ready, failed, cancelled,
 * duplicate (the account has these bytes; whoever runs it again wants them once more).
 * Every change is a "change" event.
 */
export class Upload extends EventTarget {
  state = "waiting";
  reason = "";
  stage = "";
  progress = 0;     // of the bytes while sending, of the processing while following; null: not known
  rate = 0;         // bytes per second
  assetId = null;
  early = null;     // the upload's own name, once its beginning plays
  duplicateOf = null;   // the recording that has the same bytes, while that is asked about
  #begun = null; #file; #stop = new AbortController(); #session = null;
  #missing = []; #inFlight = new Map(); #sent = 0; #marks = [];

  constructor(file) { super(); this.#file = file; }

  get file() { return this.#file; }
  get left() { return this.rate > 0 ? (this.#file.size - this.#bytes) / this.rate : Infinity; }
  get active() { return ["preparing", "sending", "offline", "signin"].includes(this.state); }
  get over() { return ["ready", "failed", "cancelled"].includes(this.state); }

  pause() { if (this.active || this.state === "waiting") this.#halt("paused"); }
  cancel() {
    // Contract 1 knows no way to withdraw an upload; the server sweeps what is never finished.
    forget(this.#file);
    this.#halt("cancelled");
  }

  /** Runs until it is through, or until paused, cancelled or failed. Called again, it goes on where it was. */
  async run() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    try {
      if (this.#file.size === 0) throw new APIError(400, "This file is empty. Choose another one.");
      this.#set("preparing", { duplicateOf: null });
      for (let fresh = 0; ; fresh += 1) {
        const duplicateOf = await this.#patiently(() => this.#prepare(signal), signal, "preparing");
        if (duplicateOf) return this.#set("duplicate", { duplicateOf });
        try { await this.#sendAll(signal); break; } catch (error) {
          // The server has forgotten the upload (expired, swept): begin once more from the first byte.
          if (fresh > 0 || ![404, 410].includes(error.status)) throw error;
          forget(this.#file);
        }
      }
      await this.#follow(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#stop.abort();
      this.#inFlight.clear();
      this.reason = error.message;
      this.#set("failed");
    }
  }

  #set(state, changes = {}) {
    // What still comes in after a person has stopped it changes nothing.
    if (this.#stop.signal.aborted && !["paused", "cancelled", "failed"].includes(state)) return;
    Object.assign(this, changes, { state });
    this.dispatchEvent(new Event("change"));
  }

  #halt(state) {
    this.#stop.abort(new DOMException("stopped", "AbortError"));
    this.#inFlight.clear();
    this.rate = 0;
    this.#set(state);
  }

  get #bytes() { return this.#sent + [...this.#inFlight.values()].reduce((sum, n) => sum + n, 0); }

  /** Asks the server which chunks of a remembered upload are missing, or begins a new one; → what has its bytes already. */
  async #prepare(signal) {
    const known = recall(this.#file);
    if (known) {
      try {
        const status = await api.upload(known.uploadId, { signal });
        if (status.status !== "failed") return this.#resume(known, status);
      } catch (error) {
        if (![403, 404, 410].includes(error.status)) throw error;
      }
      forget(this.#file);
    }
    const begun = this.#begun ?? await api.initUpload({
      filename: this.#file.name, fileSize: this.#file.size, fileHash: await digest(this.#file),
      fileType: this.#file.type || "application/octet-stream",
      metadata: { title: this.#file.name.replace(/\.[^.]{1,5}$/, "") },
    }, { signal });
    if (begun.duplicateOf && !this.#begun) {
      this.#begun = begun;
      return begun.duplicateOf;
    }
    this.#begun = null;
    remember(this.#file, begun);
    return this.#resume(begun, { receivedChunks: 0 });
  }

  #resume(session, status) {
    const total = Math.ceil(this.#file.size / session.chunkSize);
    const all = Array.from({ length: total }, (_, i) => i);
    const complete = status.receivedChunks >= total;
    this.#session = { ...session, total };
    // Without a list everything is sent again: a chunk that is there already is accepted as the first time.
    this.#missing = complete ? [] : (status.missingChunks ?? all).filter((n) => n >= 0 && n < total);
    const missing = new Set(this.#missing);
    this.#sent = all.reduce((sum, n) => sum + (missing.has(n) ? 0 : this.#length(n)), 0);
  }

  #length(number) {
    const { chunkSize } = this.#session;
    return Math.min(chunkSize, this.#file.size - number * chunkSize);
  }

  async #sendAll(signal) {
    this.#marks = [];
    this.#set("sending");
    this.#measure();
    this.#lookForBeginning(signal);
    // A refusal in one lane ends all three: none may go on sending for an upload that is begun anew.
    const group = new AbortController();
    const outer = () => group.abort(signal.reason);
    signal.addEventListener("abort", outer, { once: true });
    const lane = async () => {
      while (this.#missing.length && !group.signal.aborted) {
        const number = this.#missing.shift();
        try { await this.#patiently(() => this.#send(number, group.signal), group.signal, "sending"); } catch (error) {
          this.#missing.unshift(number);
          group.abort(error);
        }
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    signal.removeEventListener("abort", outer);
    if (group.signal.aborted) throw group.signal.reason;
  }

  /** Asks less and less often whether the beginning plays already; that nobody can tell stops nothing. */
  async #lookForBeginning(signal) {
    const { uploadId } = this.#session;
    const canPlay = /^video\/(mp4|quicktime)$/.test(this.#file.type) || /\.(mp4|m4v|mov)$/i.test(this.#file.name);
    this.early = null;
    if (!canPlay || this.#file.size < worthWatching) return;
    try {
      for (let pause = 1000; ; pause = Math.min(15_000, pause * 1.3)) {
        await wait(pause, signal);
        if (!this.active || this.#session?.uploadId !== uploadId) return;
        const status = await api.upload(uploadId, { signal, quiet: true });
        if (status.masterUrl) return this.#set(this.state, { early: uploadId });
      }
    } catch { /* Who sends the chunks finds out what is wrong. */ }
  }

  async #send(number, signal) {
    const { uploadId, chunkSize, total } = this.#session;
    const blob = this.#file.slice(number * chunkSize, number * chunkSize + this.#length(number));
    try {
      await sendChunk({
        uploadId, number, total, blob, signal,
        onProgress: (count) => { this.#inFlight.set(number, count); this.#measure(); },
      });
      this.#sent += blob.size;
    } finally {
      this.#inFlight.delete(number);
    }
    this.#measure();
  }

  /** Speed over the last ten seconds: steadier than an instant, quicker than a mean. */
  #measure() {
    const now = performance.now();
    const last = this.#marks.at(-1);
    this.progress = (100 * this.#bytes) / this.#file.size;
    if (last && now - last.at < 200) return;
    this.#marks.push({ at: now, bytes: this.#bytes });
    while (now - this.#marks[0].at > 10_000) this.#marks.shift();
    const first = this.#marks[0];
    if (now - first.at > 700) this.rate = Math.max(0, (this.#bytes - first.bytes) / ((now - first.at) / 1000));
    this.#set("sending");
  }

  /** Repeats an act over lost connections, busy or faulty servers and ended sign-ins, but not over refusals. */
  async #patiently(act, signal, state) {
    let faults = 0;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const result = await act();
        if (attempt > 0 && !signal.aborted) this.#set(state);
        return result;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error.status === 401) { await this.#signedIn(signal); continue; }
        const busy = [408, 425, 429].includes(error.status) || (error.status >= 500 && error.status !== 507);
        if (error.status !== 0 && !busy) throw error;
        if (busy && (faults += 1) > serverFaults) throw error;
        await this.#readable();
        if (signal.aborted) throw signal.reason;
        const seconds = error.retryAfter ?? Math.min(30, 2 ** Math.min(attempt, 5)) * (0.7 + Math.random() * 0.6);
        this.rate = 0;
        this.#set("offline", { reason: error.status === 0 ? "Connection lost" : "The server is busy" });
        await Promise.race([wait(seconds * 1000, signal), online(signal)]);
      }
    }
  }

  /** A broken request looks the same whether the line or the file is gone: ask the file. */
  async #readable() {
    try { await this.#file.slice(0, 1).arrayBuffer(); } catch {
      throw new APIError(400, "The file can no longer be read. It was moved, changed or unplugged: choose it again to go on.");
    }
  }

  #signedIn(signal) {
    this.#set("signin", { rate: 0 });
    announceSignedOut();
    return new Promise((resolve, reject) => {
      document.addEventListener("telecine:signed-in", resolve, { once: true });
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  /** What the server makes of it: told as it happens; where that cannot be, asked for less and less often. */
  async #follow(signal) {
    let pause = 500;
    let last = "";
    const { uploadId } = this.#session;
    // All of it is there: nothing is left to resume, whatever becomes of this page.
    forget(this.#file);
    this.#set("following", { stage: "complete", progress: null, rate: 0 });
    for (let silences = 0; ;) {
      if (silences < quietStreams) {
        let heard = false;
        const told = (status) => { heard = true; return this.#take(status); };
        if (await listen(uploadId, signal, told)) return;
        silences = heard ? 0 : silences + 1;
      }
      const status = await this.#patiently(() => api.upload(uploadId, { signal }), signal, "following");
      if (this.#take(status)) return;
      const seen = `${status.status} ${status.progress}`;
      pause = seen === last ? Math.min(5000, pause * 1.4) : 800;
      last = seen;
      await wait(pause, signal);
    }
  }

  /** Shows a status; true when it is the last. */
  #take(status) {
    const processing = status.status === "processing";
    this.#set("following", {
      stage: status.status, assetId: status.assetId ?? this.assetId,
      progress: processing && Number.isFinite(status.progress) ? status.progress : null,
    });
    if (status.status.endsWith("failed")) {
      throw new APIError(422, `${status.error ?? "The file could not be processed."} Try another copy of it.`);
    }
    if (status.status === "processed") this.#set("ready", { progress: 100 });
    return status.status === "processed";
  }
}

/** The SHA-256 in hexadecimal; undefined for a large file, and where pages do not come by TLS. */
async function digest(file) {
  if (!globalThis.crypto?.subtle || file.size > hashable) return undefined;
  try {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    // Whoever sends its chunks finds out what is wrong with it.
    return undefined;
  }
}

const online = (signal) => new Promise((resolve) => {
  addEventListener("online", resolve, { once: true, signal });
});
