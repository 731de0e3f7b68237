/* Push on this device: window.opsknightPush.{state, enable, disable}. Each answers {state, ok, sentence}, and the
   sentence is for the person. The service worker loads this file too, for `renew`. */
"use strict";

(() => {
  const ANSWER_WAIT_MS = 10000;
  const SUBSCRIBE_WAIT_MS = 30000; // a browser that cannot reach its push service says nothing at all
  const SAYS = {
    insecure: "Push works over https only. Ask whoever runs OpsKnight to serve it with a certificate.",
    home_screen:
      "On iPhone and iPad push works from the Home Screen only: tap Share, then “Add to Home Screen”, " +
      "open OpsKnight there and turn push on.",
    unsupported: "This browser has no push. Use a current Chrome, Edge, Firefox or Safari, or be paged by mail.",
    blocked:
      "Notifications from OpsKnight are blocked in this browser. Allow them in its settings for this site, then try again.",
    unanswered: "You closed the browser's question. Turn push on again and choose “Allow”.",
    off: "Push is off on this device.",
  };

  /* A refusal whose text is a sentence for the person. */
  class Refusal extends Error {}

  /* Return what push is on this device: on, off, blocked, home_screen, insecure or unsupported. */
  async function state() {
    const obstacle = obstacleHere();
    if (obstacle) return answer(obstacle);
    if (Notification.permission === "denied") return answer("blocked");
    const registration = await navigator.serviceWorker.getRegistration("/");
    const subscription = await registration?.pushManager.getSubscription();
    return subscription && Notification.permission === "granted" ? on() : answer("off");
  }

  /* Turn push on; call it from a tap, because only then may a browser ask for permission. */
  async function enable() {
    try {
      const obstacle = obstacleHere();
      if (obstacle) return answer(obstacle);
      const permission = await Notification.requestPermission();
      if (permission === "denied") return answer("blocked");
      if (permission !== "granted") return { ...answer("off"), sentence: SAYS.unanswered };
      const registration = await within(
        ANSWER_WAIT_MS,
        navigator.serviceWorker.ready,
        "OpsKnight's background worker does not run in this browser. Reload the page and try again.",
      );
      await register(registration, {});
      return on();
    } catch (failure) {
      return { ...answer("off"), sentence: words(failure, "Push could not be turned on") };
    }
  }

  /* Turn push off on this device; other devices keep theirs. */
  async function disable() {
    try {
      const registration = await navigator.serviceWorker?.getRegistration("/");
      const subscription = await registration?.pushManager?.getSubscription();
      if (!subscription) return { ...answer("off"), ok: true };
      await subscription.unsubscribe(); // first: even when the server is away, this device must fall silent
      await ask("DELETE", "/api/v1/push/subscriptions", { endpoint: subscription.endpoint });
      return { ...answer("off"), ok: true };
    } catch (failure) {
      return { ...answer("off"), sentence: words(failure, "Push is off here, but the server still lists this device") };
    }
  }

  /* Replace a subscription that the browser has given up; only the service worker calls it. */
  async function renew(registration, old) {
    await register(registration, old ? { replaces: old.endpoint } : {});
  }

  async function register(registration, more) {
    const { key } = await ask("GET", "/api/v1/push/key");
    const subscription = await subscribe(registration, bytes(key));
    try {
      await ask("POST", "/api/v1/push/subscriptions", { ...subscription.toJSON(), label: label(), ...more });
    } catch (failure) {
      await subscription.unsubscribe(); // never look subscribed when the server does not know it
      throw failure;
    }
  }

  async function subscribe(registration, key) {
    const present = await registration.pushManager.getSubscription();
    if (present && same(present.options.applicationServerKey, key)) return present;
    await present?.unsubscribe();
    try {
      return await within(
        SUBSCRIBE_WAIT_MS,
        registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }),
        "This browser does not reach its push service; a firewall or its settings may forbid it. Mail still works.",
      );
    } catch (failure) {
      if (failure instanceof Refusal) throw failure;
      throw new Refusal(`This browser refused to subscribe to its push service: ${failure.message}. Mail still works.`);
    }
  }

  async function ask(method, path, body) {
    const response = await fetch(path, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(ANSWER_WAIT_MS),
    }).catch(() => {
      throw new Refusal("OpsKnight could not be reached; check the network and try again.");
    });
    const said = await response.json().catch(() => ({}));
    if (response.ok) return said;
    throw new Refusal(said.detail ?? `OpsKnight answered ${response.status} and gave no reason; try again.`);
  }

  /* Return why push cannot work here whatever the person allows, or null. Synchronous: a tap must reach the question. */
  function obstacleHere() {
    if (!isSecureContext) return "insecure";
    if ("PushManager" in globalThis && "Notification" in globalThis && navigator.serviceWorker) return null;
    return onApple() && !installed() ? "home_screen" : "unsupported";
  }

  function onApple() {
    return /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1);
  }

  function installed() {
    return navigator.standalone === true || matchMedia("(display-mode: standalone)").matches;
  }

  /* Name this device as its owner would, “Chrome on Android”. */
  function label() {
    const agent = navigator.userAgent;
    const browsers = [["Edg", "Edge"], ["OPR/", "Opera"], ["Firefox/|FxiOS", "Firefox"], ["SamsungBrowser", "Samsung Internet"],
      ["Chrome/|CriOS", "Chrome"], ["Safari/", "Safari"]];
    const systems = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Macintosh", "Mac"],
      ["CrOS", "ChromeOS"], ["Linux", "Linux"]];
    const first = (table, otherwise) => table.find(([pattern]) => new RegExp(pattern).test(agent))?.[1] ?? otherwise;
    return `${first(browsers, "Browser")} on ${onApple() && /Macintosh/.test(agent) ? "iPad" : first(systems, "this device")}`;
  }

  function answer(name) {
    return { state: name, ok: false, sentence: SAYS[name] };
  }

  function on() {
    return { state: "on", ok: true, sentence: `Push is on for ${label()}.` };
  }

  function words(failure, otherwise) {
    return failure instanceof Refusal ? failure.message : `${otherwise}: ${failure.message}`;
  }

  function within(ms, promise, sentence) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Refusal(sentence)), ms));
    return Promise.race([promise, late]);
  }

  function bytes(base64url) {
    const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }

  function same(buffer, key) {
    const held = new Uint8Array(buffer ?? []);
    return held.length === key.length && held.every((byte, index) => byte === key[index]);
  }

  globalThis.opsknightPush = { state, enable, disable, renew };
})();
