// Requests to the service (contract 1), with failures put into words that say what to do.

export class APIError extends Error {
  constructor(status, detail, { field, retryAfter } = {}) {
    super(detail);
    Object.assign(this, { status, field, retryAfter });
  }
}

const offline = "Telecine cannot be reached. Check your connection; this page tries again.";

const words = {
  401: "You are signed out. Sign in to go on.",
  403: "This account may not do that.",
  404: "This is not here. It may have been deleted, or the link is incomplete.",
  409: "That is not possible in its present state. Reload the page and try again.",
  413: "This is larger than the service accepts.",
  429: "Too many attempts. Wait a moment, then try again.",
  507: "The server’s disk is full. Ask whoever runs it to make room, then try again.",
};

/** The server's own sentence where it sent one (`error`, RFC 9457 `detail`), else ours. */
export function explain(status, problem, retryAfter) {
  const own = status < 500 && (problem?.error ?? problem?.detail);
  if (typeof own === "string" && own) return own;
  if (status === 429 && retryAfter) return `Too many attempts. Try again in ${retryAfter} seconds.`;
  if (words[status]) return words[status];
  if (status >= 500) return "The service had a fault of its own. Try again; if it stays, ask whoever runs it to look at its log.";
  return `The service refused this (${status}).`;
}

export function failure(status, text, retryHeader) {
  if (status === 0) return new APIError(0, offline);
  let problem = null;
  try { problem = JSON.parse(text); } catch { /* A proxy's HTML page says nothing to people. */ }
  const retryAfter = Number.parseInt(retryHeader ?? problem?.retryAfter, 10) || undefined;
  return new APIError(status, explain(status, problem, retryAfter), { field: problem?.field, retryAfter });
}

/** Heard by whoever can offer to sign in again. Not sent for the sign-in itself. */
export function announceSignedOut() {
  document.dispatchEvent(new Event("telecine:signed-out"));
}

export async function call(method, path, body, { signal, quiet = false } = {}) {
  const headers = { Accept: "application/json" };
  const isFile = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = isFile ? "application/octet-stream" : "application/json";
  let response;
  try {
    response = await fetch(path, {
      method, headers, signal, credentials: "same-origin", cache: "no-store",
      body: body === undefined || isFile ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new APIError(0, offline);
  }
  const text = await response.text().catch(() => "");
  if (!response.ok) {
    if (response.status === 401 && !quiet) announceSignedOut();
    throw failure(response.status, text, response.headers.get("Retry-After"));
  }
  if (!text) return null;
  try { return JSON.parse(text); } catch {
    throw new APIError(502, "The answer was not understood. A proxy between here and the service may have replaced it.");
  }
}

export const api = {
  me: () => call("GET", "/api/auth/me", undefined, { quiet: true }),
  login: (email, password) => call("POST", "/api/auth/login", { email, password }, { quiet: true }),
  register: (email, password, inviteCode) => call("POST", "/api/auth/register", { email, password, inviteCode }, { quiet: true }),
  logout: () => call("POST", "/api/auth/logout", {}, { quiet: true }),
  changePassword: (currentPassword, newPassword) => call("POST", "/api/auth/password", { currentPassword, newPassword }),
  sessions: () => call("GET", "/api/auth/sessions"),
  endSession: (id) => call("DELETE", `/api/auth/sessions/${encodeURIComponent(id)}`),
  endOtherSessions: () => call("DELETE", "/api/auth/sessions"),
  keys: () => call("GET", "/api/auth/keys"),
  makeKey: (wishes) => call("POST", "/api/auth/keys", wishes),
  revokeKey: (id) => call("DELETE", `/api/auth/keys/${encodeURIComponent(id)}`),
  setup: (token, email, password) => call("POST", "/setup", { token, email, password }, { quiet: true }),
  initUpload: (file, options) => call("POST", "/api/uploads/init", file, options),
  upload: (id, options) => call("GET", `/api/uploads/${encodeURIComponent(id)}`, undefined, options),
  assets: (page, limit, query = "") => call("GET", `/api/assets?page=${page}&limit=${limit}${query ? `&${query}` : ""}`),
  tags: () => call("GET", "/api/tags"),
  bulk: (body) => call("POST", "/api/assets/bulk", body),
  changeAsset: (id, changes) => call("PATCH", `/api/assets/${encodeURIComponent(id)}`, changes),
  deleteAsset: (id) => call("DELETE", `/api/assets/${encodeURIComponent(id)}`),
  versions: (id) => call("GET", `/api/assets/${encodeURIComponent(id)}/versions`),
  beginVersion: (id, file) => call("POST", `/api/assets/${encodeURIComponent(id)}/versions`, file),
  restoreVersion: (id, n) => call("POST", `/api/assets/${encodeURIComponent(id)}/versions/${n}/restore`, {}),
  shares: (id) => call("GET", `/api/media/${encodeURIComponent(id)}/share`),
  share: (id, wishes) => call("POST", `/api/media/${encodeURIComponent(id)}/share`, wishes),
  revokeShare: (id, token) => call("DELETE", `/api/media/${encodeURIComponent(id)}/share/${encodeURIComponent(token)}`),
  youTube: (id) => call("GET", `/api/assets/${encodeURIComponent(id)}/share/youtube`),
  publishOnYouTube: (id, wishes) => call("POST", `/api/assets/${encodeURIComponent(id)}/share/youtube`, wishes),
  captions: (id) => call("GET", `/api/assets/${encodeURIComponent(id)}/captions`),
  putCaptions: (id, language, file) => call("PUT", `/api/assets/${encodeURIComponent(id)}/captions/${encodeURIComponent(language)}`, file),
  deleteCaptions: (id, language) => call("DELETE", `/api/assets/${encodeURIComponent(id)}/captions/${encodeURIComponent(language)}`),
  analytics: (id, query) => call("GET", `/api/media/${encodeURIComponent(id)}/analytics?${query}`),
  trash: (page, limit) => call("GET", `/api/trash?page=${page}&limit=${limit}`),
  emptyTrash: () => call("DELETE", "/api/trash"),
  discard: (id) => call("DELETE", `/api/trash/${encodeURIComponent(id)}`),
  restoreAsset: (id) => call("POST", `/api/trash/${encodeURIComponent(id)}/restore`, {}),
  /** Contract 2's view of the same medium: what it is by its content, and its files. */
  handled: (id) => call("GET", `/api/media/${encodeURIComponent(id.replace(/^asset_/, ""))}/`, undefined, { quiet: true }),
  media: (id, options) => call("GET", `/api/media/${encodeURIComponent(id)}`, undefined, options),
  stream: (id, options) => call("GET", `/api/media/${encodeURIComponent(id)}/stream`, undefined, options),
};

/**
 * The service names absolute addresses with its public name. A page opened under another name of the same
 * service (localhost, an address of the local net) may only load from its own origin, so it asks there.
 */
export function local(address) {
  if (!address) return "";
  try {
    const url = new URL(address, location.href);
    return url.pathname + url.search;
  } catch { return ""; }
}
