// The links of one recording: made, copied, revoked.

import { api } from "./api.js";
import { $, say, stamp } from "./dom.js";
import { ago } from "./format.js";

const states = { active: "", expired: "expired", used_up: "used up", revoked: "revoked" };

export class Shares {
  #id; #form = $("#share");

  constructor(id) {
    this.#id = id;
    this.#form.addEventListener("submit", (event) => this.#make(event));
  }

  async refresh() {
    const { shares } = await api.shares(this.#id);
    $("#shares").replaceChildren(...shares.map((share) => this.#row(share)));
  }

  #row(share) {
    const node = stamp("share-row");
    const ended = states[share.state];
    const name = $("[data-name]", node);
    say(name, `${share.views} view${share.views === 1 ? "" : "s"}${share.maxViews ? ` of ${share.maxViews}` : ""}`);
    if (ended) {
      const badge = document.createElement("span");
      badge.className = "badge off";
      badge.textContent = ended;
      name.append(badge);
    }
    say($("[data-meta]", node), [
      `Made ${ago(share.createdAt)}`,
      share.expiresAt ? `ends ${new Date(share.expiresAt).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}` : "",
      share.requireEmail ? "asks for an address" : "", share.requirePassword ? "has a password" : "",
      share.allowedOrigins.length ? `inside ${share.allowedOrigins.join(", ")}` : "",
    ].filter(Boolean).join(" · "));
    const url = $("[data-url]", node);
    url.value = share.sharingUrl;
    url.setAttribute("aria-label", "Address of this link");
    url.addEventListener("focus", () => url.select());
    const embed = `<iframe src="${share.embedUrl}" width="640" height="360" style="border:0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`;
    $("[data-copy]", node).addEventListener("click", () => this.#copy(share.sharingUrl, url));
    $("[data-embed]", node).addEventListener("click", () => this.#copy(embed, url));
    $("[data-revoke]", node).addEventListener("click", (event) => this.#revoke(share.token, event.currentTarget));
    if (ended) for (const name of ["copy", "embed", "revoke"]) $(`[data-${name}]`, node).hidden = true;
    url.hidden = Boolean(ended);
    return node;
  }

  async #copy(text, field) {
    try {
      await navigator.clipboard.writeText(text);
      say($("#share-said"), "Copied.");
    } catch {
      // Without HTTPS the clipboard is closed to pages; the selected text can be copied by hand.
      field.value = text;
      field.focus();
      field.select();
      say($("#share-said"), "Press Ctrl C (⌘ C) to copy.");
    }
  }

  async #revoke(token, button) {
    button.disabled = true;
    try {
      await api.revokeShare(this.#id, token);
      say($("#share-said"), "The link is revoked: it plays nothing any more.");
      await this.refresh();
      $("#shares-title").tabIndex = -1;
      $("#shares-title").focus();
    } catch (error) {
      say($("#share-error"), error.message);
      button.disabled = false;
    }
  }

  async #make(event) {
    event.preventDefault();
    const { elements } = this.#form;
    say($("#share-error"), "");
    say($("#share-said"), "");
    for (const field of elements) field.removeAttribute("aria-invalid");
    const wishes = {
      requireEmail: elements.requireEmail.checked,
      allowedOrigins: elements.allowedOrigins.value.split(/[\s,]+/).filter(Boolean).map((text) => text.replace(/\/$/, "")),
    };
    if (elements.expiresIn.value) wishes.expiresIn = Number(elements.expiresIn.value);
    if (elements.maxViews.value) wishes.maxViews = Number(elements.maxViews.value);
    if (elements.password.value) wishes.password = elements.password.value;
    const button = event.submitter ?? $("button", this.#form);
    button.disabled = true;
    try {
      await api.share(this.#id, wishes);
      this.#form.reset();
      say($("#share-said"), "The link is ready.");
      await this.refresh();
      $("#shares [data-copy]")?.focus();
    } catch (error) {
      say($("#share-error"), error.message);
      const field = error.field && elements[error.field];
      if (field) { field.setAttribute("aria-invalid", "true"); field.focus(); }
    } finally { button.disabled = false; }
  }
}
