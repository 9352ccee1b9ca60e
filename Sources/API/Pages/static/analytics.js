// What the playbacks of one recording add up to: totals, charts, and the same as files.

import { api } from "./api.js";
import { chart, portions } from "./chart.js";
import { $, say } from "./dom.js";
import { clock } from "./format.js";

const faults = { network: "Connection lost", server: "Not delivered", refused: "Refused", media: "Could not be decoded", other: "Other" };
const qualities = { unknown: "Not said", other: "Other", audio: "Sound" };

const number = (value) => value.toLocaleString("en");
const seconds = (value) => (value === undefined ? "–" : `${value.toFixed(value < 10 ? 1 : 0)} s`);
const percent = (part) => `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
const day = (date) => new Date(`${date}T12:00:00Z`).toLocaleDateString("en", { day: "numeric", month: "short", timeZone: "UTC" });

/** Watch time as people say it: "4 s", "12 min", "3.5 h". */
function lasted(value) {
  if (value < 60) return `${Math.round(value)} s`;
  if (value < 5400) return `${Math.round(value / 60)} min`;
  return `${(value / 3600).toFixed(value < 36_000 ? 1 : 0)} h`;
}

export class Analytics {
  #id; #asked = 0;

  constructor(id) {
    this.#id = id;
    for (const select of [$("#insight-days"), $("#insight-share")]) select.addEventListener("change", () => this.refresh());
  }

  #query() {
    const query = new URLSearchParams();
    const from = new Date(Date.now() - (Number($("#insight-days").value) - 1) * 86_400_000);
    query.set("from", from.toISOString().slice(0, 10));
    const share = $("#insight-share").value;
    if (share) query.set("share", share);
    return query;
  }

  async refresh() {
    const mine = this.#asked += 1;
    say($("#insight-error"), "");
    try {
      const query = this.#query();
      const data = await api.analytics(this.#id, query);
      // A slower answer to an earlier question.
      if (mine !== this.#asked) return;
      if (data.shares) this.#offer(data.shares);
      this.#tiles(data);
      this.#charts(data);
      this.#files(query);
    } catch (error) {
      if (mine === this.#asked) say($("#insight-error"), error.message);
    }
  }

  /** Links that were played, to look at one alone. */
  #offer(shares) {
    const select = $("#insight-share");
    const chosen = select.value;
    const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
    select.replaceChildren(option("", "Everywhere"), ...shares.map(({ token, totals }) => (token
      ? option(token, `Link ${token.slice(0, 6)}… (${number(totals.views)})`)
      : option("none", `Without a link (${number(totals.views)})`))));
    select.value = chosen;
  }

  #tiles({ totals, medianStartupTime }) {
    const tiles = [
      ["Views", number(totals.views)],
      ["Viewers", number(totals.uniqueViewers)],
      ["Watched", lasted(totals.watchTime)],
      ["On average", totals.views ? clock(totals.watchTime / totals.views) : "–"],
      ["Start-up", seconds(totals.averageStartupTime), medianStartupTime === undefined ? "" : `half within ${medianStartupTime} s`],
      ["Stalled", totals.rebufferRatio === undefined ? "–" : percent(totals.rebufferRatio), totals.rebuffers ? `${number(totals.rebuffers)} times` : ""],
      ["Errors", number(totals.errors)],
    ];
    $("#tiles").replaceChildren(...tiles.map(([name, value, more = ""]) => {
      const tile = document.createElement("div");
      for (const [tag, text, kind] of [["dt", name, ""], ["dd", value, "value"], ["dd", more, "meta"]]) {
        if (text) tile.append(Object.assign(document.createElement(tag), { textContent: text, className: kind }));
      }
      return tile;
    }));
  }

  #charts(data) {
    const { totals, days, retention } = data;
    const none = totals.views === 0 && totals.errors === 0;
    $("#insight-none").hidden = !none;
    const charts = [];
    if (!none) {
      charts.push(chart({
        title: "Views by day", kind: "bars", heads: ["Day", "Views, viewers, watched"],
        topText: number(Math.max(...days.map((d) => d.totals.views))),
        points: days.map(({ date, totals: t }) => ({ label: day(date), value: t.views, text: `${number(t.views)} views, ${number(t.uniqueViewers)} viewers, ${lasted(t.watchTime)}` })),
      }));
      if (retention.viewers.length && totals.views) charts.push(this.#retention(retention, totals.views));
    }
    const time = (list) => list.map(({ quality, watchTime }) => ({ label: qualities[quality] ?? quality, value: watchTime, text: lasted(watchTime) }));
    if (data.qualities.length) charts.push(portions({ title: "Qualities", heads: ["Quality", "Watched", "Part"], points: time(data.qualities) }));
    if (data.errors.length) {
      const points = data.errors.map(({ code, count }) => ({ label: faults[code] ?? code, value: count, text: number(count) }));
      charts.push(portions({ title: "Errors", heads: ["Kind", "Times", "Part"], points }));
    }
    $("#charts").replaceChildren(...charts);
  }

  /** How many of those who began were there at each second. */
  #retention({ step, viewers, plays }, views) {
    const points = viewers.map((count, i) => ({
      label: clock(i * step), value: count,
      text: `${percent(Math.min(1, count / views))} of views, played ${number(plays[i])} times`,
    }));
    const every = Math.ceil(points.length / 60);
    const rows = points.filter((_, i) => i % every === 0).map(({ label, text }) => [label, text]);
    return chart({ title: "Who was still watching", kind: "area", heads: ["Time", "Views"], points, rows, top: views, topText: "100 %" });
  }

  #files(query) {
    const address = (more) => `/api/media/${encodeURIComponent(this.#id)}/analytics?${new URLSearchParams([...query, ...Object.entries(more)])}`;
    $("#insight-csv").href = address({ format: "csv" });
    $("#insight-curve").href = address({ format: "csv", table: "retention" });
    $("#insight-json").href = address({ format: "json" });
  }
}
