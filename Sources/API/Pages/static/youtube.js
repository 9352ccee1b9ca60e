// A recording on the operator's YouTube channel: asked for, followed, found again.

import { api } from "./api.js";
import { $, say, wait } from "./dom.js";

export class YouTube {
  #media; #form = $("#youtube");

  constructor(media) {
    this.#media = media;
    this.#form.addEventListener("submit", (event) => this.#publish(event));
  }

  /** Hidden where nobody can publish and nothing was published. */
  async refresh(media = this.#media) {
    this.#media = media;
    const state = await api.youTube(media.id);
    this.#show(state);
    if (state.status === "uploading") this.#follow().catch((error) => say($("#youtube-error"), error.message));
  }

  #show(state) {
    const { status, bytesSent, bytesTotal, youtubeUrl } = state;
    const isUploading = status === "uploading";
    $("#youtube-box").hidden = status === "none" ? !state.available || !(this.#media.duration > 0) : false;
    this.#form.hidden = isUploading || Boolean(youtubeUrl) || !state.available;
    $("#youtube-bar").hidden = !isUploading;
    if (isUploading) $("#youtube-bar").value = bytesSent / bytesTotal;
    $("#youtube-link").hidden = !youtubeUrl;
    if (youtubeUrl) $("#youtube-link").href = youtubeUrl;
    say($("#youtube-said"), { uploading: "It is being sent to YouTube.", published: "It is on YouTube.",
      private: "It is on YouTube; only the channel’s owner sees it." }[status] ?? "");
    say($("#youtube-error"), state.error ?? "");
  }

  /** Until it is there, or has failed. */
  async #follow() {
    let state;
    do {
      await wait(1000);
      state = await api.youTube(this.#media.id);
      this.#show(state);
    } while (state.status === "uploading");
  }

  async #publish(event) {
    event.preventDefault();
    const button = $("button", this.#form);
    const { description, metadata } = this.#media;
    button.disabled = true;
    say($("#youtube-error"), "");
    say($("#youtube-said"), "It is being sent to YouTube.");
    try {
      await api.publishOnYouTube(this.#media.id, {
        description: description ?? "", tags: metadata?.tags ?? [], private: !this.#form.elements.public.checked,
      });
      await this.refresh();
      $("#youtube-title").focus();
    } catch (error) {
      // What YouTube says stands in its state.
      if (error.status >= 500) await this.refresh().catch(() => {});
      else say($("#youtube-said"), "");
      if (!$("#youtube-error").textContent) say($("#youtube-error"), error.message);
    } finally { button.disabled = false; }
  }
}
