// Numbers as people read them.

export function bytes(count) {
  if (!(count >= 0)) return "";
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 1000 && unit < units.length - 1) { count /= 1000; unit += 1; }
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

/** 83 → "1:23", 3723 → "1:02:03". */
export function clock(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return "–:––";
  const whole = Math.floor(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(s).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`;
}

/** The same for a screen reader: "1 minute 23 seconds". */
export function spoken(seconds) {
  if (!Number.isFinite(seconds)) return "unknown length";
  const whole = Math.floor(seconds);
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  const said = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}${n === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

/** How long something still takes, without false precision. */
export function remaining(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return "a few seconds left";
  if (seconds < 90) return `${Math.round(seconds / 10) * 10} seconds left`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes left`;
  return `${Math.round(seconds / 3600)} hours left`;
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(iso) {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return "";
  const minutes = (then - Date.now()) / 60000;
  if (Math.abs(minutes) < 1) return "just now";
  if (Math.abs(minutes) < 60) return relative.format(Math.round(minutes), "minute");
  if (Math.abs(minutes) < 1440) return relative.format(Math.round(minutes / 60), "hour");
  if (Math.abs(minutes) < 10080) return relative.format(Math.round(minutes / 1440), "day");
  return then.toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

/** What a user agent calls itself, as people know it: "Firefox on Windows". Anybody may send anything. */
export function device(agent = "") {
  const first = (table) => table.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = first([[/Edg(e|A|iOS)?\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\/|FxiOS\//, "Firefox"],
    [/Chrom(e|ium)\/|CriOS\//, "Chrome"], [/Safari\//, "Safari"]]);
  const system = first([[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"],
    [/Mac OS X|Macintosh/, "macOS"], [/CrOS/, "ChromeOS"], [/Linux/, "Linux"]]);
  if (browser) return system ? `${browser} on ${system}` : browser;
  return agent.split(/[\s/]/)[0].slice(0, 40) || "Unknown program";
}
