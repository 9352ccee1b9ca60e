// Keeps one SourceBuffer filled: one segment after another from a cursor, which seeking moves.

import { download } from "./download.js";
import { wait } from "../dom.js";

/** Why a running request was dropped: it is not a failure, the loop just plans again. */
class Replanned extends Error {}

export class Track {
  #host; #buffer; #mime;
  #cursor = 0;        // where the next segment begins
  #exact = true;      // after a seek the segment *containing* the cursor is wanted, even for its last instant
  #loading = null;    // the segment being fetched
  #abort = null;
  #swap = false;      // the picked rung shall replace what is already buffered under the playhead
  #init = "";         // address of the initialisation last appended
  #inits = new Map();
  #hollow = { uri: "", times: 0 };
  #full = 1;          // shrinks the goal when the browser's quota is smaller than we thought
  #rescued = { at: -1, times: 0 };
  #wake = () => {};
  #closed = false;

  /**
   * host: { time(), goal(), pick(ahead) → level (whatever has a `mime`), playlist(level, signal), sampled(size, seconds),
   *         tooSlow(progress, ahead, level) → bool, failed(error, attempt, ahead) → ms to wait, recovered(), arrived(track, level),
   *         nudge() }
   */
  constructor(buffer, mime, host) {
    this.#buffer = buffer;
    this.#mime = mime;
    this.#host = host;
  }

  done = false;
  get cursor() { return this.#cursor; }
  get updating() { return this.#buffer.updating; }
  get buffered() { try { return this.#buffer.buffered; } catch { return { length: 0 }; } }

  start(at) { this.#cursor = at; this.#run(); }
  close() { this.#closed = true; this.#abort?.abort(new Replanned()); this.#wake(); }
  poke() { this.#wake(); }

  /** Moves to a new place, keeping what is there and what is just coming. */
  seek(time) {
    const end = this.#bufferedEnd(time);
    if (end === null && this.#loading && this.#loading.start <= time && time < this.#loading.end) return;
    if (end !== null && Math.abs(end - this.#cursor) < 1) return;
    this.#move(end ?? time, end === null);
  }

  /** The picked rung changed by hand: show it as soon as its first segment is here. */
  replace() {
    this.#swap = true;
    this.#move(this.#host.time(), true);
  }

  /** A browser may drop what was buffered, and a playlist may promise more than its segment holds: look again. */
  rescue() {
    const now = this.#host.time();
    if (this.#loading || this.#bufferedEnd(now) !== null || this.#cursor < now + 0.5) return;
    this.#rescued = { at: now, times: this.#rescued.at === now ? this.#rescued.times + 1 : 1 };
    if (this.#rescued.times <= 2) this.#move(now, true);
  }

  #move(to, exact) {
    this.#cursor = to;
    this.#exact = exact;
    this.done = false;
    this.#abort?.abort(new Replanned());
    this.#wake();
  }

  #bufferedEnd(time) {
    const ranges = this.buffered;
    for (let i = 0; i < ranges.length; i += 1) {
      if (ranges.start(i) - 0.1 <= time && time < ranges.end(i) - 0.05) return ranges.end(i);
    }
    return null;
  }

  async #run() {
    let attempt = 0;
    while (!this.#closed) {
      const ahead = this.#cursor - this.#host.time();
      if (this.done || ahead >= this.#host.goal() * this.#full) {
        await this.#idle();
        continue;
      }
      this.#abort = new AbortController();
      try {
        await this.#step(this.#abort.signal, ahead);
        attempt = 0;
        this.#host.recovered();
      } catch (error) {
        if (this.#closed || error instanceof Replanned) continue;
        attempt += 1;
        const delay = await this.#host.failed(error, attempt, this.#cursor - this.#host.time());
        if (delay > 0) await this.#idle(delay);
        else { attempt = 0; await this.#idle(0); }
      } finally {
        this.#loading = null;
      }
    }
  }

  /** Until poked; a pause between two attempts, or by default a look around twice a second. */
  #idle(ms = 500) {
    return new Promise((resolve) => {
      const timer = ms > 0 ? setTimeout(resolve, ms) : 0;
      this.#wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  async #step(signal, ahead) {
    const level = this.#host.pick(ahead);
    const list = await this.#host.playlist(level, signal);
    if (signal.aborted) throw signal.reason;
    const segment = this.#next(list);
    if (!segment) { this.done = true; return; }
    this.#loading = segment;
    const init = await this.#initFor(segment, signal);
    const media = await this.#fetch(segment, signal, ahead, level);
    if (signal.aborted) throw signal.reason;
    await this.#trim();
    await this.#put(segment, level, init, media);
    // A seek may have come while the bytes went in: its cursor wins.
    if (signal.aborted) throw signal.reason;
    this.#cursor = segment.end;
    this.#exact = false;
    if (segment === list.segments.at(-1)) this.done = true;
    this.#host.arrived(this, level);
  }

  #next(list) {
    const slack = this.#exact ? 0 : 0.15;
    const last = list.segments.at(-1);
    const found = list.segments.find((s) => s.end > this.#cursor + slack);
    if (!found) return this.#exact ? last : null;
    // Replacing the last moment of a segment would only make the picture stumble.
    if (this.#swap && found !== last && found.end - this.#cursor < 0.8) {
      return list.segments[list.segments.indexOf(found) + 1];
    }
    return found;
  }

  async #initFor(segment, signal) {
    if (!segment.map) return null;
    const key = segment.map.uri + JSON.stringify(segment.map.range);
    if (!this.#inits.has(key)) {
      const { bytes } = await download(segment.map.uri, { range: segment.map.range, signal });
      this.#inits.set(key, bytes);
    }
    return { key, bytes: this.#inits.get(key) };
  }

  async #fetch(segment, signal, ahead, level) {
    const { bytes, seconds } = await download(segment.uri, {
      range: segment.range, signal,
      onProgress: (progress) => {
        if (!this.#host.tooSlow(progress, ahead, level)) return;
        this.#host.sampled(progress.size, progress.seconds);
        this.#abort.abort(new Replanned());
      },
    });
    this.#host.sampled(bytes.length, seconds);
    return bytes;
  }

  async #put(segment, level, init, media) {
    const now = this.#host.time();
    // A decoder reads ahead and stays with the old rung to the next key frame, so the near future counts as now.
    const swapping = this.#swap && segment.start < now + 2 && now < segment.end;
    // The bytes are in hand, so the gap lasts no longer than an append.
    if (swapping) await this.#operate(() => this.#buffer.remove(segment.start, Infinity));
    this.#swap = false;
    const { mime } = level;
    if (mime.slice(0, 22) !== this.#mime.slice(0, 22) && this.#buffer.changeType) this.#buffer.changeType(mime);
    this.#mime = mime;
    if (init && init.key !== this.#init) {
      await this.#append(init.bytes);
      this.#init = init.key;
    }
    await this.#append(media);
    this.#mustHold(segment);
    if (swapping) this.#host.nudge();
  }

  /** Broken bytes can pass without an error and swallow what follows: reset the parser, ask again, at last skip. */
  #mustHold(segment) {
    const ranges = this.buffered;
    for (let i = 0; i < ranges.length; i += 1) {
      if (ranges.start(i) < segment.end - 0.1 && ranges.end(i) > segment.start + 0.1) return;
    }
    if (segment.end - segment.start < 0.5) return;
    this.#buffer.abort();
    this.#init = "";
    this.#hollow = this.#hollow.uri === segment.uri ? { uri: segment.uri, times: this.#hollow.times + 1 } : { uri: segment.uri, times: 1 };
    if (this.#hollow.times < 3) throw new Error("This part holds nothing that can be played.");
  }

  async #append(bytes) {
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#operate(() => this.#buffer.appendBuffer(bytes));
      } catch (error) {
        if (error.name !== "QuotaExceededError" || tries > 20 || this.#closed) throw error;
        // The browser holds less than we asked it to: aim lower, drop what was seen, and wait to be seen on.
        this.#full = Math.max(0.2, this.#full * 0.7);
        await this.#trim(2);
        if (tries > 0) await wait(1000);
      }
    }
  }

  async #trim(keep = 30) {
    const edge = this.#host.time() - keep;
    const ranges = this.buffered;
    if (ranges.length && edge - ranges.start(0) > (keep > 10 ? 10 : 0.5)) {
      await this.#operate(() => this.#buffer.remove(0, edge));
    }
    const far = this.#host.time() + 60;
    if (keep < 10 && ranges.length && ranges.end(ranges.length - 1) > far) {
      await this.#operate(() => this.#buffer.remove(far, Infinity));
    }
  }

  #operate(change) {
    const buffer = this.#buffer;
    return new Promise((resolve, reject) => {
      const settle = (event) => {
        buffer.removeEventListener("updateend", settle);
        buffer.removeEventListener("error", settle);
        if (event.type === "error") reject(Object.assign(new Error("The browser could not decode this."), { media: true }));
        else resolve();
      };
      // Listeners after the call: a call that throws leaves nothing behind; events come later anyway.
      try { change(); } catch (error) {
        reject(error.name === "QuotaExceededError" ? error : Object.assign(error, { media: true }));
        return;
      }
      buffer.addEventListener("updateend", settle);
      buffer.addEventListener("error", settle);
    });
  }
}
