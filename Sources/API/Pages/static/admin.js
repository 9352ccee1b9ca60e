// /admin/mediafiles/media/. Asks who is there, then shows the part that the address names: media, jobs, or who did what.

import { api } from "./api.js";
import { $, $$, say } from "./dom.js";
import { AuditPart } from "./admin-audit.js";
import { JobsPart } from "./admin-jobs.js";
import { MediaPart } from "./admin-media.js";

const parts = {};

function refuse(text, signIn) {
  $("#loading .spinner").hidden = true;
  say($("#loading-text"), text);
  $("#signin").hidden = !signIn;
}

function show() {
  const name = location.hash.slice(1);
  const wanted = Object.hasOwn(parts, name) ? name : "media";
  for (const link of $$("[data-part]")) {
    if (link.dataset.part === wanted) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const [name, part] of Object.entries(parts)) {
    $(`#part-${name}`).hidden = name !== wanted;
    if (name === wanted) part.start(); else part.stop();
  }
}

async function begin() {
  let user;
  try {
    ({ user } = await api.me());
  } catch (error) {
    return refuse(error.status === 401 ? "Sign in as an administrator." : error.message, error.status === 401);
  }
  if (user.role !== "admin") return refuse("This page is for administrators.", false);
  $("#loading").hidden = true;
  $("#desk").hidden = false;
  parts.media = new MediaPart();
  parts.jobs = new JobsPart();
  parts.audit = new AuditPart();
  addEventListener("hashchange", show);
  document.addEventListener("telecine:signed-out", () => {
    for (const part of Object.values(parts)) part.stop();
    $("#desk").hidden = true;
    $("#loading").hidden = false;
    refuse("Your sign-in has ended.", true);
  });
  show();
  parts.jobs.countFailed();
}

begin();
