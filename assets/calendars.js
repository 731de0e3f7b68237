// Calendar links on any page. A new one is shown once, to be copied; the list is told to read itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const ofAll = (element) => element.closest(".ok-calendar-links");
  const made = (box) => box.querySelector(".ok-calendar-made");
  const changed = (box) => box.querySelector(".ok-calendar-list").dispatchEvent(new CustomEvent("changed"));
  opsknight.act("calendar-make", (button) => busy(button, async () => {
    const box = ofAll(button), field = box.querySelector("input[type=text]"), gaps = box.querySelector("input[type=checkbox]");
    const wish = { ...JSON.parse(box.dataset.body), name: field.value.trim() || "My calendar", ...(gaps ? { with_gaps: gaps.checked } : {}) };
    const answer = await opsknight.send("POST", "/api/v1/calendar-feeds", wish);
    if (!answer.ok) { opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 }); return; }
    field.value = "";
    opsknight.showOnce(made(box), answer.body.url, answer.sentence, "the calendar's address");
    changed(box);
  }));
  opsknight.act("calendar-revoke", (button) => busy(button, async () => {
    const box = ofAll(button), answer = await opsknight.told("DELETE", button.dataset.url);
    if (!answer.ok) return;
    made(box).hidden = true;
    box.querySelector("input[type=text]").focus();         // the button goes with its row
    changed(box);
  }));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.(".ok-calendar-links input[type=text]")) return;
    event.preventDefault();
    ofAll(event.target).querySelector('[data-act="calendar-make"]').click();
  });
});
