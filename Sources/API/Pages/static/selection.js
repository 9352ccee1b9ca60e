// Which cards are marked, and what is done to all of them at once.

import { api } from "./api.js";
import { $, $$, say } from "./dom.js";

const count = (n) => `${n} recording${n === 1 ? "" : "s"}`;

export class Selection {
  #ids = new Set();
  #last = null;
  #onDone;

  /** onDone(): something was done; the shelf must be looked at again. */
  constructor(onDone) {
    this.#onDone = onDone;
    $("#bulk-all").addEventListener("click", () => this.#all());
    $("#bulk-none").addEventListener("click", () => this.#leave());
    $("#bulk-delete").addEventListener("click", () => this.#askDelete());
    $("#bulk-delete-yes").addEventListener("click", () => this.#delete());
    $("#bulk-tag").addEventListener("click", () => this.#askTags());
    $("#bulk-tags-form").addEventListener("submit", (event) => this.#tag(event));
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#ids.size || $("dialog[open]")) return;
      if ($("#bulk").contains(event.target)) this.#leave(); else this.clear();
    });
  }

  /** Makes a card's box mark it; Shift marks all from the last one. */
  bind(node, id, title) {
    const box = $("[data-mark]", node);
    box.value = id;
    box.setAttribute("aria-label", `Mark “${title}”`);
    box.addEventListener("click", (event) => {
      const boxes = $$("#grid [data-mark]");
      const [from, to] = [boxes.indexOf(this.#last), boxes.indexOf(box)].sort((a, b) => a - b);
      const range = event.shiftKey && this.#last && from >= 0 ? boxes.slice(from, to + 1) : [box];
      for (const other of range) this.#mark(other, box.checked);
      this.#last = box;
      this.#show();
    });
  }

  /** Cards that are gone are not marked any more. */
  keep(ids) {
    const known = new Set(ids);
    for (const id of [...this.#ids]) if (!known.has(id)) this.#ids.delete(id);
    this.#show();
  }

  clear() {
    for (const box of $$("#grid [data-mark]")) this.#mark(box, false);
    this.#ids.clear();
    this.#show();
  }

  /** The bar goes, and with it the button that had the focus. */
  #leave() {
    this.clear();
    $("#library-title").focus();
  }

  #all() {
    for (const box of $$("#grid [data-mark]")) this.#mark(box, true);
    this.#show();
  }

  #mark(box, isMarked) {
    box.checked = isMarked;
    if (isMarked) this.#ids.add(box.value); else this.#ids.delete(box.value);
    box.closest(".tape").toggleAttribute("data-marked", isMarked);
  }

  #show() {
    $("#bulk").hidden = this.#ids.size === 0;
    $("#grid").toggleAttribute("data-marking", this.#ids.size > 0);
    say($("#bulk-count"), this.#ids.size ? `${count(this.#ids.size)} marked` : "");
  }

  #askDelete() {
    say($("#bulk-delete-error"), "");
    say($("#bulk-delete-title"), `Delete ${count(this.#ids.size)}?`);
    $("#bulk-delete-dialog").showModal();
  }

  #askTags() {
    say($("#bulk-tags-error"), "");
    say($("#bulk-tags-title"), `Tag ${count(this.#ids.size)}`);
    $("#bulk-tags").value = "";
    $("#bulk-tags-dialog").showModal();
  }

  async #delete() {
    const done = await this.#send({ action: "delete" }, $("#bulk-delete-yes"), $("#bulk-delete-error"));
    if (done) this.#close($("#bulk-delete-dialog"));
  }

  async #tag(event) {
    event.preventDefault();
    const tags = $("#bulk-tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
    if (!tags.length) { say($("#bulk-tags-error"), "Type a tag, or several with commas between them."); return; }
    const action = event.submitter?.value === "untag" ? "untag" : "tag";
    const done = await this.#send({ action, tags }, event.submitter, $("#bulk-tags-error"));
    if (done) this.#close($("#bulk-tags-dialog"));
  }

  /** A dialog gives the focus back to a button of the bar, which is gone. */
  #close(dialog) {
    dialog.close();
    $("#library-title").focus();
  }

  /** The service takes a thousand at once. */
  async #send(body, button, complaint) {
    button.disabled = true;
    try {
      const ids = [...this.#ids];
      for (let first = 0; first < ids.length; first += 1000) {
        const { refused } = await api.bulk({ ...body, ids: ids.slice(first, first + 1000) });
        if (refused.length) throw new Error(`${count(refused.length)} could not be changed: ${refused[0].error}`);
      }
      this.clear();
      this.#onDone();
      return true;
    } catch (error) {
      say(complaint, error.message);
      this.#onDone();
      return false;
    } finally { button.disabled = false; }
  }
}
