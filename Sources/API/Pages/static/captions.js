// The captions of a recording's live version: one text for each language, sent as a file.

import { showError } from "./account.js";
import { api, local } from "./api.js";
import { $, say, stamp } from "./dom.js";

const common = ["ar", "cs", "da", "de", "el", "en", "es", "fi", "fr", "he", "hi", "hu", "it", "ja", "ko", "nb", "nl", "pl", "pt", "pt-BR",
  "ro", "ru", "sv", "th", "tr", "uk", "vi", "zh-Hans", "zh-Hant"];

/** As the service takes it (1 MiB), so that a film chosen by mistake is not sent first. */
const largest = 1 << 20;

export class Captions {
  #id; #form = $("#caption");

  constructor(id) {
    this.#id = id;
    const names = new Intl.DisplayNames(["en"], { type: "language" });
    $("#languages").replaceChildren(...common.map((tag) => new Option(names.of(tag), tag)));
    this.#form.addEventListener("submit", (event) => this.#add(event));
  }

  /** media: contract 1's details of the asset; a picture has no captions. */
  async refresh(media) {
    const { captions } = await api.captions(this.#id);
    $("#captions-box").hidden = !(media.duration > 0) && captions.length === 0;
    say($("#captions-of"), media.version > 1 ? `Of version ${media.version}, which is live. Every version has its own.` : "");
    this.#show(captions);
  }

  #show(captions) {
    $("#captions").replaceChildren(...captions.map((track) => this.#row(track)));
  }

  #row(track) {
    const node = stamp("caption-row");
    say($("[data-name]", node), track.label);
    say($("[data-meta]", node), [track.label === track.language ? "" : track.language, `${track.cues} text${track.cues === 1 ? "" : "s"}`,
      track.source === "file" ? "found in the file" : ""].filter(Boolean).join(" · "));
    const file = $("[data-file]", node);
    file.href = local(track.url);
    file.download = `captions-${track.language}.vtt`;
    file.setAttribute("aria-label", `Download the captions in ${track.label}`);
    const remove = $("[data-delete]", node);
    remove.setAttribute("aria-label", `Delete the captions in ${track.label}`);
    remove.addEventListener("click", () => this.#delete(track, remove));
    return node;
  }

  async #delete(track, button) {
    showError(this.#form, null);
    button.disabled = true;
    try {
      await api.deleteCaptions(this.#id, track.language);
      this.#show((await api.captions(this.#id)).captions);
      say($("#captions-said"), `The captions in ${track.label} are deleted.`);
      $("#captions-title").focus();
    } catch (error) {
      showError(this.#form, error);
      button.disabled = false;
    }
  }

  async #add(event) {
    event.preventDefault();
    const { language, captions } = this.#form.elements;
    const [file] = captions.files;
    showError(this.#form, null);
    say($("#captions-said"), "");
    const wrong = !language.value.trim() ? { field: "language", message: "Say which language the captions are in, for example en." }
      : !file ? { field: "captions", message: "Choose a WebVTT or SRT file." }
        : file.size > largest ? { field: "captions", message: "A caption file has at most 1 MiB. Is this the right one?" } : null;
    if (wrong) return showError(this.#form, wrong);
    event.submitter.disabled = true;
    try {
      const track = await api.putCaptions(this.#id, language.value.trim(), file);
      this.#form.reset();
      this.#show((await api.captions(this.#id)).captions);
      say($("#captions-said"), `The captions in ${track.label} are there.`);
    } catch (error) {
      showError(this.#form, error);
    } finally { event.submitter.disabled = false; }
  }
}
