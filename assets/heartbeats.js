// /heartbeats: what its dialogs hold is sent as JSON, and the list is told to read itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const UNITS = [86400, 3600, 60, 1];
  const picked = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;
  const pick = (name, value) => { const one = document.querySelector(`input[name="${name}"][value="${value}"]`); if (one) one.checked = true; };
  const amount = (id) => Math.round(Number(at(id).value) * Number(at(`${id}-unit`).value));
  const setAmount = (id, seconds) => {
    const unit = UNITS.find((one) => seconds % one === 0);
    at(id).value = seconds / unit;
    at(`${id}-unit`).value = String(unit);
  };
  let target = { method: "POST", url: "/api/v1/heartbeats" };

  const done = async (method, url, body) => {
    const answer = await opsknight.send(method, url, body);
    if (answer.ok) {
      opsknight.toast(answer.sentence, { kind: "good", for_s: 6 });
      at("ok-beats").dispatchEvent(new CustomEvent("changed"));
    }
    return answer;
  };
  const open = (button, title, line) => {
    at(`${button.dataset.dialog}-title`).textContent = title;
    at("beat-error").textContent = "";
    at("beat-name").value = line.name;
    if (line.service_id) at("beat-service").value = String(line.service_id);
    pick("beat-kind", line.cron ? "cron" : "period");
    if (line.period_s) setAmount("beat-period", line.period_s);
    if (line.cron) at("beat-cron").value = line.cron;
    at("beat-zone").value = line.zone;
    setAmount("beat-grace", line.grace_s);
    pick("beat-urgency", line.urgency);
    opsknight.dialog(button.dataset.dialog);
    at("beat-name").focus();
  };

  opsknight.act("heartbeat-new", (button) => {
    target = { method: "POST", url: "/api/v1/heartbeats" };
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    open(button, "New heartbeat", { name: "", period_s: 86400, cron: "", zone, grace_s: 600, urgency: "high" });
  });
  opsknight.act("heartbeat-edit", (button) => {
    target = { method: "PUT", url: button.dataset.url };
    open(button, "Edit heartbeat", JSON.parse(button.dataset.line));
  });
  opsknight.act("heartbeat-save", (button) => busy(button, async (shut) => {
    const timed = picked("beat-kind") === "cron";
    const answer = await done(target.method, target.url, {
      name: at("beat-name").value, service_id: Number(at("beat-service").value), urgency: picked("beat-urgency"),
      grace_s: amount("beat-grace"), period_s: timed ? null : amount("beat-period"),
      cron: timed ? at("beat-cron").value : "", zone: timed ? at("beat-zone").value : "UTC",
    });
    if (answer.ok) shut(); else at("beat-error").textContent = answer.sentence;
  }));
  at("ok-beat-form")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    at("ok-beat-form").querySelector('[data-act="heartbeat-save"]').click();
  });
  opsknight.act("heartbeat-do", (button) => busy(button, async () => {
    button.closest("[popover]")?.hidePopover();
    const answer = await done("POST", button.dataset.url, JSON.parse(button.dataset.body));
    if (!answer.ok) opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
  opsknight.act("heartbeat-ask", (button) => {
    target = { method: "DELETE", url: button.dataset.url };
    at("beat-delete-words").textContent = `“${button.dataset.name}” and its pings are removed for good; a job that still`
      + " pings its address is told that there is nothing. To silence it for a while, pause it instead.";
    opsknight.dialog(button.dataset.dialog);
  });
  opsknight.act("heartbeat-end-key", (button) => {
    target = { method: "DELETE", url: button.dataset.url };
    at("beat-end-words").textContent = `A job that still pings the former address of “${button.dataset.name}” is not heard`
      + " from then on. That address cannot be made to work again.";
    opsknight.dialog(button.dataset.dialog);
  });
  opsknight.act("heartbeat-delete", (button) => busy(button, async (shut) => {
    const answer = await done(target.method, target.url);
    if (answer.ok) shut(); else opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
});
