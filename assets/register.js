/* Start the service worker once the page has what it needs first; without it everything works but push and offline.
   And remember when this device last saw the truth, for the offline page to say. */
"use strict";

if ("serviceWorker" in navigator) {
  addEventListener("load", () => {
    navigator.serviceWorker
      .register("/sw.js", { scope: "/", updateViaCache: "none" })
      .catch((failure) => console.warn(`push and the offline page are off: ${failure.message}`));
  });
}

/* Say that this device is there: one that is silent for two weeks is not waited for any more. */
if ("serviceWorker" in navigator) {
  const beat = () => navigator.serviceWorker.ready.then(({ active }) => active?.postMessage("beat"));
  addEventListener("load", beat);
  setInterval(beat, 3600000);
}

setInterval(() => {
  if (document.documentElement.dataset.live !== "live") return; // said by live.js, from the server's beats
  try {
    localStorage["ok-last-live"] = Date.now();
  } catch {
    // storage is refused: the offline page then says no time
  }
}, 5000);
