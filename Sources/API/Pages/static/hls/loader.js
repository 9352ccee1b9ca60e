// HLS through Media Source Extensions: picture and sound in a buffer each, rungs chosen by hand or by measure.

import { choose, Bandwidth } from "./abr.js";
import { downloadText, HTTPError } from "./download.js";
import { bestCodec, parseMaster, parseMedia } from "./playlist.js";
import { Track } from "./track.js";

/** This browser cannot play any of the rungs this way; another way may exist. */
export class Unsupported extends Error {}

const attempts = 6;

/** What to tell people: the line, the server, or an address that is refused. */
export function reason(error) {
  if (!(error instanceof HTTPError)) return "network";
  return error.refused ? "refused" : "server";
}

export class Loader extends EventTarget {
  #video; #masterUrl; #renewAddress;
  #source = null; #objectURL = ""; #duration = 0;
  #levels = []; #codec = null; #sound = null; #lists = new Map();
  #pinned = -1; #current = -1;
  #tracks = []; #stop = new AbortController();
  #bandwidth = new Bandwidth();
  #started = false; #renewal = null; #renewedAt = -Infinity;
  #ticker = 0;

  static get possible() { return typeof MediaSource === "function"; }

  /** renew() → a fresh master address, asked for when the signed one has run out. */
  constructor(video, { masterUrl, renew }) {
    super();
    this.#video = video;
    this.#masterUrl = masterUrl;
    this.#renewAddress = renew;
  }

  get levels() { return this.#levels.map(({ label, height, bandwidth }, id) => ({ id, label, height, bandwidth })).reverse(); }
  get pinned() { return this.#pinned; }
  /** What is on the screen, which lags behind what was fetched last. */
  get current() {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const shown = this.#levels.findIndex((l) => l.width === width && l.height === height);
    return shown < 0 ? this.#current : shown;
  }

  async open(at = 0) {
    const signal = this.#stop.signal;
    await this.#readMaster(signal);
    this.#sound = this.#levels[0].sound;
    this.#source = new MediaSource();
    this.#objectURL = URL.createObjectURL(this.#source);
    const opened = new Promise((resolve) => this.#source.addEventListener("sourceopen", resolve, { once: true }));
    this.#video.src = this.#objectURL;
    const first = this.#pick(0);
    const lists = await Promise.all([
      this.#list(this.#levels[first].uri, signal),
      this.#sound ? this.#list(this.#sound.uri, signal) : null,
      opened,
    ]);
    if (signal.aborted) return;
    this.#duration = Math.max(...lists.slice(0, 2).filter(Boolean).map((list) => list.duration));
    this.#source.duration = this.#duration;
    this.#begin(first, Math.min(at, this.#duration));
  }

  /** -1 gives the choice back to the measurements. */
  select(id) {
    if (id === this.#pinned) return;
    this.#pinned = id;
    if (id >= 0 && (id !== this.#current || id !== this.current)) this.#tracks[0]?.replace();
    this.dispatchEvent(new Event("level"));
  }

  /** Reads the master again: rungs join while processing goes on. */
  async refresh() {
    const before = this.#levels;
    await this.#readMaster(this.#stop.signal);
    this.#pinned = this.#find(before[this.#pinned]);
    this.#current = this.#find(before[this.#current]);
    const names = (levels) => levels.map(({ label }) => label).join();
    if (names(before) !== names(this.#levels)) this.dispatchEvent(new Event("levels"));
  }

  /** Where a rung stands in the newest master, whose addresses may be new: -1 when it has left. */
  #find(level) {
    const name = ({ uri }) => uri.split("/").slice(-2).join("/");
    return level ? this.#levels.findIndex((other) => name(other) === name(level)) : -1;
  }

  retry() { for (const track of this.#tracks) track.poke(); }

  close() {
    this.#stop.abort(new Error("closed"));
    clearInterval(this.#ticker);
    for (const track of this.#tracks) track.close();
    for (const [name, listener] of this.#listeners) this.#video.removeEventListener(name, listener);
    removeEventListener("online", this.#online);
    URL.revokeObjectURL(this.#objectURL);
  }

  #begin(first, at) {
    const level = this.#levels[first];
    this.#tracks.push(new Track(this.#source.addSourceBuffer(level.mime), level.mime, this.#host({
      pick: (ahead) => this.#levels[this.#pick(ahead)],
      playlist: (level, signal) => this.#list(level.uri, signal),
      tooSlow: (progress, ahead, level) => this.#find(level) > 0 && this.#tooSlow(progress, ahead),
    })));
    if (this.#sound) {
      this.#tracks.push(new Track(this.#source.addSourceBuffer(this.#sound.mime), this.#sound.mime, this.#host({
        pick: () => this.#sound,
        playlist: (sound, signal) => this.#list(sound.uri, signal),
        tooSlow: () => false,
      })));
    }
    for (const [name, listener] of this.#listeners) this.#video.addEventListener(name, listener);
    addEventListener("online", this.#online);
    this.#ticker = setInterval(() => this.#tick(), 250);
    for (const track of this.#tracks) track.start(at);
    if (at > 0) this.#video.currentTime = at;
  }

  #host(own) {
    return {
      ...own,
      time: () => this.#video.currentTime,
      // Until someone presses play, one segment is enough to answer at once.
      goal: () => (this.#started ? 40 : 1),
      sampled: (size, seconds) => this.#bandwidth.sample(size, seconds),
      failed: (error, attempt, ahead) => this.#failed(error, attempt, ahead),
      recovered: () => this.dispatchEvent(new Event("recovered")),
      arrived: (track, level) => this.#arrived(track, level),
      // A decoder that lost the data it was reading starts again at the key frame only on a seek.
      nudge: () => { this.#video.currentTime = this.#video.currentTime; },
    };
  }

  #listeners = [
    ["seeking", () => { for (const track of this.#tracks) track.seek(this.#video.currentTime); }],
    ["resize", () => this.dispatchEvent(new Event("level"))],
    ["play", () => { this.#started = true; this.retry(); }],
    ["timeupdate", () => { for (const track of this.#tracks) if (!track.done) track.poke(); }],
  ];

  #online = () => this.retry();

  #pick(ahead) {
    if (this.#pinned >= 0) return this.#pinned;
    const box = this.#video.getBoundingClientRect();
    const pixels = Math.min(box.width, box.height) * devicePixelRatio || 720;
    return choose({
      levels: this.#levels, current: this.#current, ahead, estimate: this.#bandwidth.estimate, pixels,
    });
  }

  /** The rest of this segment would come after the buffer has run dry: a smaller rung gets there in time. */
  #tooSlow({ size, total, seconds }, ahead) {
    if (this.#pinned >= 0 || !total || seconds < 1.5 || this.#video.paused) return false;
    const left = (total - size) / (size / seconds);
    return size < total && left > 3 && left > ahead - seconds;
  }

  #arrived(track, level) {
    const index = track === this.#tracks[0] ? this.#find(level) : this.#current;
    if (index !== this.#current) {
      this.#current = index;
      this.dispatchEvent(new Event("level"));
    }
    this.#finish();
  }

  /** Lets the browser know that nothing more comes, so that "ended" fires and the last frames are shown. */
  #finish() {
    if (this.#source?.readyState !== "open" || this.#tracks.some((t) => !t.done || t.updating)) return;
    try { this.#source.endOfStream(); } catch { /* An append began in between: the next tick tries again. */ }
  }

  #tick() {
    this.#finish();
    const video = this.#video;
    if (video.readyState >= 3 || video.ended) return;
    for (const track of this.#tracks) track.rescue();
    this.#jumpGap(video.currentTime);
  }

  /** A picture that begins late, a hole, a segment that holds nothing: what all tracks are past must not hang. */
  #jumpGap(now) {
    const ranges = this.#video.buffered;
    for (let i = 0; i < ranges.length; i += 1) {
      const start = ranges.start(i);
      if (start <= now) continue;
      if (this.#tracks.every((track) => track.done || track.cursor > start)) this.#video.currentTime = start + 0.01;
      return;
    }
  }

  /** → milliseconds until the next attempt, or 0: wait until told. */
  async #failed(error, attempt, ahead) {
    if (error.media) {
      this.#report("media", error);
      return 0;
    }
    if (error instanceof HTTPError && error.refused && performance.now() - this.#renewedAt > 20_000) {
      try {
        await this.#renew();
        return 1;
      } catch { /* The same failure then counts below. */ }
    }
    if (attempt >= attempts && ahead < 1) {
      this.#report(reason(error), error);
      return 0;
    }
    this.dispatchEvent(new CustomEvent("retrying", { detail: { error, attempt } }));
    return Math.min(8000, 400 * 2 ** attempt) * (0.75 + Math.random() / 2);
  }

  #report(kind, error) { this.dispatchEvent(new CustomEvent("failed", { detail: { kind, error } })); }

  /** Picture and sound run out together: one new address serves both. */
  #renew() {
    this.#renewal ??= (async () => {
      try {
        this.#masterUrl = await this.#renewAddress();
        this.#lists.clear();
        await this.refresh();
        this.#sound = this.#levels[0].sound ?? this.#sound;
        this.#renewedAt = performance.now();
      } finally { this.#renewal = null; }
    })();
    return this.#renewal;
  }

  async #readMaster(signal) {
    const base = new URL(this.#masterUrl, location.href).href;
    const all = parseMaster(await downloadText(base, { signal }), base);
    if (!all.length) throw new Error("The playlist lists nothing to play.");
    const usable = all.filter((l) => MediaSource.isTypeSupported(l.mime)
      && (!l.sound || MediaSource.isTypeSupported(l.sound.mime)));
    if (!usable.length) throw new Unsupported("This browser cannot decode this recording.");
    this.#codec ??= await bestCodec(usable);
    // A codec whose rungs are not listed any more leaves whatever there is.
    const levels = usable.filter((level) => level.codec === this.#codec);
    this.#levels = levels.length ? levels : usable;
  }

  async #list(uri, signal) {
    const known = this.#lists.get(uri);
    if (known) return known;
    const list = parseMedia(await downloadText(uri, { signal }), uri);
    this.#lists.set(uri, list);
    return list;
  }
}
