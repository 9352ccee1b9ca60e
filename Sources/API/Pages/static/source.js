// Decides how a recording is played. Media Source Extensions come first even where the browser has HLS of its own:
// one behaviour everywhere, a quality menu, a patient retry, and rungs that join later are seen at once.
// Native HLS serves where there are no Media Source Extensions (iPhone) or where they fail; MP4 files are the last resort.
// `?engine=native` and `?engine=mse` in the address pin the choice, for tests and for finding faults.

import { Loader, Unsupported, reason } from "./hls/loader.js";
import { wait } from "./dom.js";

const pinnedEngine = new URLSearchParams(location.search).get("engine");

/** Plays through the browser's own HLS or a plain file; picking a quality plays that rung's MP4. */
class Native extends EventTarget {
  #video; #master; #files; #pinned = -1;

  constructor(video, { masterUrl, mp4 }) {
    super();
    this.#video = video;
    this.#master = video.canPlayType("application/vnd.apple.mpegurl") ? masterUrl : null;
    this.#files = mp4;
  }

  static possible(video, { mp4 }) {
    return video.canPlayType("application/vnd.apple.mpegurl") !== "" || mp4.length > 0;
  }

  get levels() { return this.#files.map(({ label, height }, id) => ({ id, label, height })); }
  get pinned() { return this.#pinned; }
  /** The browser does not tell which rung it plays; the size of the picture does. */
  get current() {
    const size = Math.min(this.#video.videoWidth, this.#video.videoHeight);
    return this.#files.findIndex((file) => file.height === size);
  }

  async open(at = 0) {
    this.#video.addEventListener("error", this.#failed);
    this.#video.addEventListener("resize", this.#resized);
    this.#load(this.#master ?? this.#files[0].url, at);
  }

  select(id) {
    if (id === this.#pinned) return;
    this.#pinned = id;
    const { currentTime, paused } = this.#video;
    this.#load(this.#files[id]?.url ?? this.#master ?? this.#files[0].url, currentTime);
    if (!paused) this.#video.play().catch(() => {});
    this.dispatchEvent(new Event("level"));
  }

  async refresh() { /* The browser reads the master once; a reload of the page shows what joined. */ }
  retry() { this.#load(this.#video.currentSrc, this.#video.currentTime); }

  close() {
    this.#video.removeEventListener("error", this.#failed);
    this.#video.removeEventListener("resize", this.#resized);
  }

  #resized = () => this.dispatchEvent(new Event("level"));
  #failed = () => {
    const kind = this.#video.error?.code === MediaError.MEDIA_ERR_NETWORK ? "network" : "media";
    this.dispatchEvent(new CustomEvent("failed", { detail: { kind, error: this.#video.error } }));
  };

  #load(url, at) {
    const speed = this.#video.playbackRate;
    this.#video.src = url;
    this.#video.addEventListener("loadedmetadata", () => {
      if (at > 0) this.#video.currentTime = at;
      this.#video.playbackRate = speed;
    }, { once: true });
  }
}

/**
 * Opens the recording and keeps it open: a decoder that fails is rebuilt once at the same place, then the next way
 * is tried. `hooks`: changed(), retrying(detail), recovered(), failed({ kind, error }).
 */
export class Source {
  #video; #stream; #hooks; #engine = null; #ways; #mediaFailures = 0; #closed = false;

  constructor(video, stream, hooks) {
    this.#video = video;
    this.#stream = stream;
    this.#hooks = hooks;
    this.#ways = [];
    if (Loader.possible && pinnedEngine !== "native") this.#ways.push((s) => new Loader(video, s));
    if (Native.possible(video, stream) && pinnedEngine !== "mse") this.#ways.push((s) => new Native(video, s));
  }

  get levels() { return this.#engine?.levels ?? []; }
  get pinned() { return this.#engine?.pinned ?? -1; }
  get current() { return this.#engine?.current ?? -1; }
  get engine() { return this.#engine instanceof Loader ? "mse" : "native"; }
  select(id) { this.#engine?.select(id); }
  refresh() { return this.#engine?.refresh?.().catch(() => {}); }

  async open(at = 0) {
    for (let attempt = 1; !this.#closed; attempt += 1) {
      const make = this.#ways[0];
      if (!make) return this.#hooks.failed({ kind: "media", error: null });
      const engine = make(this.#stream);
      this.#engine?.close();
      this.#engine = engine;
      this.#listen(engine);
      try {
        await engine.open(at);
        this.#hooks.changed();
        return;
      } catch (error) {
        engine.close();
        if (this.#closed) return;
        if (error instanceof Unsupported) { this.#ways.shift(); continue; }
        const kind = reason(error);
        if (kind === "refused" || attempt >= 4) return this.#hooks.failed({ kind, error });
        this.#hooks.retrying({ error, attempt });
        await wait(500 * 2 ** attempt);
      }
    }
  }

  /** Asked for by a person after an error: everything is tried anew, with a fresh address. */
  async reopen() {
    const at = this.#video.currentTime;
    const playing = !this.#video.paused;
    try { this.#stream.masterUrl = await this.#stream.renew(); } catch { /* open() says what is wrong. */ }
    await this.open(at);
    if (playing) this.#video.play().catch(() => {});
  }

  close() { this.#closed = true; this.#engine?.close(); }

  #listen(engine) {
    const mine = (act) => (event) => { if (engine === this.#engine && !this.#closed) act(event.detail); };
    engine.addEventListener("levels", mine(() => this.#hooks.changed()));
    engine.addEventListener("level", mine(() => this.#hooks.changed()));
    engine.addEventListener("retrying", mine((detail) => this.#hooks.retrying(detail)));
    engine.addEventListener("recovered", mine(() => this.#hooks.recovered()));
    engine.addEventListener("failed", mine((detail) => this.#failed(detail)));
    if (engine instanceof Loader) this.#video.onerror = mine(() => this.#failed({ kind: "media", error: this.#video.error }));
    else this.#video.onerror = null;
  }

  #failed(detail) {
    if (detail.kind !== "media") return this.#hooks.failed(detail);
    this.#mediaFailures += 1;
    // One fault may be a hiccup of the decoder; the second is this way's own.
    if (this.#mediaFailures > 1) { this.#ways.shift(); this.#mediaFailures = 0; }
    if (!this.#ways.length) return this.#hooks.failed(detail);
    const at = this.#video.currentTime;
    const playing = !this.#video.paused;
    this.open(at).then(() => { if (playing) this.#video.play().catch(() => {}); });
  }
}
