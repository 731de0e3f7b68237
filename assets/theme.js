// The theme before the first paint: system, dark or light, remembered on this device as "ok-theme".
"use strict";
window.opsknight = {};
{
  const KEY = "ok-theme";
  const ORDER = ["system", "dark", "light"];
  const root = document.documentElement;
  let choice = "system";
  try { choice = ORDER.includes(localStorage[KEY]) ? localStorage[KEY] : "system"; } catch { /* storage is refused: system */ }

  const apply = () => {
    root.dataset.themeChoice = choice;
    if (choice === "system") delete root.dataset.theme; else root.dataset.theme = choice;
    const ground = { dark: "#0a0b0d", light: "#fbfbfc" };
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
      meta.content = ground[choice] ?? ground[meta.media.includes("light") ? "light" : "dark"];
    }
    for (const button of document.querySelectorAll('[data-act="theme"]')) {
      button.title = `Theme: ${choice}`;
      button.setAttribute("aria-label", `Theme: ${choice}. Change it`);
    }
    for (const radio of document.querySelectorAll('input[name="ok-theme"]')) radio.checked = radio.value === choice;
  };
  const set = (wanted) => {
    choice = ORDER.includes(wanted) ? wanted : "system";
    try { localStorage[KEY] = choice; } catch { /* it lasts as long as the page */ }
    apply();
    dispatchEvent(new CustomEvent("ok:theme", { detail: choice }));
  };
  const next = () => set(ORDER[(ORDER.indexOf(choice) + 1) % ORDER.length]);

  addEventListener("storage", (event) => { if (event.key === KEY) { choice = event.newValue ?? "system"; apply(); } });
  opsknight.theme = { get: () => choice, set, next, apply };
  apply();
}
