// What the server tells of an upload as it happens (server-sent events).

/** Streams at once: each holds one of the six connections that a browser has for a site over HTTP/1.1. */
const most = 2;
let open = 0;

/**
 * Calls told(status) for each event, until that returns true; resolves to true then.
 * Resolves to false when the stream is not to be had or breaks: then ask.
 */
export function listen(uploadId, signal, told) {
  if (!globalThis.EventSource || open >= most || signal.aborted) return Promise.resolve(false);
  open += 1;
  return new Promise((resolve, reject) => {
    // A proxy may hold events back for ever; the first comes at once where none does.
    const timer = setTimeout(() => end(() => resolve(false)), 5000);
    const source = new EventSource(`/api/uploads/${encodeURIComponent(uploadId)}/events`);
    const end = (act) => {
      clearTimeout(timer);
      source.close();
      open -= 1;
      signal.removeEventListener("abort", stop);
      act();
    };
    const stop = () => end(() => reject(signal.reason));
    signal.addEventListener("abort", stop, { once: true });
    source.onmessage = ({ data }) => {
      clearTimeout(timer);
      try {
        if (told(JSON.parse(data))) end(() => resolve(true));
      } catch (error) {
        end(() => reject(error));
      }
    };
    // It would come again by itself, but what is wrong it does not tell; asking finds out.
    source.onerror = () => end(() => resolve(false));
  });
}
