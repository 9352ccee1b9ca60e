// A small menu of choices that opens above its button: arrows move, Enter chooses, Escape and a click elsewhere close.

export class Menu {
  #button; #list; #onPick;

  constructor(button, list, onPick) {
    this.#button = button;
    this.#list = list;
    this.#onPick = onPick;
    button.addEventListener("click", () => (this.open ? this.close() : this.show()));
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("click", (event) => {
      const item = event.target.closest("[role=menuitemradio]");
      if (!item) return;
      this.close();
      this.#onPick(item.dataset.value);
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.open && !list.contains(event.target) && !button.contains(event.target)) this.close(false);
    });
    list.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !list.contains(event.relatedTarget) && event.relatedTarget !== button) this.close(false);
    });
  }

  get open() { return !this.#list.hidden; }

  /** items: [{ value, label, hint }]. Rebuilt only when something differs, so that focus stays. */
  fill(items, chosen) {
    const state = JSON.stringify([items, chosen]);
    if (this.#list.dataset.state === state) return;
    this.#list.dataset.state = state;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.value : null;
    this.#list.replaceChildren(...items.map(({ value, label, hint }) => {
      const item = document.createElement("button");
      item.type = "button";
      // One way in by Tab, which also makes a menu that scrolls reachable.
      item.tabIndex = value === chosen ? 0 : -1;
      item.setAttribute("role", "menuitemradio");
      item.setAttribute("aria-checked", String(value === chosen));
      item.dataset.value = value;
      item.append(label);
      if (hint) {
        const small = document.createElement("small");
        small.textContent = hint;
        item.append(" ", small);
      }
      return item;
    }));
    if (focused !== null) this.#items.find((item) => item.dataset.value === focused)?.focus();
  }

  show() {
    this.#list.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    (this.#items.find((item) => item.getAttribute("aria-checked") === "true") ?? this.#items[0])?.focus();
  }

  close(refocus = true) {
    if (!this.open) return;
    this.#list.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    if (refocus) this.#button.focus();
  }

  get #items() { return [...this.#list.children]; }

  #key(event) {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    const move = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    // The player's own keys must not act while a menu has the focus.
    event.stopPropagation();
    if (move !== undefined) items[(move + items.length) % items.length]?.focus();
    else if (event.key === "Escape") this.close();
    else if (event.key !== "Tab") return;
    else { this.close(); return; }
    event.preventDefault();
  }
}
