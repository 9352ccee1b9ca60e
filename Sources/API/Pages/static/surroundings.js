// What stands around the picture: glimpses of other places over the bar, captions, chapters.

import { $, say, store } from "./dom.js";
import { clock } from "./format.js";
import { Menu } from "./menu.js";

/** `00:01:02.500` → 62.5 */
function seconds(text) {
  return text.trim().split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** A storyboard's WebVTT → [{ start, end, url, x, y, w, h }]. */
export function parseStoryboard(text, base) {
  const tiles = [];
  for (const block of text.split(/\r?\n\r?\n/)) {
    const [times, place] = block.trim().split(/\r?\n/).slice(-2);
    const span = /^([\d:.]+) --> ([\d:.]+)/.exec(times ?? "");
    const part = /^(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)$/.exec(place ?? "");
    if (!span || !part) continue;
    const [x, y, w, h] = part.slice(2).map(Number);
    tiles.push({ start: seconds(span[1]), end: seconds(span[2]), url: new URL(part[1], base).href, x, y, w, h });
  }
  return tiles;
}

export class Surroundings {
  #root; #video; #hooks; #tiles = []; #storyboard = ""; #tracks = []; #shown = null; #chapters = [];
  #captionMenu; #chapterMenu;

  /** hooks: seek(time), flash(text). */
  constructor(root, video, hooks) {
    this.#root = root;
    this.#video = video;
    this.#hooks = hooks;
    this.#captionMenu = new Menu($("[data-cc]", root), $("[data-cc-menu]", root), (language) => this.#choose(language, true));
    this.#chapterMenu = new Menu($("[data-chapters]", root), $("[data-chapters-menu]", root),
      (index) => hooks.seek(this.#chapters[Number(index)]?.start ?? 0));
    video.addEventListener("timeupdate", () => this.#showChapter());
    video.addEventListener("durationchange", () => this.#mark());
  }

  get open() { return this.#captionMenu.open || this.#chapterMenu.open; }

  /** storyboard: address or empty; captions: [{ language, label, url }]; chapters: [{ start, title }]. May come again. */
  fill({ storyboard = "", captions = [], chapters = [] }) {
    this.#chapters = chapters;
    this.#mark();
    this.#showChapter();
    this.#setTracks(captions);
    if (storyboard && !this.#storyboard) this.#load(storyboard);
  }

  // Glimpses.

  async #load(address) {
    this.#storyboard = address;
    try {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`${response.status}`);
      this.#tiles = parseStoryboard(await response.text(), new URL(address, location.href));
    } catch { this.#storyboard = ""; /* The bar works without; the next look tries again. */ }
  }

  /** Shows what is at a time, with its clock, over that part of the bar. */
  glimpse(time, part) {
    const chapter = this.#chapters.findLast(({ start }) => start <= time);
    const hint = $("[data-hint]", this.#root);
    say(hint, clock(time) + (chapter ? ` · ${chapter.title}` : ""));
    hint.style.left = `${part * 100}%`;
    const box = $("[data-glimpse]", this.#root);
    const tile = this.#tiles.find(({ end }) => time < end) ?? this.#tiles.at(-1);
    box.hidden = !tile;
    if (!tile) return;
    box.style.setProperty("--at", `${part * 100}%`);
    box.style.width = `${tile.w}px`;
    box.style.height = `${tile.h}px`;
    box.style.backgroundImage = `url("${tile.url}")`;
    box.style.backgroundPosition = `-${tile.x}px -${tile.y}px`;
  }

  // Captions. They are drawn by the page, not by the browser, so that they keep clear of the controls everywhere.

  #setTracks(captions) {
    const languages = captions.map(({ language }) => language).join();
    if (this.#tracks.map(({ language }) => language).join() === languages) return;
    for (const { node } of this.#tracks) node.remove();
    this.#tracks = captions.map(({ language, label, url }) => {
      const node = document.createElement("track");
      Object.assign(node, { kind: "captions", src: url, srclang: language, label });
      node.addEventListener("load", () => this.#draw());
      this.#video.append(node);
      node.track.addEventListener("cuechange", () => this.#draw());
      return { language, label, node };
    });
    $("[data-cc]", this.#root).hidden = captions.length === 0;
    this.#choose(store.get("telecine.captions")?.language ?? "", false);
  }

  /** `language`: empty for none; `asked`: by a person, who hears of it and is remembered. */
  #choose(language, asked) {
    this.#shown = this.#tracks.find((track) => track.language === language) ?? null;
    // A hidden track is read and tells of its cues; a disabled one is not even fetched.
    for (const track of this.#tracks) track.node.track.mode = track === this.#shown ? "hidden" : "disabled";
    const button = $("[data-cc]", this.#root);
    button.setAttribute("aria-label", `Captions, now ${this.#shown?.label ?? "off"}`);
    button.toggleAttribute("data-on", this.#shown !== null);
    this.#captionMenu.fill(
      [{ value: "", label: "Off", hint: "" }, ...this.#tracks.map((t) => ({ value: t.language, label: t.label, hint: t.language }))],
      this.#shown?.language ?? "");
    this.#draw();
    if (!asked) return;
    store.set("telecine.captions", { language, last: language || store.get("telecine.captions")?.last });
    this.#hooks.flash(this.#shown ? `Captions ${this.#shown.label}` : "Captions off");
  }

  /** On: what was chosen last, else the reader's language, else the first. */
  toggleCaptions() {
    if (!this.#tracks.length) return this.#hooks.flash("No captions");
    if (this.#shown) return this.#choose("", true);
    const has = (language) => this.#tracks.find((track) => track.language.split("-")[0] === language?.split("-")[0]);
    const track = has(store.get("telecine.captions")?.last) ?? has(navigator.language) ?? this.#tracks[0];
    this.#choose(track.language, true);
  }

  #draw() {
    const box = $("[data-captions]", this.#root);
    const cues = [...this.#shown?.node.track.activeCues ?? []];
    // getCueAsHTML builds nodes of its own: no markup of a stranger's reaches the page.
    box.replaceChildren(...cues.map((cue) => {
      const line = document.createElement("p");
      line.append(cue.getCueAsHTML());
      return line;
    }));
    box.lang = this.#shown?.language ?? "";
  }

  // Chapters.

  #mark() {
    const { duration } = this.#video;
    const marks = this.#chapters.filter(({ start }) => start > 0 && start < duration).map(({ start }) => {
      const mark = document.createElement("i");
      mark.style.left = `${(100 * start) / duration}%`;
      return mark;
    });
    $("[data-marks]", this.#root).replaceChildren(...marks);
    $("[data-chapters]", this.#root).hidden = this.#chapters.length === 0;
  }

  #showChapter() {
    if (!this.#chapters.length) return;
    const now = this.#chapters.findLastIndex(({ start }) => start <= this.#video.currentTime + 0.05);
    $("[data-chapters]", this.#root).setAttribute("aria-label", `Chapters, now ${this.#chapters[now]?.title ?? "none"}`);
    this.#chapterMenu.fill(
      this.#chapters.map(({ start, title }, index) => ({ value: String(index), label: title, hint: clock(start) })), String(now));
  }
}
