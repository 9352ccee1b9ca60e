// What the shelf shows: words, state, kind, tag and order. The address remembers them, so that going back keeps them.

import { api } from "./api.js";
import { $ } from "./dom.js";

const names = ["search", "status", "type", "tag", "sort"];

export class Filters extends EventTarget {
  #form = $("#filters");
  #timer = 0;

  constructor() {
    super();
    const asked = new URLSearchParams(location.search);
    for (const name of names) if (asked.has(name)) this.#set(name, asked.get(name));
    this.#form.addEventListener("submit", (event) => { event.preventDefault(); this.#changed(0); });
    this.#form.addEventListener("input", (event) => this.#changed(event.target.name === "search" ? 250 : 0));
    $("#filters-clear").addEventListener("click", () => { this.clear(); this.#form.elements.search.focus(); });
    document.addEventListener("keydown", (event) => {
      // The key that search has on most sites; not while somebody types elsewhere.
      if (event.key !== "/" || event.target.closest("input, textarea, select, dialog[open]")) return;
      event.preventDefault();
      this.#form.elements.search.focus();
    });
    this.#showClear();
  }

  get isEmpty() { return names.every((name) => name === "sort" || !this.#form.elements[name].value.trim()); }

  /** As the service reads it: only what is set. */
  get query() {
    const query = new URLSearchParams();
    for (const name of names) {
      const value = this.#form.elements[name].value.trim();
      if (value) query.set(name, value);
    }
    return query;
  }

  clear() {
    for (const name of names) this.#form.elements[name].value = "";
    this.#changed(0);
  }

  pick(tag) { this.#set("tag", tag); this.#changed(0); }

  /** The tags there are, in the choice of tags. */
  async refreshTags() {
    const { tags } = await api.tags();
    const select = this.#form.elements.tag;
    const chosen = select.value;
    const items = tags.map(({ tag, count }) => new Option(`${tag} (${count})`, tag));
    select.replaceChildren(select.options[0], ...items);
    if (chosen) this.#set("tag", chosen);
    $("#filter-tag").hidden = tags.length === 0 && !chosen;
  }

  #set(name, value) {
    const field = this.#form.elements[name];
    // What the address names may not be in the choice yet.
    if (name === "tag" && value && ![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
    field.value = value;
    if (field.value !== value) field.value = "";
    if (name === "tag" && value) $("#filter-tag").hidden = false;
  }

  #showClear() { $("#filters-clear").hidden = this.isEmpty; }

  #changed(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#showClear();
      const address = new URL(location.href);
      for (const name of names) address.searchParams.delete(name);
      for (const [name, value] of this.query) address.searchParams.set(name, value);
      history.replaceState(null, "", address);
      this.dispatchEvent(new Event("change"));
    }, delay);
  }
}
