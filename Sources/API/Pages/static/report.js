// Tells the service how the playback goes: when it starts, stalls, seeks, changes its quality, fails, and that it goes on.
// Events wait up to ten seconds and leave together; what is left when the page goes leaves by sendBeacon. Nothing in
// it names the viewer: `session` is made anew for every playback. Playback never waits for any of it.

const every = 10_000;
const most = 50;

export class Report {
  #video; #address; #session; #waiting = []; #timer = 0;
  #pressedAt = 0; #started = false; #quality;
  #at = 0; #left = null; #stalledAt = 0; #beat = 0; #gone = -Infinity;

  /** masterUrl: the signed address whose token vouches for the events. */
  constructor(video, masterUrl) {
    this.#video = video;
    this.#address = new URL("events", new URL(masterUrl, location.href)).pathname;
    this.#session = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const on = (names, act) => { for (const name of names.split(" ")) video.addEventListener(name, act); };
    on("play", () => this.#play());
    on("playing", () => this.#playing());
    on("pause", () => { this.#stallEnds(); if (!video.ended) this.#add("pause"); });
    on("ended", () => { this.#stallEnds(); this.#add("ended"); this.#send(); });
    // The video has moved already: where it was is what the last timeupdate said.
    on("seeking", () => { this.#left ??= this.#at; this.#stalledAt = 0; });
    on("seeked", () => this.#seeked());
    on("timeupdate", () => this.#tick());
    on("waiting", () => this.#stall());
    on("canplay", () => this.#stallEnds());
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") this.#leave(); });
    addEventListener("pagehide", () => this.#leave());
  }

  /** The rung on the screen, when it may have changed. */
  quality(label) {
    if (!label || label === this.#quality) return;
    const before = this.#quality;
    this.#quality = label;
    if (before && this.#started) this.#add("quality_change");
  }

  /** kind: network, server, refused or media. */
  failed(kind) {
    this.#add("error", { code: kind });
    this.#send();
  }

  #play() {
    if (!this.#started && !this.#pressedAt) this.#pressedAt = performance.now();
    this.#at = this.#video.currentTime;
    this.#add("play");
  }

  #playing() {
    this.#stallEnds();
    if (this.#started) return;
    this.#started = true;
    this.#beat = performance.now();
    this.#add("startup", { duration: (performance.now() - this.#pressedAt) / 1000 });
  }

  #seeked() {
    this.#add("seek", { from: this.#left ?? this.#at });
    this.#left = null;
    this.#at = this.#video.currentTime;
  }

  #tick() {
    if (this.#video.seeking) return;
    this.#at = this.#video.currentTime;
    if (this.#video.paused || performance.now() - this.#beat < every) return;
    this.#beat = performance.now();
    this.#add("heartbeat");
  }

  #stall() {
    if (this.#started && !this.#stalledAt && !this.#video.seeking && !this.#video.ended) this.#stalledAt = performance.now();
  }

  #stallEnds() {
    if (!this.#stalledAt) return;
    const duration = (performance.now() - this.#stalledAt) / 1000;
    this.#stalledAt = 0;
    // A wait that nobody sees is none.
    if (duration > 0.1) this.#add("buffer", { buffering: false, duration });
  }

  #add(event, more = {}) {
    if (!this.#pressedAt && event !== "error") return;
    // Before a seek is told, the picture is where it was: a change of quality comes between.
    const isBefore = event !== "seek" && (this.#video.seeking || this.#left !== null);
    const position = isBefore ? this.#left ?? this.#at : this.#video.currentTime;
    this.#waiting.push({ event, position, quality: this.#quality, ...more, when: performance.now() });
    if (this.#waiting.length >= most) this.#send();
    else this.#timer ||= setTimeout(() => this.#send(), every);
  }

  /** → the body of what waits, each event with the seconds since it happened. */
  #take() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const events = this.#waiting.splice(0, 100).map(({ when, ...event }) => ({ ...event, ago: (performance.now() - when) / 1000 }));
    return events.length ? JSON.stringify({ session: this.#session, events }) : "";
  }

  #send() {
    const body = this.#take();
    if (!body) return;
    // What is lost is lost: the next ones matter more than these.
    fetch(this.#address, { method: "POST", body, headers: { "Content-Type": "application/json" }, keepalive: true }).catch(() => {});
  }

  #leave() {
    // A page that goes is first hidden, then gone: two beacons at once would arrive in either order.
    if (!this.#video.paused && this.#started && performance.now() - this.#gone > 1_000) {
      this.#gone = performance.now();
      this.#add("heartbeat");
    }
    const body = this.#take();
    if (body) navigator.sendBeacon(this.#address, body);
  }
}
