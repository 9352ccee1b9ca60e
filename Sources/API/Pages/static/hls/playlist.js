// Reads the part of RFC 8216 that a VOD player needs. Names and layout are the server's business: only URIs count.

function attributes(text) {
  const found = {};
  for (const [, name, quoted, bare] of text.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g)) {
    found[name] = quoted ?? bare;
  }
  return found;
}

function lines(text) {
  const all = text.replace(/^\uFEFF/, "").split(/\r?\n/).map((line) => line.trim());
  if (!all[0]?.startsWith("#EXTM3U")) throw new Error("The answer is not a playlist.");
  return all.filter((line) => line !== "");
}

const isVideo = (codec) => /^(avc|hvc|hev|vp0|av01|dvh)/i.test(codec);

/** Rungs in rising order of bandwidth, each with the codecs of its own media and its sound's address, if apart. */
export function parseMaster(text, base) {
  const sounds = new Map();
  const levels = [];
  let pending = null;
  for (const line of lines(text)) {
    if (line.startsWith("#EXT-X-MEDIA:")) {
      const a = attributes(line);
      if (a.TYPE !== "AUDIO") continue;
      const group = sounds.get(a["GROUP-ID"]) ?? [];
      group.push({ uri: a.URI && new URL(a.URI, base).href, preferred: a.DEFAULT === "YES" });
      sounds.set(a["GROUP-ID"], group);
    } else if (line.startsWith("#EXT-X-STREAM-INF:")) {
      pending = attributes(line);
    } else if (!line.startsWith("#") && pending) {
      levels.push(level(pending, new URL(line, base).href, sounds));
      pending = null;
    }
  }
  // A group that is also listed alone (sound without picture) is no rung when there are pictures.
  const pictures = levels.filter((l) => l.video);
  return (pictures.length ? pictures : levels).sort((a, b) => a.bandwidth - b.bandwidth);
}

function level(a, uri, sounds) {
  const [width, height] = (a.RESOLUTION ?? "").split("x").map(Number);
  const codecs = (a.CODECS ?? "avc1.640028,mp4a.40.2").split(",").map((c) => c.trim()).filter(Boolean);
  const group = sounds.get(a.AUDIO) ?? [];
  const sound = (group.find((s) => s.preferred) ?? group[0])?.uri;
  const apart = sound && sound !== uri;
  const video = codecs.some(isVideo) || width > 0;
  const named = /(?:^|\/)(\d{3,4}p)(?:\/|$)/.exec(new URL(uri).pathname)?.[1];
  const label = named ?? (height > 0 ? `${Math.min(width, height)}p` : "Sound");
  const own = apart ? codecs.filter(isVideo) : codecs;
  return {
    uri, video, codec: (codecs.find(isVideo) ?? "").slice(0, 4), frameRate: Number(a["FRAME-RATE"]) || 30, width, height, label, bandwidth: Number(a.BANDWIDTH) || 0,
    mime: `${video ? "video" : "audio"}/mp4; codecs="${own.join(",")}"`,
    sound: apart ? { uri: sound, mime: `audio/mp4; codecs="${codecs.filter((c) => !isVideo(c)).join(",")}"` } : null,
  };
}

/**
 * The codec to play: a newer one, which needs fewer bytes, where it reaches as high as H.264 and this device decodes it
 * without effort; H.264 otherwise. Rungs of several codecs cannot be told apart by their bandwidth.
 */
export async function bestCodec(levels) {
  const first = levels.find((l) => l.codec === "avc1") ?? levels[0];
  const height = (codec) => Math.max(...levels.filter((l) => l.codec === codec).map((l) => l.height));
  for (const codec of ["av01", "hvc1"]) {
    const top = levels.findLast((l) => l.codec === codec);
    if (top && height(codec) >= height(first.codec) && await isEasy(top)) return codec;
  }
  return first.codec;
}

async function isEasy({ mime, width, height, bandwidth, frameRate }) {
  try {
    const video = { contentType: mime, width, height, bitrate: bandwidth, framerate: frameRate };
    const { smooth, powerEfficient } = await navigator.mediaCapabilities.decodingInfo({ type: "media-source", video });
    return smooth && powerEfficient;
  } catch { return false; }
}

function span(text, previousEnd) {
  const [length, offset] = text.split("@").map(Number);
  const start = Number.isFinite(offset) ? offset : previousEnd;
  return { start, end: start + length - 1 };
}

export function parseMedia(text, base) {
  const segments = [];
  let map = null, start = 0, duration = 0, range = null, lastByte = 0, gap = false;
  for (const line of lines(text)) {
    if (line.startsWith("#EXTINF:")) {
      duration = Number.parseFloat(line.slice(8)) || 0;
    } else if (line.startsWith("#EXT-X-MAP:")) {
      const a = attributes(line);
      map = { uri: new URL(a.URI, base).href, range: a.BYTERANGE ? span(a.BYTERANGE, 0) : null };
    } else if (line.startsWith("#EXT-X-BYTERANGE:")) {
      range = span(line.slice(17), lastByte);
    } else if (line === "#EXT-X-GAP") {
      gap = true;
    } else if (line.startsWith("#EXT-X-KEY:") && attributes(line).METHOD !== "NONE") {
      throw new Error("This recording is encrypted in a way this player does not know.");
    } else if (!line.startsWith("#")) {
      if (!gap) segments.push({ uri: new URL(line, base).href, start, end: start + duration, map, range });
      if (range) lastByte = range.end + 1;
      start += duration;
      range = null;
      gap = false;
    }
  }
  if (!segments.length) throw new Error("The playlist lists nothing to play.");
  return { segments, duration: start };
}
