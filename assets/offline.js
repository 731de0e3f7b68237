/* The offline page: how old the last sight of the board is, what waits to be sent, and back as soon as the server is. */
"use strict";

const LAST_LIVE = "ok-last-live"; // epoch milliseconds of this device, written by register.js
const QUEUE = "ok-queue"; // [{verb, …}], what was asked for and not sent yet, written by the board
const LOOK_EVERY_MS = 5000;
const LOOK_WAIT_MS = 4000;

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null; // storage is forbidden, or not ours
  }
}

function age(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} seconds`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} hours`;
  return `${Math.round(seconds / 86400)} days`;
}

function say(id, sentence) {
  const place = document.getElementById(id);
  if (place.textContent !== sentence) place.textContent = sentence; // else a screen reader says it every time
  place.hidden = !sentence;
}

function tell() {
  const live = stored(LAST_LIVE);
  say("last", live ? `Last live on this device ${age((Date.now() - live) / 1000)} ago, at ${new Date(live).toLocaleString()}.` : "");
  const waiting = stored(QUEUE)?.length ?? 0;
  say("waiting", waiting ? `${waiting} waiting to send. Nothing is lost: it goes out when the server answers.` : "");
}

async function look() {
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(LOOK_WAIT_MS) });
    if (response.ok) location.replace(location.pathname === "/offline" ? "/incidents" : location.href);
  } catch {
    // still away
  }
  tell();
}

document.getElementById("again").addEventListener("click", look);
addEventListener("online", look);
setInterval(look, LOOK_EVERY_MS);
tell();
