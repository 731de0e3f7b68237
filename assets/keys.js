// Keys: g then a letter goes somewhere, ? helps, / filters, and whatever a page adds. Single letters can be turned off.
"use strict";
{
  const KEY = "ok-keys";
  const entries = [];                                // {keys, says, group, run?, single?}; run gets the event
  const enabled = () => { try { return localStorage[KEY] !== "off"; } catch { return true; } };
  const enable = (on) => {
    try { localStorage[KEY] = on ? "on" : "off"; } catch { /* it stays as it is */ }
    dispatchEvent(new CustomEvent("ok:keys", { detail: on }));
  };
  const typing = (event) => {
    const at = event.composedPath?.()[0] ?? event.target;
    return at?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at?.tagName ?? "");
  };
  const free = (event) => enabled() && !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey
    && !typing(event) && !document.querySelector("dialog[open]");

  // add({keys: ["a"], says: "Acknowledge", group: "This incident", run}) returns the way to take it back.
  const add = (entry) => {
    entries.push(entry);
    return () => { const i = entries.indexOf(entry); if (i >= 0) entries.splice(i, 1); };
  };
  const places = () => [...document.querySelectorAll(".ok-nav [data-go]")].map((link) => (
    { keys: ["g", link.dataset.go], says: link.textContent.trim(), href: link.getAttribute("href") }));

  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      opsknight.palette.open();
      return;
    }
    if (!free(event)) return;
    if (performance.now() < goUntil) {
      goUntil = 0;
      const place = places().find((one) => one.keys[1] === event.key);
      if (place) { event.preventDefault(); event.stopPropagation(); location.assign(place.href); return; }
    }
    if (event.key === "g") { goUntil = performance.now() + 1500; return; }
    if (event.key === "?") { event.preventDefault(); help(); return; }
    if (event.key === "/") {
      const filter = document.querySelector("[data-ok-filter]");
      if (filter) { event.preventDefault(); filter.focus(); filter.select?.(); }
      return;
    }
    const entry = entries.find((one) => one.run && one.keys.length === 1 && one.keys[0] === event.key);
    if (entry) { event.preventDefault(); entry.run(event); }
  }, true);

  const EVERYWHERE = [
    { keys: ["Mod", "K"], says: "Find anything, do anything" }, { keys: ["?"], says: "This help" },
    { keys: ["/"], says: "Filter the list" }, { keys: ["Esc"], says: "Close, or leave the field" },
  ];
  const caps = (keys) => opsknight.make("span", { class: "ok-keys" }, ...keys.map((key) => (
    opsknight.make("kbd", { class: "ok-key" }, key === "Mod" ? (opsknight.mac ? "⌘" : "Ctrl") : key))));
  const group = (name, list) => opsknight.make("section", {}, opsknight.make("h3", {}, name),
    opsknight.make("dl", { class: "ok-keylist" }, ...list.map((one) => (
      opsknight.make("div", {}, opsknight.make("dt", {}, one.says), opsknight.make("dd", {}, caps(one.keys)))))));

  const help = () => {
    document.getElementById("ok-help")?.remove();
    const { make } = opsknight;
    const groups = Map.groupBy ? Map.groupBy(entries, (one) => one.group ?? "This page") : grouped();
    const box = make("dialog", { class: "ok-dialog ok-dialog-wide", id: "ok-help", "aria-labelledby": "ok-help-title" },
      make("div", { class: "ok-dialog-head" }, make("h2", { id: "ok-help-title" }, "Keys"),
        make("button", { type: "button", class: "ok-tool", "data-act": "close", "aria-label": "Close" },
          make("span", { class: "ok-icon ok-icon-close", "aria-hidden": "true" }))),
      make("div", { class: "ok-help-groups" }, ...[...groups].map(([name, list]) => group(name, list)),
        group("Everywhere", EVERYWHERE), group("Go to", places())),
      make("p", { class: "ok-dialog-foot ok-muted" }, enabled() ? "Single letters can be turned off on your page, under Me."
        : "Single letters are turned off on this device; turn them on under Me. Keys with Ctrl or ⌘ always work."));
    document.body.append(box);
    box.addEventListener("close", () => box.remove());
    box.showModal();
  };
  const grouped = () => entries.reduce((map, one) => {
    const name = one.group ?? "This page";
    return map.set(name, [...(map.get(name) ?? []), one]);
  }, new Map());

  opsknight.act("help", help);
  opsknight.keys = { add, enabled, enable, free, typing, places, caps, entries, help };
}
