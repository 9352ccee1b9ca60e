// The front page: asks who is there, then shows the door or the studio.

import { bindAccountForm } from "./account.js";
import { api } from "./api.js";
import { $, $$, say, wait } from "./dom.js";
import { Library } from "./library.js";
import { rememberFor } from "./memory.js";
import { welcome } from "./nav.js";
import { Uploads } from "./uploads.js";

let user = null;
let library = null;
let uploads = null;

/** Only back to a page of ours: an address from outside must not lead elsewhere. */
function next() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/((watch|assets)\/[^/\\]|admin\/|(trash|account|status)$)/.test(wanted) ? wanted : null;
}

function show(part) {
  for (const id of ["loading", "welcome", "studio"]) $(`#${id}`).hidden = id !== part;
}

function enter(someone) {
  const back = next();
  if (back) { location.replace(back); return; }
  user = someone;
  welcome(user);
  rememberFor(user.id);
  library ??= new Library();
  uploads ??= new Uploads(() => library.refresh());
  show("studio");
  uploads.showUnfinished();
  library.refresh();
  toUpload();
}

/** The bar's "Upload" leads here from every page. */
function toUpload() {
  if (location.hash === "#upload" && user) $("#choose").focus();
}

async function begin() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      enter((await api.me()).user);
      return;
    } catch (error) {
      if (error.status === 401) { show("welcome"); return; }
      show("loading");
      say($("#loading-text"), error.message);
      $(".spinner", $("#loading")).hidden = error.status !== 0;
      $("#loading-retry").hidden = error.status === 0;
      if (error.status !== 0) return;
      await wait(Math.min(20_000, 1500 * 1.6 ** attempt));
    }
  }
}

// The sign-in may end in the middle of an upload: ask on top of the page, and lose nothing beneath it.
const again = $("#again-dialog");
document.addEventListener("telecine:signed-out", () => {
  if (!user || again.open) return;
  $("#again-form").elements.email.value = user.email;
  again.showModal();
  $("#again-password").focus();
});
bindAccountForm($("#again-form"), (someone) => {
  again.close();
  if (someone.id !== user.id) { location.reload(); return; }
  document.dispatchEvent(new Event("telecine:signed-in"));
  library.refresh();
});

bindAccountForm($("#account"), (someone) => {
  enter(someone);
  $("#main").focus();
});

$("#loading-retry").addEventListener("click", begin);
addEventListener("hashchange", toUpload);

for (const button of $$("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());

begin();
