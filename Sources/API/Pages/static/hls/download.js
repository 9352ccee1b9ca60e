// One request for media: cancellable, measured, and patient.

// The server holds a request for a segment that is still being made for up to 90 s: silence means work, not failure.
const silence = 120_000;

export class HTTPError extends Error {
  constructor(status) { super(`The server answered ${status}.`); this.status = status; }
  /** The address itself is refused (signature expired, revoked, moved): asking again in the same way is useless. */
  get refused() { return [401, 403, 404, 410].includes(this.status); }
}

/** → { bytes, seconds } where seconds is transfer time alone, without the time the server thought about it. */
export async function download(url, { range, signal, onProgress } = {}) {
  const stop = new AbortController();
  const outer = () => stop.abort(signal.reason);
  if (signal?.aborted) throw signal.reason;
  signal?.addEventListener("abort", outer, { once: true });
  let timer;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(new TypeError("The server went silent.")), silence);
  };
  try {
    alive();
    const headers = range ? { Range: `bytes=${range.start}-${range.end}` } : {};
    const response = await fetch(url, { headers, signal: stop.signal, credentials: "same-origin" });
    if (!response.ok) throw new HTTPError(response.status);
    const began = performance.now();
    const total = Number(response.headers.get("Content-Length")) || 0;
    const parts = [];
    let size = 0;
    for (const reader = response.body.getReader(); ;) {
      alive();
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
      onProgress?.({ size, total, seconds: (performance.now() - began) / 1000 });
    }
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return { bytes, seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", outer);
  }
}

export async function downloadText(url, options) {
  const { bytes } = await download(url, options);
  return new TextDecoder().decode(bytes);
}
