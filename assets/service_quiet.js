// How a service pages, on /services: two settings in one dialog, each sent only where it has changed.
"use strict";
opsknight.whenPainted(() => {
  const at = (id) => document.getElementById(id);
  const part = (row, name) => row.querySelector(`[data-part="${name}"]`);
  const OFFICE = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, start: "09:00", end: "17:00" }));
  let source = null, before = "";

  const add = ({ weekday, start, end }) => {
    const row = at("ok-hours-row").firstElementChild.cloneNode(true);
    part(row, "weekday").value = String(weekday);
    part(row, "start").value = start;
    part(row, "end").value = end;
    at("quiet-hours").append(row);
    return row;
  };
  const hours = () => [...at("quiet-hours").children].map((row) => (
    { weekday: Number(part(row, "weekday").value), start: part(row, "start").value.trim(), end: part(row, "end").value.trim() }));
  const urgency = () => {
    const mode = at("quiet-mode").value;
    return { mode, hours: mode === "support_hours" ? { zone: at("quiet-zone").value, parts: hours() } : null };
  };
  const flapping = () => ({
    on: at("quiet-flapping").checked, start: Number(at("flap-start").value), stop: Number(at("flap-stop").value),
    window_s: Math.round(Number(at("flap-minutes").value) * 60),
  });
  const told = (source, quiet) => {
    const id = source.dataset.service;
    source.dataset.line = JSON.stringify(quiet);
    at(`quiet-words-${id}`).textContent = quiet.words;
    at(`flap-words-${id}`).textContent = quiet.flapping_words || "Never: each opening pages";
  };

  opsknight.act("quiet-edit", (button) => {
    source = button;
    const line = JSON.parse(button.dataset.line);
    at("ok-quiet-form-title").textContent = `How ${button.dataset.name} pages`;
    at("quiet-error").textContent = "";
    at("quiet-mode").value = line.mode;
    at("quiet-zone").value = line.zone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    at("quiet-hours").replaceChildren();
    (line.parts.length ? line.parts : OFFICE).forEach(add);
    at("quiet-flapping").checked = line.flapping;
    at("flap-start").value = line.start;
    at("flap-stop").value = line.stop;
    at("flap-minutes").value = line.window_s / 60;
    before = JSON.stringify(flapping());
    opsknight.dialog(button.dataset.dialog);
    at("quiet-mode").focus();
  });
  opsknight.act("hours-add", () => {
    const last = hours().at(-1) ?? { weekday: 7, start: "09:00", end: "17:00" };
    part(add({ ...last, weekday: (last.weekday % 7) + 1 }), "weekday").focus();
  });
  opsknight.act("hours-remove", (button) => { button.closest(".ok-hours-row").remove(); at("hours-add").focus(); });
  opsknight.act("quiet-save", (button) => opsknight.busy(button, async (shut) => {
    const of = source, url = `/api/v1/services/${of.dataset.service}`;
    const wishes = [[`${url}/urgency`, urgency()], ...(JSON.stringify(flapping()) === before ? [] : [[`${url}/flapping`, flapping()]])];
    let answer;
    for (const [where, wish] of wishes) {
      answer = await opsknight.send("PUT", where, wish);
      if (!answer.ok) break;
      told(of, answer.body.quiet);
      opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
    }
    if (answer.ok) shut(); else at("quiet-error").textContent = answer.sentence;
  }));
});
