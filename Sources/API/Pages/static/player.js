// The player's face: controls, states and words over a <video>. How the media arrive is source.js's duty.

import { $, say, store } from "./dom.js";
import { clock, spoken } from "./format.js";
import { listen } from "./keys.js";
import { Menu } from "./menu.js";
import { Report } from "./report.js";
import { Source } from "./source.js";
import { Surroundings } from "./surroundings.js";

const speeds = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const reasons = {
  network: "The connection was lost. Check it, then try again; you will go on where you were.",
  server: "The server could not deliver this part. Wait a moment, then try again; you will go on where you were.",
  refused: "The server no longer gives this recording out. It may have been deleted, or your sign-in has ended. Try again, or sign in anew.",
  media: "This browser could not decode the recording. Try again, another quality, or download the file below.",
};

export class Player {
  #root; #video; #source = null; #report = null; #quality; #speed; #around;
  #dragging = false; #hide = 0; #slow = 0;

  constructor(root) {
    this.#root = root;
    this.#video = $("video", root);
    this.#quality = new Menu($("[data-quality]", root), $("[data-quality-menu]", root), (id) => this.#pickQuality(Number(id)));
    this.#speed = new Menu($("[data-speed]", root), $("[data-speed-menu]", root), (rate) => this.#pickSpeed(Number(rate)));
    this.#around = new Surroundings(root, this.#video, { seek: (to) => this.#seek(to), flash: (text) => this.#flash(text) });
    this.#restoreVolume();
    this.#bindVideo();
    this.#bindControls();
    listen({
      toggle: () => this.toggle(), skip: (by) => this.#skip(by), mute: () => this.#mute(), full: () => this.#fullScreen(),
      tenth: (n) => this.#seek((this.#video.duration || 0) * n / 10), louder: (by) => this.#louder(by),
      faster: (step) => this.#faster(step), help: () => this.onHelp(),
      captions: () => this.#around.toggleCaptions(),
    });
  }

  onHelp = () => {};
  get time() { return this.#video.currentTime; }
  get source() { return this.#source; }
  /** Storyboard, captions and chapters, as far as there are any; may come again. */
  surround(around) { this.#around.fill(around); }

  /** stream: { masterUrl, mp4: [{ label, height, url }], renew }; poster may be empty. */
  async load(stream, { poster, title, at = 0, sound = false }) {
    if (poster) this.#video.poster = poster;
    this.#root.dataset.sound = sound ? "only" : "";
    this.#video.setAttribute("aria-label", title);
    this.#state("ready");
    this.#source?.close();
    this.#report ??= new Report(this.#video, stream.masterUrl);
    this.#source = new Source(this.#video, stream, {
      changed: () => { this.#showQuality(); this.#report.quality(this.#level()); },
      retrying: () => this.#note("Connection trouble. Trying again…"),
      recovered: () => { if (this.#root.dataset.state === "error") this.#state("ready"); this.#note(""); },
      failed: ({ kind }) => { this.#report.failed(kind); this.#fail(reasons[kind] ?? reasons.network); },
    });
    await this.#source.open(at);
  }

  toggle() {
    if (this.#root.dataset.state === "error") return;
    if (this.#video.paused || this.#video.ended) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  // What the media do.

  #bindVideo() {
    const on = (names, act) => { for (const name of names.split(" ")) this.#video.addEventListener(name, act); };
    on("play pause ended playing", () => this.#showPlaying());
    on("timeupdate durationchange progress seeked", () => this.#showTime());
    on("seeking", () => this.#showTime());
    on("volumechange", () => this.#showVolume());
    on("ratechange", () => this.#showSpeed());
    on("waiting seeking stalled", () => this.#buffering());
    on("playing canplay seeked pause ended emptied", () => this.#buffering());
    on("click", () => this.toggle());
    on("dblclick", () => this.#fullScreen());
    this.#showSpeed();
    this.#showPlaying();
    this.#showVolume();
  }

  #bindControls() {
    const root = this.#root;
    const click = (name, act) => $(`[data-${name}]`, root).addEventListener("click", act);
    click("play", () => this.toggle());
    click("start", () => { this.toggle(); $("[data-play]", root).focus({ preventScroll: true }); });
    click("mute", () => this.#mute());
    click("full", () => this.#fullScreen());
    click("help", () => this.onHelp());
    click("retry", () => { this.#state("ready"); this.#buffering(); this.#source?.reopen(); });
    const bar = $("[data-seek]", root);
    bar.addEventListener("input", () => { this.#drag(bar); });
    // Only the place where the finger lifts is asked for: each place passed over would be a request held by the server.
    bar.addEventListener("change", () => { this.#dragging = false; bar.parentElement.removeAttribute("data-dragging"); this.#seek(Number(bar.value)); });
    bar.addEventListener("pointermove", (event) => this.#hint(event));
    const volume = $("[data-volume]", root);
    volume.addEventListener("input", () => { this.#video.volume = Number(volume.value); this.#video.muted = false; });
    for (const name of ["pointermove", "pointerdown", "focusin", "keydown"]) root.addEventListener(name, () => this.#awake());
    root.addEventListener("pointerleave", () => { if (!this.#video.paused) this.#sleep(); });
    document.addEventListener("fullscreenchange", () => this.#showFull());
  }

  #drag(bar) {
    this.#dragging = true;
    bar.parentElement.toggleAttribute("data-dragging", true);
    const at = Number(bar.value);
    this.#showTime(at);
    this.#around.glimpse(at, at / (this.#video.duration || 1));
  }

  #seek(to) {
    const { duration } = this.#video;
    if (!Number.isFinite(duration)) return;
    this.#video.currentTime = Math.min(Math.max(to, 0), duration);
    this.#showTime();
  }

  #skip(by) {
    this.#seek(this.#video.currentTime + by);
    this.#flash(by > 0 ? `+${by} s` : `−${-by} s`);
  }

  #mute() {
    this.#video.muted = !this.#video.muted;
    this.#flash(this.#video.muted ? "Sound off" : "Sound on");
  }

  #louder(by) {
    this.#video.muted = false;
    this.#video.volume = Math.min(1, Math.max(0, this.#video.volume + by));
    this.#flash(`Volume ${Math.round(this.#video.volume * 100)} %`);
  }

  #faster(step) {
    const next = speeds[speeds.indexOf(this.#video.playbackRate) + step];
    if (next) this.#pickSpeed(next);
  }

  #pickSpeed(rate) {
    this.#video.playbackRate = rate;
    this.#flash(`Speed ${rate}×`);
  }

  #pickQuality(id) {
    this.#source?.select(id);
    const level = this.#source?.levels.find((l) => l.id === id);
    this.#flash(level ? `Quality ${level.label}` : "Quality automatic");
  }

  async #fullScreen() {
    const root = this.#root;
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (root.requestFullscreen) await root.requestFullscreen().catch(() => {});
    // iPhones let only the video itself fill the screen.
    else this.#video.webkitEnterFullscreen?.();
  }

  // What is shown.

  #state(name) { this.#root.dataset.state = name; }

  #fail(reason) {
    this.#state("error");
    say($("[data-reason]", this.#root), reason);
  }

  #buffering() {
    clearTimeout(this.#slow);
    const video = this.#video;
    const waiting = !video.ended && video.readyState < 3 && (!video.paused || video.seeking);
    this.#root.toggleAttribute("data-waiting", waiting);
    if (!waiting) return this.#note("");
    this.#slow = setTimeout(() => this.#note("Waiting for this part. It may still be in the making…"), 6000);
  }

  #note(text) { say($("[data-note]", this.#root), text); }

  #showPlaying() {
    const { paused, ended } = this.#video;
    this.#root.toggleAttribute("data-playing", !paused && !ended);
    if (!paused) this.#root.setAttribute("data-begun", "");
    const button = $("[data-play]", this.#root);
    button.setAttribute("aria-label", ended ? "Play again" : paused ? "Play" : "Pause");
    this.#icon(button, ended ? "replay" : paused ? "play" : "pause");
    if (paused) this.#awake();
  }

  #showTime(at = this.#video.currentTime) {
    if (this.#dragging && at === this.#video.currentTime) return;
    const duration = Number.isFinite(this.#video.duration) ? this.#video.duration : 0;
    const bar = $("[data-seek]", this.#root);
    bar.max = String(duration || 1);
    bar.value = String(at);
    bar.disabled = duration === 0;
    bar.setAttribute("aria-valuetext", `${spoken(at)} of ${spoken(duration)}`);
    const percent = (part) => `${duration ? (100 * part) / duration : 0}%`;
    bar.style.setProperty("--played", percent(at));
    bar.style.setProperty("--loaded", percent(this.#loadedTo(at)));
    say($("[data-time]", this.#root), `${clock(at)} / ${clock(duration || NaN)}`);
  }

  #loadedTo(at) {
    const { buffered } = this.#video;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= at + 0.1 && at <= buffered.end(i)) return buffered.end(i);
    }
    return at;
  }

  #hint(event) {
    const bar = event.currentTarget;
    const box = bar.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    this.#around.glimpse(part * (this.#video.duration || 0), part);
  }

  #showVolume() {
    const { muted, volume } = this.#video;
    const silent = muted || volume === 0;
    const button = $("[data-mute]", this.#root);
    button.setAttribute("aria-label", silent ? "Sound on" : "Sound off");
    this.#icon(button, silent ? "muted" : "sound");
    const slider = $("[data-volume]", this.#root);
    slider.value = String(silent ? 0 : volume);
    slider.setAttribute("aria-valuetext", silent ? "Off" : `${Math.round(volume * 100)} %`);
    slider.style.setProperty("--played", `${silent ? 0 : volume * 100}%`);
    store.set("telecine.volume", { muted, volume });
  }

  #restoreVolume() {
    const kept = store.get("telecine.volume");
    if (!kept) return;
    this.#video.volume = Math.min(1, Math.max(0, Number(kept.volume) || 0));
    this.#video.muted = kept.muted === true;
  }

  #showSpeed() {
    const rate = this.#video.playbackRate;
    say($("[data-speed]", this.#root), `${rate}×`);
    $("[data-speed]", this.#root).setAttribute("aria-label", `Speed, now ${rate} times`);
    this.#speed.fill(speeds.map((s) => ({ value: String(s), label: `${s}×`, hint: s === 1 ? "normal" : "" })), String(rate));
  }

  /** What is on the screen: "720p". */
  #level() { return this.#source?.levels.find((l) => l.id === this.#source.current)?.label; }

  #showQuality() {
    const { levels, pinned, current } = this.#source;
    const button = $("[data-quality]", this.#root);
    button.hidden = levels.length === 0;
    const now = levels.find((l) => l.id === current)?.label;
    const chosen = levels.find((l) => l.id === pinned)?.label;
    say(button, chosen ?? (now ? `Auto · ${now}` : "Auto"));
    button.setAttribute("aria-label", `Quality, now ${chosen ?? `automatic${now ? `, ${now}` : ""}`}`);
    this.#quality.fill([
      ...levels.map((l) => ({ value: String(l.id), label: l.label, hint: l.bandwidth ? `${(l.bandwidth / 1e6).toFixed(1)} Mb/s` : "" })),
      { value: "-1", label: "Auto", hint: pinned < 0 && now ? now : "" },
    ], String(pinned));
  }

  #showFull() {
    const full = document.fullscreenElement === this.#root;
    const button = $("[data-full]", this.#root);
    button.setAttribute("aria-label", full ? "Leave full screen" : "Full screen");
    this.#icon(button, full ? "small" : "full");
  }

  #icon(button, name) {
    const use = $("use", button);
    const href = `/static/icons.svg#${name}`;
    if (use.getAttribute("href") !== href) use.setAttribute("href", href);
  }

  /** Says and shows for a moment what a key has done. */
  #flash(text) {
    const node = $("[data-flash]", this.#root);
    node.textContent = text;
    node.classList.remove("on");
    void node.offsetWidth;
    node.classList.add("on");
    this.#awake();
  }

  #awake() {
    clearTimeout(this.#hide);
    this.#root.removeAttribute("data-idle");
    if (!this.#video.paused) this.#hide = setTimeout(() => this.#sleep(), 2800);
  }

  #sleep() {
    const busy = this.#quality.open || this.#speed.open || this.#around.open || this.#root.matches(":has(:focus-visible)");
    if (!this.#video.paused && !busy) this.#root.setAttribute("data-idle", "");
  }
}
