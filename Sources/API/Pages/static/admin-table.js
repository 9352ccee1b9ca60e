// A table with rows to choose, things to do with the chosen ones, and pages. Media and jobs are such tables.

import { call } from "./api.js";
import { $, $$, say } from "./dom.js";
import { make } from "./make.js";

const every = 5000;

export { make };

export class AdminTable {
  #section; #path; #rows; #filters; #all; #names;
  #page = 1; #last = 1; #chosen = new Set(); #timer = 0; #asked = 0; #running = false;

  /** names: { chosen, error, none, page } are ids; `one`, `many` are words for what stands in it. */
  constructor(section, { path, rows, filters, all, names }) {
    this.#section = section;
    this.#path = path;
    this.#rows = rows;
    this.#filters = filters;
    this.#all = all;
    this.#names = names;
    filters.addEventListener("submit", (event) => { event.preventDefault(); this.#page = 1; this.load(); });
    filters.addEventListener("reset", () => setTimeout(() => { this.#page = 1; this.load(); }));
    for (const select of $$("select", filters)) select.addEventListener("change", () => { this.#page = 1; this.load(); });
    all.addEventListener("change", () => this.#chooseAll());
    rows.addEventListener("change", (event) => this.#choose(event.target));
    for (const button of $$("[data-act]", section)) button.addEventListener("click", () => this.#act(button.dataset.act));
    for (const button of $$("[data-page]", section)) {
      button.addEventListener("click", () => { this.#page += Number(button.dataset.page); this.load(); });
    }
  }

  start() { this.#running = true; this.load(); }
  stop() { this.#running = false; clearTimeout(this.#timer); }

  async load() {
    clearTimeout(this.#timer);
    const mine = this.#asked += 1;
    const query = new URLSearchParams([...new FormData(this.#filters)].filter(([, value]) => value !== ""));
    query.set("page", String(this.#page));
    try {
      const answer = await call("GET", `${this.#path}?${query}`);
      if (mine !== this.#asked) return;
      say($(this.#names.error), "");
      this.#show(answer);
    } catch (error) {
      if (mine !== this.#asked) return;
      if (error.status !== 401) say($(this.#names.error), error.message);
    }
    if (this.#running) this.#timer = setTimeout(() => (document.hidden ? this.start() : this.load()), every);
  }

  // To be said by the two tables.
  items() { return []; }
  row() { return make("tr"); }
  canChoose() { return true; }
  async confirm() { return true; }
  label(item) { return String(item.id); }
  shown() { /* After each look at the server. */ }

  #show(answer) {
    const items = this.items(answer);
    this.#last = Math.max(1, Math.ceil(answer.total / answer.size));
    const ids = new Set(items.map((item) => item.id));
    for (const id of this.#chosen) if (!ids.has(id)) this.#chosen.delete(id);
    // Kept where nothing has changed, so that focus and pictures survive every look at the server.
    const known = new Map([...this.#rows.children].map((row) => [row.dataset.id, row]));
    const rows = items.map((item) => {
      const state = JSON.stringify(item);
      const old = known.get(String(item.id));
      if (old?.dataset.state === state) return old;
      const row = this.row(item, this.#box(item));
      Object.assign(row.dataset, { id: item.id, state });
      if (old?.contains(document.activeElement)) setTimeout(() => $("input", row)?.focus());
      return row;
    });
    if (rows.length !== this.#rows.children.length || rows.some((row, i) => row !== this.#rows.children[i])) {
      this.#rows.replaceChildren(...rows);
    }
    $(this.#names.none).hidden = items.length > 0;
    const [back, on] = $$("[data-page]", this.#section);
    back.disabled = this.#page <= 1;
    on.disabled = this.#page >= this.#last;
    say($(this.#names.page), `${answer.total} in all · page ${this.#page} of ${this.#last}`);
    this.#count();
    this.shown(answer);
  }

  #box(item) {
    if (!this.canChoose(item)) return make("td");
    const box = make("input", { type: "checkbox", "aria-label": `Choose ${this.label(item)}`, value: item.id });
    box.checked = this.#chosen.has(item.id);
    return make("td", {}, box);
  }

  get #boxes() { return $$("input[type=checkbox]", this.#rows); }

  #choose(box) {
    if (box.type !== "checkbox") return;
    const id = Number(box.value);
    if (box.checked) this.#chosen.add(id); else this.#chosen.delete(id);
    this.#count();
  }

  #chooseAll() {
    for (const box of this.#boxes) { box.checked = this.#all.checked; this.#choose(box); }
  }

  #count() {
    const count = this.#chosen.size;
    say($(this.#names.chosen), count ? `${count} chosen` : "None chosen");
    for (const button of $$("[data-act]", this.#section)) button.disabled = count === 0;
    this.#all.checked = count > 0 && this.#boxes.every((box) => box.checked);
    this.#all.indeterminate = count > 0 && !this.#all.checked;
    this.#all.disabled = this.#boxes.length === 0;
  }

  async #act(action) {
    const ids = [...this.#chosen];
    if (!(await this.confirm(action, ids.length))) return;
    try {
      const { failed } = await call("POST", `${this.#path}/actions`, { action, ids });
      for (const id of ids) if (!failed.some((one) => one.id === id)) this.#chosen.delete(id);
      for (const box of this.#boxes) box.checked = this.#chosen.has(Number(box.value));
      await this.load();
      const words = [...new Set(failed.map((one) => one.error))].join(" ");
      say($(this.#names.error), failed.length ? `${failed.length} of ${ids.length} could not be done: ${words}` : "");
      if (!document.activeElement || document.activeElement === document.body) this.#all.focus();
    } catch (error) {
      say($(this.#names.error), error.message);
    }
  }
}
