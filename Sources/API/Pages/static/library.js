// The shelf: cards that are updated in place, so that focus and pictures survive every look at the server.

import { api, local } from "./api.js";
import { $, say, stamp } from "./dom.js";
import { Filters } from "./filters.js";
import { ago, clock, spoken } from "./format.js";
import { moveOnHover } from "./preview.js";
import { Selection } from "./selection.js";

const size = 24;
const settled = new Set(["ready", "failed", "processing_failed", "error"]);

export class Library {
  #grid = $("#grid");
  #cards = new Map();     // id → { node, asset, page }
  #pages = 1;
  #total = 0;
  #isMore = false;
  #timer = 0;
  #pause = 2000;
  #busy = null;
  #again = false;
  #victim = null;
  #filters = new Filters();
  #selection = new Selection(() => this.#changed());

  constructor() {
    this.#filters.addEventListener("change", () => { this.#pages = 1; this.refresh(); });
    this.#tags();
    $("#more").addEventListener("click", () => this.#more());
    $("#delete-yes").addEventListener("click", () => this.#delete());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.refresh(); });
  }

  /** Looks now; while something is unsettled it looks again by itself. */
  refresh() {
    this.#pause = 2000;
    if (this.#busy) { this.#again = true; return this.#busy; }
    this.#busy = this.#load().finally(() => {
      this.#busy = null;
      if (this.#again) { this.#again = false; this.refresh(); }
    });
    return this.#busy;
  }

  stop() { clearTimeout(this.#timer); }

  #changed() {
    this.refresh();
    this.#tags();
  }

  /** The choice of tags is a convenience: without it everything else works. */
  #tags() { this.#filters.refreshTags().catch(() => {}); }

  async #load() {
    clearTimeout(this.#timer);
    try {
      const query = this.#filters.query.toString();
      const answers = await Promise.all(Array.from({ length: this.#pages }, (_, i) => api.assets(i + 1, size, query)));
      // Typed on meanwhile: the answer to the last question counts.
      if (query !== this.#filters.query.toString()) { this.#again = true; return; }
      say($("#library-error"), "");
      this.#total = answers[0].pagination?.total ?? answers[0].assets.length;
      this.#isMore = answers[0].pagination?.isMore === true;
      $("#more").hidden = this.#pages >= (answers[0].pagination?.pages ?? 1);
      const before = JSON.stringify([...this.#cards.values()].map((c) => [c.asset.status, c.asset.progress]));
      this.#show(answers.flatMap((answer) => answer.assets));
      const after = JSON.stringify([...this.#cards.values()].map((c) => [c.asset.status, c.asset.progress]));
      this.#pause = before === after ? Math.min(10_000, this.#pause * 1.4) : 2000;
    } catch (error) {
      if (error.status !== 401) say($("#library-error"), error.message);
      this.#pause = 8000;
      if (error.status === 401) return;
    }
    this.#plan();
  }

  #plan() {
    const open = [...this.#cards.values()].some((c) => !settled.has(c.asset.status)) || $("#library-error").textContent;
    clearTimeout(this.#timer);
    if (open) this.#timer = setTimeout(() => { if (!document.hidden) this.#tick(); }, this.#pause);
  }

  #tick() {
    const pause = this.#pause;
    this.refresh();
    this.#pause = pause;
  }

  #show(assets) {
    const wanted = new Set(assets.map((asset) => String(asset.id)));
    for (const [id, card] of this.#cards) {
      if (!wanted.has(id)) { card.node.remove(); this.#cards.delete(id); }
    }
    let previous = null;
    for (const asset of assets) {
      const id = String(asset.id);
      const card = this.#cards.get(id) ?? { node: this.#make(id, asset.title || "Untitled") };
      card.asset = asset;
      this.#cards.set(id, card);
      this.#fill(card);
      const place = previous ? previous.nextElementSibling : this.#grid.firstElementChild;
      if (place !== card.node) this.#grid.insertBefore(card.node, place);
      previous = card.node;
    }
    this.#selection.keep(wanted);
    this.#count();
  }

  #count() {
    const isSearch = !this.#filters.isEmpty;
    $("#empty").hidden = this.#cards.size > 0 || isSearch;
    $("#nothing").hidden = this.#cards.size > 0 || !isSearch;
    $("#filters").hidden = this.#cards.size === 0 && !isSearch;
    const what = isSearch ? "found" : `recording${this.#total === 1 ? "" : "s"}`;
    say($("#library-count"), this.#total || isSearch ? `${this.#isMore ? "More than " : ""}${this.#total} ${what}` : "");
  }

  #make(id, title) {
    const node = stamp("card");
    $("[data-link]", node).href = `/watch/${encodeURIComponent(id)}`;
    $("[data-delete]", node).addEventListener("click", () => this.#ask(id));
    $("[data-details]", node).href = `/assets/${encodeURIComponent(id)}`;
    this.#selection.bind(node, id, title);
    const image = $("img", node);
    // Not [hidden]: a picture without a box is never loaded lazily.
    image.addEventListener("load", () => image.classList.add("here"));
    image.addEventListener("error", () => image.classList.remove("here"));
    moveOnHover(node, () => local(this.#cards.get(id)?.asset.previewUrl));
    return node;
  }

  #fill({ node, asset }) {
    const title = asset.title || "Untitled";
    const failed = settled.has(asset.status) && asset.status !== "ready";
    node.dataset.status = failed ? "failed" : asset.status;
    say($("[data-title]", node), title);
    $("[data-delete]", node).setAttribute("aria-label", `Delete “${title}”`);
    $("[data-details]", node).setAttribute("aria-label", `Details of “${title}”`);
    this.#fillTags($("[data-tags]", node), asset.tags ?? []);
    const length = $("[data-length]", node);
    length.hidden = !(asset.duration > 0);
    say(length, asset.duration > 0 ? clock(asset.duration) : "");
    if (asset.duration > 0) length.setAttribute("title", spoken(asset.duration));
    const image = $("img", node);
    const poster = local(asset.thumbnailUrl);
    // Signed addresses change now and then; the picture behind the same path does not.
    const path = poster.split("?")[0];
    if (poster && image.dataset.path !== path) { image.dataset.path = path; image.src = poster; }
    const bar = $("progress", node);
    bar.hidden = settled.has(asset.status);
    bar.setAttribute("aria-label", `Processing of “${title}”`);
    if (Number.isFinite(asset.progress)) bar.value = asset.progress; else bar.removeAttribute("value");
    const percent = Number.isFinite(asset.progress) ? ` · ${Math.floor(asset.progress)} %` : "";
    say($("[data-status]", node), failed ? `Failed. ${asset.error || "It could not be processed; try another copy."}`
      : asset.status === "ready" ? ago(asset.createdAt)
      : asset.status === "uploading" ? "Being uploaded" : `Being processed${percent}`);
  }

  #fillTags(list, tags) {
    const state = JSON.stringify(tags);
    if (list.dataset.state === state) return;
    list.dataset.state = state;
    list.hidden = tags.length === 0;
    list.replaceChildren(...tags.slice(0, 4).map((tag) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "tag", textContent: tag });
      button.setAttribute("aria-label", `Show what is tagged “${tag}”`);
      button.addEventListener("click", () => this.#filters.pick(tag));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }));
  }

  #more() {
    this.#pages += 1;
    const first = this.#cards.size;
    this.refresh().then(() => this.#grid.children[first]?.querySelector("a").focus());
  }

  #ask(id) {
    this.#victim = id;
    const { asset } = this.#cards.get(id);
    say($("#delete-error"), "");
    say($("#delete-text"), `“${asset.title || "Untitled"}” is put into the trash. Links to it stop working until you restore it from there.`);
    $("#delete-dialog").showModal();
  }

  async #delete() {
    const id = this.#victim;
    const button = $("#delete-yes");
    button.disabled = true;
    try {
      await api.deleteAsset(id).catch((error) => { if (error.status !== 404) throw error; });
      const node = this.#cards.get(id)?.node;
      const neighbour = node?.nextElementSibling ?? node?.previousElementSibling;
      $("#delete-dialog").close();
      node?.remove();
      this.#cards.delete(id);
      this.#total = Math.max(0, this.#total - 1);
      this.#count();
      (neighbour?.querySelector("a") ?? $("#choose")).focus();
      this.refresh();
    } catch (error) {
      if (error.status === 401) $("#delete-dialog").close();
      say($("#delete-error"), error.message);
    } finally { button.disabled = false; }
  }
}
