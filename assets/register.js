/* Start the service worker, once the page has what it needs first. Without it everything works but push and offline. */
"use strict";

if ("serviceWorker" in navigator) {
  addEventListener("load", () => {
    navigator.serviceWorker
      .register("/sw.js", { scope: "/", updateViaCache: "none" })
      .catch((failure) => console.warn(`push and the offline page are off: ${failure.message}`));
  });
}
