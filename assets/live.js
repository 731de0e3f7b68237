// Is what you see true now? Counted here, from the server's beats, whatever the socket itself believes.
// html[data-live] is connecting | live | late (no beat for 3 s) | stale (5 s) | lost (15 s); styles and pages follow it.
"use strict";
{
  const root = document.documentElement;
  const LATE = 3, STALE = 5, LOST = 15;
  const WORDS = { connecting: "Connecting", live: "Live", late: "Reconnecting", stale: "Not live", lost: "Not live" };
  let beatAt = performance.now();                    // this browser's steady clock, so that a wrong wall clock hides nothing
  let beatOf = null;                                 // the server's time of that beat, epoch seconds
  let state = "connecting";

  const show = () => {
    const age = (performance.now() - beatAt) / 1000;
    const before = state;
    if (beatOf === null && age < STALE) state = "connecting";
    else state = age < LATE ? "live" : age < STALE ? "late" : age < LOST ? "stale" : "lost";
    root.dataset.live = state;
    const dot = document.querySelector("#ok-live > span");
    if (dot && dot.textContent !== WORDS[state]) dot.textContent = WORDS[state];
    const bar = document.getElementById("ok-stale");
    if (bar) {
      bar.hidden = state !== "stale" && state !== "lost";
      bar.dataset.state = state;
      if (!bar.hidden) bar.textContent = sentence(age);
    }
    if (before !== state) dispatchEvent(new CustomEvent("ok:live", { detail: { state, before } }));
  };
  const sentence = (age) => {
    const since = beatOf === null ? "This page has not heard from OpsKnight yet."
      : `Not live for ${opsknight.times.span(age * 1000)}. What you see is from ${opsknight.times.seconds(beatOf * 1000)}.`;
    return navigator.onLine ? `${since} OpsKnight does not answer; this page reconnects by itself.`
      : `${since} This device is offline; paging does not need it, and this page reconnects by itself.`;
  };
  const beat = ({ now }) => {
    beatAt = performance.now();
    beatOf = now;
    opsknight.times.sync(now);
    if (state !== "live") show();
  };
  const counts = ({ counts: c }) => {
    const high = document.getElementById("ok-high");
    if (!high || !c || c.high_unacknowledged === undefined) return;
    const said = String(c.high_unacknowledged);
    if (high.dataset.count === said) return;
    high.dataset.count = said;
    high.querySelector("b").textContent = said;
  };

  // NiceGUI reloads a page whose connection timed out, and so would trade a grey page for the browser's error page while
  // the network is away. Here only a server that no longer knows the page reloads it, and only once it can answer.
  const patiently = (socket) => {
    socket.io.reconnectionDelay(250);
    socket.io.reconnectionDelayMax(1000);
    socket.io.timeout(5000);
    socket.off("connect_error");
    socket.on("connect_error", async (failure) => {
      if (failure.message !== "Implicit handshake failed") return;
      const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
      if (answer?.ok) location.reload(); else setTimeout(() => socket.connect(), 1000);
    });
  };

  // NiceGUI makes window.socket when it mounts; a new document after a restart brings a new one.
  const attach = () => {
    if (!window.socket) { setTimeout(attach, 30); return; }
    window.socket.on("beat", beat);
    window.socket.on("board", counts);
    patiently(window.socket);
  };
  setInterval(show, 500);
  for (const event of ["online", "offline", "visibilitychange", "pageshow"]) addEventListener(event, show);
  opsknight.live = { state: () => state, beat, counts };
  show();
  attach();
}
