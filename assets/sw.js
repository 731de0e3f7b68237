/* The worker behind every window: it shows pages, answers their Acknowledge button with no window open,
   and keeps an offline page for the time the server is away. The server writes `self.OPSKNIGHT = {build, shell}`
   in front of this text, so that any changed asset is a changed worker. */
"use strict";

importScripts("/assets/push.js"); // opsknightPush.renew, for a subscription that the browser replaced

const { build: BUILD, shell: SHELL } = self.OPSKNIGHT;
const CACHE = `opsknight-${BUILD}`;
const SERVER_WAIT_MS = 15000; // a phone between two masts hangs for minutes; a person does not
const ACKNOWLEDGE_WAIT_MS = 10000;
const TRY_AGAIN_AFTER_MS = [1000, 3000];
const GATEWAY_SAYS_AWAY = new Set([502, 504]); // OpsKnight never answers these itself: a proxy does, for it
const LATER = new Set([429, 500, 502, 503, 504]);
const FOREVER = /^\/(_nicegui\/\d[^/]*\/(static|libraries|components|resources|esm)|assets\/(fonts|icons|sounds))\//;
const QUIET = new Set(["check"]); // makes sure that this device is there, and wakes nobody
const BEAT_EVERY_MS = 3600000;
const NO_LONGER_CALLS = new Set(["acknowledged", "snoozed", "suppressed", "resolved"]);

const ACKNOWLEDGE = "Acknowledge";
const STILL_ON_IT = "I am on it";

/* --- life ------------------------------------------------------------------------------------------------- */

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(Promise.all([activate(), beat()])));
self.addEventListener("message", (event) => event.data === "beat" && event.waitUntil(beat()));

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL.map((url) => new Request(url, { cache: "reload" })));
  await self.skipWaiting(); // a page must never be answered by last month's worker
}

async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith("opsknight-") && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

/* --- pages and files --------------------------------------------------------------------------------------- */

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || request.headers.has("range")) return;
  if (request.mode === "navigate") {
    if (!url.pathname.startsWith("/api/")) event.respondWith(navigate(event));
  } else if (FOREVER.test(url.pathname) || (url.pathname.startsWith("/assets/") && url.searchParams.has("v"))) {
    event.respondWith(cacheFirst(event));
  } else if (SHELL.includes(url.pathname)) {
    event.respondWith(networkFirst(request));
  }
});

/* Pages are never cached: each holds the single-use identity of its connection. */
async function navigate(event) {
  try {
    const response = await within(SERVER_WAIT_MS, page(event));
    return GATEWAY_SAYS_AWAY.has(response.status) ? await kept("/offline", response) : response;
  } catch {
    return kept("/offline", Response.error());
  }
}

async function page(event) {
  return (await event.preloadResponse) ?? fetch(event.request);
}

async function kept(url, otherwise) {
  return (await (await caches.open(CACHE)).match(url)) ?? otherwise;
}

async function cacheFirst(event) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(event.request);
  if (found) return found;
  const response = await fetch(event.request);
  if (response.status === 200) event.waitUntil(cache.put(event.request, response.clone()));
  return response;
}

async function networkFirst(request) {
  try {
    return await fetch(request);
  } catch (failure) {
    const found = await (await caches.open(CACHE)).match(request, { ignoreSearch: true });
    if (found) return found;
    throw failure;
  }
}

/* --- pushes: each shows a notification, as browsers demand --------------------------------------------------- */

self.addEventListener("push", (event) => event.waitUntil(Promise.all([received(event.data), beat()])));

/* What is written here, in its reader's language where the message brings that along. */
function wordsOf(payload) {
  const [press, look] = payload.words ?? [];
  const [again, failed, away] = payload.failing ?? [];
  return {
    press: press ?? (payload.kind === "still_on_it" ? STILL_ON_IT : ACKNOWLEDGE),
    look: { action: "open", title: look ?? "Open" },
    again: { action: "ack", title: again ?? "Try again" },
    failed: (failed ?? "Not acknowledged: {title}").replace("{title}", () => payload.title),
    away: away ?? "OpsKnight could not be reached",
  };
}

function pressable(payload, calls) {
  const { press, look } = wordsOf(payload);
  return calls && payload.ack ? [{ action: "ack", title: press }, look] : [look];
}

async function received(data) {
  const payload = read(data);
  const calls = !NO_LONGER_CALLS.has(payload.kind) && !QUIET.has(payload.kind);
  if (!calls && (await keptNewer(payload))) return;
  await show(payload, {
    title: payload.title,
    body: payload.body,
    actions: pressable(payload, calls),
    loud: calls,
    stays: calls && payload.urgency === "high",
  });
  if (payload.receipt) await receipt(payload.receipt);
}

/* A quiet word that was overtaken by a newer page leaves that page where it is. */
async function keptNewer(payload) {
  const [shown] = await self.registration.getNotifications({ tag: payload.tag });
  return Boolean(shown?.data?.at > payload.at);
}

function read(data) {
  const unreadable = { title: "OpsKnight has news for you", body: "Open the board to see what happened." };
  try {
    return { ...unreadable, url: "/incidents", tag: "opsknight", ...data.json() };
  } catch {
    return { ...unreadable, url: "/incidents", tag: "opsknight" };
  }
}

async function show(payload, { title, body, actions, loud, stays }) {
  await self.registration.showNotification(title, {
    body,
    actions,
    tag: payload.tag, // a later word about the same incident replaces the earlier one
    renotify: loud,
    silent: !loud,
    requireInteraction: stays,
    vibrate: loud && payload.urgency === "high" ? [400, 150, 400, 150, 800] : undefined,
    icon: "/assets/icons/icon-192.png",
    badge: "/assets/icons/badge-96.png",
    data: payload,
  });
}

/* Tell the server that the notification is on the screen. Lost receipts cost a second channel, never a page. */
async function receipt(id) {
  try {
    await post("/api/v1/push/receipts", { receipt: id });
  } catch {
    // shown all the same
  }
}

/* Tell the server that this device is there, by the secret of its own subscription: nobody need be signed in. */
let beatAt = 0;
async function beat() {
  if (Date.now() - beatAt < BEAT_EVERY_MS) return;
  try {
    const subscription = await self.registration.pushManager?.getSubscription();
    if (!subscription) return;
    const { endpoint, keys } = subscription.toJSON();
    const answer = await post("/api/v1/push/heartbeat", { endpoint, auth: keys.auth });
    if (answer.ok) beatAt = Date.now();
  } catch {
    // with the next page, or the next push
  }
}

/* --- the buttons -------------------------------------------------------------------------------------------- */

self.addEventListener("notificationclick", (event) => {
  const payload = event.notification.data ?? {};
  if (event.action === "ack" && payload.ack) {
    event.waitUntil(acknowledge(payload));
  } else {
    event.notification.close();
    event.waitUntil(open(payload));
  }
});

/* Acknowledge for the person the page was for. The token speaks, no cookie: the tab and the sign-in may be gone. */
async function acknowledge(payload) {
  const { look, again, failed, away } = wordsOf(payload);
  const { answered, ok, sentence } = await patiently({ token: payload.ack }, away);
  if (ok) {
    await show(
      { ...payload, ack: null },
      { title: sentence, body: payload.title, actions: [look], loud: false, stays: false },
    );
  } else {
    const actions = answered ? [look] : [again, look];
    const kept = answered ? { ...payload, ack: null } : payload;
    await show(kept, { title: sentence, body: failed, actions, loud: true, stays: true });
  }
}

async function patiently(body, away) {
  for (const wait of [...TRY_AGAIN_AFTER_MS, null]) {
    try {
      const response = await post("/api/v1/acknowledge-link", body);
      const said = await response.json().catch(() => ({}));
      const sentence = said.sentence ?? said.detail ?? `OpsKnight answered ${response.status} and no reason`;
      if (!LATER.has(response.status)) return { answered: true, ok: response.ok, sentence };
      if (wait === null) return { answered: false, ok: false, sentence };
    } catch {
      if (wait === null) return { answered: false, ok: false, sentence: away };
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

async function post(path, body) {
  return fetch(path, {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ACKNOWLEDGE_WAIT_MS),
  });
}

/* Bring a window to the incident; a wall display stays what it is. */
async function open(payload) {
  const target = destination(payload);
  const windows = (await self.clients.matchAll({ type: "window", includeUncontrolled: true })).filter(
    (client) => !new URL(client.url).pathname.startsWith("/wall/"),
  );
  const there = windows.find((client) => new URL(client.url).pathname === target.pathname);
  try {
    return there ? await there.focus() : await (await windows[0].focus()).navigate(target.href);
  } catch {
    return self.clients.openWindow(target.href); // no window, or one that this worker may not steer
  }
}

/* Where the system draws no buttons (iOS, Firefox) a tap opens the page whose button needs no sign-in either. */
function destination(payload) {
  const home = self.location.origin;
  if (payload.ack && !(self.Notification?.maxActions >= 2)) return new URL(`/ack/${encodeURIComponent(payload.ack)}`, home);
  const target = new URL(payload.url ?? "/incidents", home);
  return target.origin === home ? target : new URL("/incidents", home);
}

self.addEventListener("pushsubscriptionchange", (event) =>
  event.waitUntil(self.opsknightPush.renew(self.registration, event.oldSubscription)),
);

/* --- small things ------------------------------------------------------------------------------------------- */

function within(ms, promise) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("the server is silent")), ms));
  return Promise.race([promise, late]);
}
