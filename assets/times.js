// Times in the reader's own zone. Every <time data-as> is filled here and kept true, once a second.
"use strict";
{
  // Made when first needed: each takes the browser some milliseconds, and few pages need all.
  const format = (options) => {
    let made;
    return { format: (ms) => (made ??= new Intl.DateTimeFormat(undefined, options)).format(ms) };
  };
  const CLOCK = format({ hour: "2-digit", minute: "2-digit" });
  const SECONDS = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const DAY = format({ weekday: "short", day: "numeric", month: "short" });
  const YEAR = format({ day: "numeric", month: "short", year: "numeric" });
  const WEEKDAY = format({ weekday: "short" });
  const LONG = format({ weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
  const UTC = format({ hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC", hour12: false });

  let skew = 0;                                      // the server's clock minus this one's, in ms, from the beat
  const now = () => Date.now() + skew;
  const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);

  const span = (ms) => {                             // 48s · 4m 10s · 6h 13m · 3d 4h
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return `${s}s`;
    if (s < 600) return two(s, 60, "m", 1, "s");
    if (s < 3600) return `${Math.floor(s / 60)}m`;
    if (s < 86400) return two(s, 3600, "h", 60, "m");
    return two(s, 86400, "d", 3600, "h");
  };
  const two = (s, big, bigUnit, small, smallUnit) => {
    const rest = Math.floor((s % big) / small);
    return `${Math.floor(s / big)}${bigUnit}${rest ? ` ${rest}${smallUnit}` : ""}`;
  };
  const clock = (ms) => {                            // 14:03, with the day when it is not today
    const days = Math.round((midnight(ms) - midnight(now())) / 86400000);
    if (days === 0) return CLOCK.format(ms);
    if (days > 0 && days < 7) return `${WEEKDAY.format(ms)} ${CLOCK.format(ms)}`;
    return `${day(ms)} ${CLOCK.format(ms)}`;
  };
  const day = (ms) => (new Date(ms).getFullYear() === new Date(now()).getFullYear() ? DAY : YEAR).format(ms);
  const soon = (ms) => (ms - now() > 6 * 86400000 ? day(ms) : clock(ms)); // for the strip: a far day needs no hour
  const ago = (ms) => (now() - ms < 5000 ? "just now" : `${span(now() - ms)} ago`);
  const left = (ms) => (ms <= now() ? "now" : `in ${span(ms - now())}`);
  const full = (ms) => `${LONG.format(ms)} · ${UTC.format(ms)} UTC`;
  const AS = { clock, day, soon, ago, in: left, full: (ms) => LONG.format(ms), span: (ms) => span(now() - ms), seconds: (ms) => SECONDS.format(ms) };

  const fill = (root = document) => {
    for (const time of root.querySelectorAll("time[data-as]")) {
      const ms = Date.parse(time.dateTime);
      if (Number.isNaN(ms)) continue;
      const words = (AS[time.dataset.as] ?? clock)(ms);
      if (time.textContent !== words) time.textContent = words;
      if (time.dataset.titled !== time.dateTime) { time.title = full(ms); time.dataset.titled = time.dateTime; }
    }
  };
  // How far away it is, is told as of the moment of pointing; nobody reads a title that is not pointed at.
  document.addEventListener("pointerover", ({ target }) => {
    const time = target.closest?.("time[data-as]"), ms = Date.parse(time?.dateTime);
    if (!Number.isNaN(ms)) time.title = `${full(ms)} · ${ms > now() ? left(ms) : ago(ms)}`;
  });
  let planned = false;
  const later = () => {
    if (planned) return;
    planned = true;
    requestAnimationFrame(() => { planned = false; fill(); });
  };
  opsknight.times = { now, span, clock, day, ago, left, full, seconds: AS.seconds, fill,
    sync: (server_s) => { const off = server_s * 1000 - Date.now(); if (Math.abs(off - skew) > 250) skew = off; } };
  opsknight.whenPainted(() => {
    fill();
    // Only what brings a time asks for a look: a board writes words many times a second, and a look costs a frame.
    const brings = (node) => node.nodeType === Node.ELEMENT_NODE && (node.matches("time[data-as]") || node.querySelector("time[data-as]"));
    const changed = (changes) => { if (changes.some((change) => [...change.addedNodes].some(brings))) later(); };
    new MutationObserver(changed).observe(document.body, { childList: true, subtree: true });
    setInterval(fill, 1000);
  });
}
