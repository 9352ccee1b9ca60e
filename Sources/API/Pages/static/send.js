// One chunk over the wire. XMLHttpRequest, because fetch does not tell how much of a body has left.

import { failure } from "./api.js";

export function sendChunk({ uploadId, number, total, blob, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const form = new FormData();
    // The numbers first: then the server knows the chunk's place before its bytes pass and writes them there at once.
    form.append("chunkNumber", String(number));
    form.append("totalChunks", String(total));
    form.append("chunk", blob, `chunk-${number}`);

    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (act) => () => { signal.removeEventListener("abort", stop); act(); };
    signal.addEventListener("abort", stop, { once: true });
    request.upload.onprogress = (event) => onProgress(Math.min(event.loaded, blob.size));
    request.onload = end(() => {
      if (request.status >= 200 && request.status < 300) return resolve();
      reject(failure(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    });
    request.onerror = end(() => reject(failure(0)));
    request.onabort = end(() => reject(signal.reason ?? failure(0)));
    request.open("POST", `/api/uploads/${encodeURIComponent(uploadId)}/chunks`);
    request.setRequestHeader("Accept", "application/json");
    request.send(form);
  });
}
