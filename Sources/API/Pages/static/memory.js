// What this browser remembers of unfinished uploads, so that choosing the same file again goes on with them.

import { store } from "./dom.js";

const prefix = "telecine.upload.";
let owner = "";

/** Uploads belong to an account: another one on the same browser neither sees nor continues them. */
export function rememberFor(userId) { owner = `${prefix}${userId}|`; }

// A file picked again has the same name, size and time of change; browsers give pages no path.
const key = (file) => `${owner}${file.name}|${file.size}|${file.lastModified}`;

export const recall = (file) => store.get(key(file));
export const remember = (file, entry) => store.set(key(file), { ...entry, name: file.name, size: file.size, lastModified: file.lastModified });
export const forget = (file) => store.remove(key(file));

/** Unfinished uploads whose files must be chosen again, without those that the server has swept by now. */
export function unfinished() {
  return store.keys(owner).map((k) => store.get(k)).filter((entry) => {
    if (!entry?.uploadId) return false;
    const expired = Date.parse(entry.expiresAt) < Date.now();
    if (expired) forget(entry);
    return !expired;
  });
}
