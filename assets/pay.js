// /fairness: what schedules pay. Dialogs are filled in by their buttons; what was changed is read again in its place.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const NUMBERS = { hour: "", night: "1", weekend: "1", holiday: "1", interruption: "0", minimum: "0" };
  let schedule = "";
  const changed = (id) => at(`ok-pay-${id}`).dispatchEvent(new CustomEvent("changed"));
  // People write 12,50 as well as 12.50; what is no number is left for the server to refuse in words.
  const number = (id) => at(id).value.trim().replace(",", ".");

  const open = (button, focus) => {
    schedule = button.dataset.schedule;
    opsknight.dialog(button.dataset.dialog);
    at(focus).focus();
  };
  opsknight.act("pay-rules", (button) => {
    const rules = JSON.parse(button.dataset.rules);
    for (const [name, otherwise] of Object.entries(NUMBERS)) at(`pay-${name}`).value = rules[name] ?? otherwise;
    at("pay-currency").value = rules.currency ?? "EUR";
    at("pay-combine").value = rules.combine ?? "highest";
    at("pay-holidays").value = (rules.holidays ?? []).join("\n");
    at("pay-since").value = rules.valid_from ?? "";
    at("ok-pay-error").textContent = "";
    at("ok-pay-rules-title").textContent = `What ${button.dataset.name} pays`;
    open(button, "pay-hour");
  });
  opsknight.act("pay-once", (button) => {
    for (const id of ["once-amount", "once-reason"]) at(id).value = "";
    at("once-day").value = button.dataset.day;
    at("ok-once-error").textContent = "";
    at("ok-pay-once-title").textContent = `Pay something once, by ${button.dataset.name}`;
    open(button, "once-user");
  });

  const missing = (fields, error) => {
    const empty = fields.find(([id]) => !at(id).value.trim());
    if (!empty) return false;
    at(error).textContent = empty[1];
    at(empty[0]).focus();
    return true;
  };
  const send = async (shut, method, path, body, error) => {
    const id = schedule, answer = await opsknight.send(method, `/api/v1/schedules/${id}/pay/${path}`, body);
    if (!answer.ok) { at(error).textContent = answer.sentence; return; }
    shut();
    opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
    changed(id);
  };
  const onSubmit = (form, run) => at(form).addEventListener("submit", (event) => {
    event.preventDefault();
    busy(event.submitter ?? event.target.querySelector("[type=submit]"), run);
  });
  if (at("ok-pay-form")) {
    onSubmit("ok-pay-form", async (shut) => {
      if (missing([["pay-hour", "Say what an hour pays; 0 where only interruptions are paid."]], "ok-pay-error")) return;
      const rates = Object.fromEntries(Object.entries(NUMBERS).map(([name, otherwise]) => [name, number(`pay-${name}`) || otherwise]));
      await send(shut, "PUT", "rules", {
        ...rates, currency: at("pay-currency").value.trim() || "EUR", combine: at("pay-combine").value,
        holidays: at("pay-holidays").value.split(/[\s,]+/).filter(Boolean), valid_from: at("pay-since").value || null,
      }, "ok-pay-error");
    });
    onSubmit("ok-once-form", async (shut) => {
      if (missing([["once-amount", "Say how much is paid."], ["once-day", "Say the day on which it is paid."], ["once-reason", "Say what it is paid for."]], "ok-once-error")) return;
      const body = { user_id: Number(at("once-user").value), day: at("once-day").value, amount: number("once-amount"), reason: at("once-reason").value.trim() };
      await send(shut, "POST", "one-offs", body, "ok-once-error");
    });
  }
  opsknight.act("pay-back", (button) => busy(button, async () => {
    const { url, schedule: id, again } = button.dataset, answer = await opsknight.send("DELETE", url);
    const undo = async () => {
      const back = await opsknight.told("POST", `/api/v1/schedules/${id}/pay/one-offs`, JSON.parse(again));
      if (back.ok) changed(id);
    };
    opsknight.toast(answer.sentence, { kind: answer.ok ? "good" : "bad", action: answer.ok ? { label: "Undo", run: undo } : null, for_s: 10 });
    if (answer.ok) changed(id);
  }));
});
