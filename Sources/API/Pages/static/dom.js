// The few helpers every page needs. Text is always set as text: titles come from strangers.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** A fresh copy of the only element of <template id="…">. */
export const stamp = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Sets text only when it differs, so that live regions speak once and selections survive polling. */
export function say(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

export const wait = (ms, signal) => new Promise((resolve, reject) => {
  if (signal?.aborted) return reject(signal.reason);
  const stop = () => { clearTimeout(timer); reject(signal.reason); };
  const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, ms);
  signal?.addEventListener("abort", stop, { once: true });
});

/** Storage that may be refused (private windows, full quota): then nothing is remembered. */
export const store = {
  get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* see above */ } },
  remove(key) { try { localStorage.removeItem(key); } catch { /* see above */ } },
  keys(prefix) { try { return Object.keys(localStorage).filter((key) => key.startsWith(prefix)); } catch { return []; } },
};
