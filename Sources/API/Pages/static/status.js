// /status, and the first page of the status checker's port: how the services do, looked at again every few seconds.
// Everybody sees which are up and why one is not; administrators also the queue, the workers, the disk and the failures.

import { api, call } from "./api.js";
import { $, say } from "./dom.js";
import { ago, bytes } from "./format.js";
import { names, work } from "./job-words.js";
import { make } from "./make.js";

const every = 5000;
const words = { ok: "Up", unavailable: "Down" };
const stores = { originals: "Originals", segments: "Segments", derivatives: "Pictures, sounds and previews", mp4s: "MP4s made on request", database: "Database" };
let isAdmin = false;
let timer = 0;

/** A list or a table's body, changed only where it differs: focus and a reader's place survive every look. */
function fill(node, items, row, none) {
  const state = JSON.stringify(items);
  if (node.dataset.state === state) return;
  node.dataset.state = state;
  node.replaceChildren(...(items.length ? items.map(row) : none ? [none()] : []));
}

const nothing = (columns, text) => () => make("tr", {}, make("td", { colspan: columns }, text));

function length(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} hours`;
  return `${Math.round(seconds / 86400)} days`;
}

function service([name, { status, version, uptime, problems }]) {
  const facts = [version && `version ${version}`, uptime !== undefined && `up for ${length(uptime)}`].filter(Boolean).join(", ");
  return make("li", { "data-status": status }, make("span", { class: "lamp", "aria-hidden": "true" }),
    make("div", {}, make("strong", {}, names[name] ?? name), make("span", { class: "state" }, words[status] ?? status),
      facts ? make("p", { class: "meta" }, facts) : null,
      ...problems.map(({ reason }) => make("p", { class: "why" }, reason))));
}

function showServices({ status, services }) {
  const all = Object.entries(services);
  const order = Object.keys(names);
  all.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  const down = all.filter(([, one]) => one.status !== "ok").length;
  $("#verdict").dataset.status = status;
  say($("#headline"), status === "ok" ? "Everything works" : `${down} of ${all.length} services ${down === 1 ? "is" : "are"} down`);
  // The time since it was started grows: said to the minute, so that the list stays as it is in between.
  const shown = all.map(([name, one]) => [name, { ...one, timestamp: undefined, uptime: one.uptime === undefined ? undefined : Math.floor(one.uptime / 60) * 60 }]);
  fill($("#services"), shown, service);
}

function showDetails(facts) {
  $("#problems-part").hidden = facts.problems.length === 0;
  fill($("#problems"), facts.problems, ({ check, reason, detail }) => make("li", {},
    make("strong", {}, reason), make("p", { class: "meta" }, [check, detail].filter(Boolean).join(": "))));
  say($("#queue-age"), facts.oldestWaiting ? `The oldest has waited for ${length(facts.oldestWaiting)}.` : "Nothing waits.");
  fill($("#queue"), facts.queue, (line) => make("tr", {}, make("th", { scope: "row" }, work[line.kind] ?? line.kind),
    ...["waiting", "running", "failed"].map((state) => make("td", { "data-bad": state === "failed" && line[state] > 0 }, String(line[state])))),
  nothing(4, "The queue is empty."));
  const { free, size, kinds } = facts.storage;
  say($("#room"), size ? `${bytes(free)} free of ${bytes(size)}` : "The disk cannot be asked.");
  $("#filled").value = size ? 1 - free / size : 0;
  fill($("#storage"), Object.entries(kinds).sort(([, a], [, b]) => b - a),
    ([kind, size]) => make("tr", {}, make("th", { scope: "row" }, stores[kind] ?? kind), make("td", {}, bytes(size))));
  fill($("#workers"), facts.workers.map(({ name, version, slots, startedAt }) => ({ name, version, slots, since: ago(startedAt), startedAt })),
    (one) => make("tr", {}, make("th", { scope: "row" }, one.name), make("td", {}, one.version), make("td", {}, String(one.slots)),
      make("td", {}, make("time", { datetime: one.startedAt }, one.since))), nothing(4, "None is alive."));
  fill($("#speed"), facts.encoding, ({ rung, speed }) => make("tr", {}, make("th", { scope: "row" }, rung), make("td", {}, `${speed} ×`)),
    nothing(2, "Nothing was encoded yet."));
  fill($("#failures"), facts.failures, (job) => make("li", {},
    make("strong", {}, work[job.kind] ?? job.kind), make("p", { class: "why" }, job.reason ?? "No reason was kept."),
    make("p", { class: "meta" }, job.watch ? make("a", { href: job.watch }, job.subject) : job.subject, `, ${ago(job.createdAt)}`)),
  () => make("li", {}, "None."));
}

async function look() {
  clearTimeout(timer);
  try {
    // 503 is an answer here: it says what is down.
    const response = await fetch("/api/health", { cache: "no-store", headers: { Accept: "application/json" } });
    showServices(await response.json());
    say($("#asked"), `Asked at ${new Date().toLocaleTimeString()}, and again every ${every / 1000} seconds.`);
  } catch {
    $("#verdict").dataset.status = "unavailable";
    say($("#headline"), "The service does not answer");
    say($("#asked"), "This page asks again by itself.");
  }
  if (isAdmin) {
    try {
      showDetails(await call("GET", "/api/admin/status", undefined, { quiet: true }));
      $("#details").hidden = false;
    } catch (error) {
      if (error.status === 401 || error.status === 403) isAdmin = false;
      $("#details").hidden = true;
    }
  }
  timer = setTimeout(look, every);
}

addEventListener("visibilitychange", () => { if (document.hidden) clearTimeout(timer); else look(); });

async function begin() {
  try {
    isAdmin = (await api.me()).user.role === "admin";
  } catch { /* Nobody is signed in: the services are shown to everybody. */ }
  look();
}

begin();
