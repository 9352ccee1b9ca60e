// The queue of jobs: what waits, what runs, what failed and why.

import { call } from "./api.js";
import { $, say } from "./dom.js";
import { AdminTable, make } from "./admin-table.js";
import { ago } from "./format.js";
import { work } from "./job-words.js";

const states = { queued: "Waiting", running: "Running", dead: "Failed" };

export class JobsPart extends AdminTable {
  constructor() {
    super($("#part-jobs"), {
      path: "/api/admin/jobs", rows: $("#job-rows"), filters: $("#job-filters"), all: $("#jobs-all"),
      names: { chosen: "#jobs-chosen", error: "#jobs-error", none: "#jobs-none", page: "#jobs-page" },
    });
  }

  items(answer) { return answer.jobs; }
  canChoose(item) { return item.state === "dead"; }
  label(item) { return `job ${item.id}, ${work[item.kind] ?? item.kind}, of ${item.subject}`; }

  row(item, box) {
    return make("tr", {}, box,
      make("td", {}, make("div", { class: "thing" }, make("div", {},
        make("strong", {}, work[item.kind] ?? item.kind), make("small", {}, `${item.kind} · ${item.subject}`)))),
      make("td", { "data-label": "State" }, make("span", { class: "state", "data-state": item.state }, states[item.state] ?? item.state)),
      make("td", { class: "number", "data-label": "Age" },
        make("time", { datetime: item.createdAt, title: item.createdAt }, ago(item.createdAt))),
      make("td", { class: "number", "data-label": "Attempts" }, String(item.attempts),
        item.crashes ? make("small", {}, ` and ${item.crashes} crashes`) : null),
      make("td", { "data-label": item.reason ? "Reason" : null }, item.reason ? make("span", { class: "why" }, item.reason) : ""));
  }

  shown({ counts }) {
    const sums = new Map();
    for (const { state, count } of counts) sums.set(state, (sums.get(state) ?? 0) + count);
    const oldest = counts.filter((c) => c.state === "queued").map((c) => c.oldest).sort()[0];
    $("#job-tallies").replaceChildren(...Object.entries(states).map(([state, word]) => make("li", {},
      make("strong", {}, String(sums.get(state) ?? 0)), word,
      state === "queued" && oldest ? make("small", { class: "meta" }, `, the oldest from ${ago(oldest)}`) : null)));
    this.#tell(sums.get("dead") ?? 0);
    const choice = $("#job-filters select[name=kind]");
    const kinds = [...new Set([...counts.map((c) => c.kind), choice.value])].filter(Boolean).sort();
    if (kinds.join() === [...choice.options].slice(1).map((o) => o.value).join()) return;
    const chosen = choice.value;
    choice.replaceChildren(make("option", { value: "" }, "All"), ...kinds.map((kind) => make("option", { value: kind }, work[kind] ?? kind)));
    choice.value = chosen;
  }

  /** For the other part: how many failed. */
  async countFailed() {
    try {
      const { counts } = await call("GET", "/api/admin/jobs?size=1");
      this.#tell(counts.filter((c) => c.state === "dead").reduce((sum, c) => sum + c.count, 0));
    } catch { /* The part itself says what is wrong when it is opened. */ }
  }

  #tell(count) {
    const badge = $("#dead-count");
    badge.hidden = count === 0;
    say(badge, `${count} failed`);
  }
}
