// All media of all users.

import { $, say } from "./dom.js";
import { AdminTable, make } from "./admin-table.js";
import { ago, bytes } from "./format.js";

const kinds = { image: "Picture", video: "Video", audio: "Sound" };
const states = { processing: "Processing", ready: "Ready", failed: "Failed" };

export class MediaPart extends AdminTable {
  constructor() {
    super($("#part-media"), {
      path: "/api/admin/media", rows: $("#media-rows"), filters: $("#media-filters"), all: $("#media-all"),
      names: { chosen: "#media-chosen", error: "#media-error", none: "#media-none", page: "#media-page" },
    });
  }

  items(answer) { return answer.media; }
  label(item) { return `“${item.title}” of ${item.owner.username ?? item.owner.id}`; }

  row(item, box) {
    const picture = item.thumbnail
      ? make("img", { src: item.thumbnail, alt: "", loading: "lazy", decoding: "async" })
      : make("span", { class: "no-picture", "aria-hidden": "true" }, kinds[item.kind] ?? "");
    const title = item.file ? make("a", { href: item.file }, item.title) : make("strong", {}, item.title);
    const name = item.fileName === item.title ? null : make("small", {}, item.fileName);
    const progress = item.status === "processing" ? ` ${item.progress} %` : "";
    return make("tr", {}, box,
      make("td", {}, make("div", { class: "thing" }, picture, make("div", {}, title, name))),
      make("td", { "data-label": "Type" }, kinds[item.kind] ?? item.kind),
      make("td", { "data-label": "Status" },
        make("span", { class: "state", "data-state": item.status }, states[item.status] + progress),
        item.error ? make("span", { class: "why" }, item.error) : null),
      make("td", { "data-label": "Owner" }, item.owner.username ?? String(item.owner.id), " ",
        item.owner.email ? make("small", {}, item.owner.email) : null),
      make("td", { class: "number", "data-label": "Size" }, bytes(item.size)),
      make("td", { class: "number", "data-label": "Uploaded" },
        make("time", { datetime: item.createdAt, title: item.createdAt }, ago(item.createdAt))),
      make("td", { "data-label": "Seen by" }, item.isPublic ? "Everybody" : "Owner"));
  }

  /** Only what stops what others have is asked about. */
  confirm(action, count) {
    if (action !== "delete") return true;
    const dialog = $("#delete-dialog");
    say($("#delete-title"), count === 1 ? "Delete this medium?" : `Delete ${count} media?`);
    say($("#delete-text"), "Links to them stop working at once. Their owners can restore them for as long as the trash keeps what was deleted; where it keeps nothing, they are gone for good.");
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "delete"), { once: true });
    });
  }
}
