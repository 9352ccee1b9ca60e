// Who did what: the audit log, the newest first, page after page.

import { call } from "./api.js";
import { $, $$, say } from "./dom.js";
import { make } from "./admin-table.js";
import { ago } from "./format.js";

const acts = {
  "user.add": "Made an account", "user.password": "Changed a password", "user.disable": "Disabled an account",
  "user.enable": "Enabled an account", "user.session": "Opened somebody's session", "invitation.make": "Made an invitation",
  "invitation.admin": "Made an administrator's link", "media.delete": "Deleted a medium", "media.publish": "Made a medium public",
  "media.unpublish": "Made a medium private", "media.reprocess": "Reprocessed a medium", "jobs.retry": "Retried a job",
  "jobs.forget": "Forgot a job",
};

export class AuditPart {
  #filters = $("#audit-filters");
  #before = [];
  #after = null;
  #next = null;
  #asked = 0;

  constructor() {
    const choice = $("select[name=act]", this.#filters);
    choice.append(...Object.entries(acts).map(([value, words]) => make("option", { value }, words)));
    const again = () => { this.#before = []; this.#after = null; this.load(); };
    this.#filters.addEventListener("submit", (event) => { event.preventDefault(); again(); });
    this.#filters.addEventListener("reset", () => setTimeout(again));
    choice.addEventListener("change", again);
    const [newer, older] = $$("[data-page]", $("#part-audit"));
    newer.addEventListener("click", () => { this.#after = this.#before.pop() ?? null; this.load(); });
    older.addEventListener("click", () => { this.#before.push(this.#after); this.#after = this.#next; this.load(); });
  }

  start() { this.load(); }
  stop() { /* It does not look by itself: what was done does not change. */ }

  async load() {
    const mine = this.#asked += 1;
    const query = new URLSearchParams([...new FormData(this.#filters)].filter(([, value]) => value !== ""));
    if (this.#after !== null) query.set("after", String(this.#after));
    try {
      const { entries, next } = await call("GET", `/api/admin/audit?${query}`);
      if (mine !== this.#asked) return;
      say($("#audit-error"), "");
      this.#show(entries, next ?? null);
    } catch (error) {
      if (mine === this.#asked && error.status !== 401) say($("#audit-error"), error.message);
    }
  }

  #show(entries, next) {
    this.#next = next;
    $("#audit-rows").replaceChildren(...entries.map((entry) => make("tr", {},
      make("td", { "data-label": "When" }, make("time", { datetime: entry.at, title: entry.at }, ago(entry.at))),
      make("td", { "data-label": "Who" }, entry.actor.name, entry.address ? make("small", {}, ` ${entry.address}`) : null),
      make("td", { "data-label": "Act" }, acts[entry.act] ?? entry.act,
        entry.outcome === "failed" ? make("span", { class: "state", "data-state": "failed" }, " failed") : null),
      make("td", { "data-label": "On" }, entry.object, entry.detail ? make("small", {}, ` ${entry.detail}`) : null),
      make("td", { "data-label": entry.requestId ? "Request" : null }, entry.requestId ? make("small", {}, entry.requestId) : ""))));
    $("#audit-none").hidden = entries.length > 0;
    const [newer, older] = $$("[data-page]", $("#part-audit"));
    newer.disabled = this.#before.length === 0;
    older.disabled = next === null;
    say($("#audit-page"), `Page ${this.#before.length + 1}`);
  }
}
