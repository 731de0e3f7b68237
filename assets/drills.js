// /drills and /readiness: a drill is begun or answered, a restored copy armed; the page then reads itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const picked = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;
  const done = async (method, url, body) => {
    const answer = await opsknight.send(method, url, body);
    if (answer.ok) {
      opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
      at("ok-drills")?.dispatchEvent(new CustomEvent("changed"));
    }
    return answer;
  };
  opsknight.act("drill-do", (button) => busy(button, async () => {
    const answer = await done(button.dataset.method ?? "POST", button.dataset.url, JSON.parse(button.dataset.body ?? "{}"));
    if (!answer.ok) opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
  opsknight.act("drill-weekly", (button) => {
    const { weekday, hour, zone, schedule } = button.dataset;
    const values = { "weekly-day": weekday, "weekly-hour": hour, "weekly-zone": zone, "weekly-schedule": schedule };
    for (const [id, value] of Object.entries(values)) at(id).value = value;
    at("weekly-error").textContent = "";
    opsknight.dialog(button.dataset.dialog);
  });
  opsknight.act("drill-weekly-save", (button) => busy(button, async (shut) => {
    const answer = await done("PUT", "/api/v1/weekly-drill", {
      weekday: Number(at("weekly-day").value), hour: Number(at("weekly-hour").value), zone: at("weekly-zone").value,
      schedule_id: Number(at("weekly-schedule").value) || null,
    });
    at("weekly-error").textContent = answer.ok ? "" : answer.sentence;
    if (answer.ok) shut();
  }));
  opsknight.act("arm", (button) => busy(button, async (shut) => {
    const answer = await done("POST", "/api/v1/readiness/arm", {});
    at("arm-error").textContent = answer.ok ? "" : answer.sentence;
    if (answer.ok) shut();
  }));
  opsknight.act("drill-begin", (button) => busy(button, async (shut) => {
    const whom = picked("drill-whom"), wish = {};
    if (whom === "person") wish.user_id = Number(at("drill-person").value);
    if (whom === "schedule") wish.schedule_id = Number(at("drill-schedule").value);
    const answer = await done("POST", "/api/v1/drills", wish);
    at("drill-error").textContent = answer.ok ? "" : answer.sentence;
    if (answer.ok) shut();
  }));
});
