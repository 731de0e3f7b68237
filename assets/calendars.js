// /me: calendar links. A new one is shown once, to be copied; the list is told to read itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy, make } = opsknight;
  const at = (id) => document.getElementById(id);
  const changed = () => at("ok-calendar-links").dispatchEvent(new CustomEvent("changed"));

  const show = (url, sentence) => {
    const copy = make("button", {
      class: "ok-copy", type: "button", "data-act": "copy", "data-copy": url, "data-word": "Copy",
      "aria-label": "Copy the calendar's address",
    }, make("span", { class: "ok-icon ok-icon-copy", "aria-hidden": "true" }));
    at("ok-calendar-made").replaceChildren(
      make("p", {}, sentence), make("div", { class: "ok-copybox" }, make("code", {}, url), copy));
    at("ok-calendar-made").hidden = false;
    copy.focus();
  };
  opsknight.act("calendar-make", (button) => busy(button, async () => {
    const name = at("calendar-name").value.trim() || "My calendar";
    const answer = await opsknight.send("POST", "/api/v1/calendar-feeds", { name });
    if (!answer.ok) { opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 }); return; }
    at("calendar-name").value = "";
    show(answer.body.url, answer.sentence);
    changed();
  }));
  opsknight.act("calendar-revoke", (button) => busy(button, async () => {
    const answer = await opsknight.told("DELETE", button.dataset.url);
    if (answer.ok) { at("ok-calendar-made").hidden = true; changed(); }
  }));
  at("calendar-name").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    document.querySelector('[data-act="calendar-make"]').click();
  });
});
