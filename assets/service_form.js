// /services: a service is made or changed, and a monitor is added. The page is read anew, and then says what was done.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const SAID = "ok-service-said";
  let url = "", line = null, monitors = "";

  const said = sessionStorage.getItem(SAID);
  if (said) { sessionStorage.removeItem(SAID); opsknight.toast(said, { kind: "good", for_s: 8 }); }

  const minutes = (seconds) => (seconds === null ? "" : String(Math.round(seconds / 6) / 10));
  const seconds = (id) => (at(id).value.trim() === "" ? null : Math.round(Number(at(id).value) * 60));
  const lines = (tags) => Object.entries(tags).map(([name, value]) => `${name}=${value}`).join("\n");
  const tags = () => {
    const found = {};
    for (const one of at("service-tags").value.split("\n").map((text) => text.trim()).filter(Boolean)) {
      const cut = one.indexOf("=");
      found[cut < 0 ? one : one.slice(0, cut).trim()] = cut < 0 ? "" : one.slice(cut + 1).trim();
    }
    return found;
  };
  const wish = () => ({
    name: at("service-name").value, description: at("service-description").value,
    team_id: Number(at("service-team").value), policy_id: Number(at("service-policy").value),
    runbook_url: at("service-runbook").value, tags: tags(),
    ack_timeout_high_s: seconds("service-ack-high"), ack_timeout_low_s: seconds("service-ack-low"),
    reopen_window_s: seconds("service-reopen") ?? 0, resolves_with_last_alert: at("service-resolves").checked,
    ...(line ? {} : { urgency_mode: at("service-mode").value }),
  });
  const choose = (id, value) => { if ([...at(id).options].some((option) => option.value === value)) at(id).value = value; };

  opsknight.act("service-edit", (button) => {
    url = button.dataset.url;
    line = button.dataset.line ? JSON.parse(button.dataset.line) : null;
    const shown = line ?? { name: "", description: "", runbook_url: "", tags: {}, ack_timeout_high_s: 1800, ack_timeout_low_s: null,
      reopen_window_s: 0, resolves_with_last_alert: true };
    at("ok-service-form-title").textContent = button.dataset.title;
    at("service-error").textContent = "";
    at("service-name").value = shown.name;
    at("service-description").value = shown.description;
    at("service-runbook").value = shown.runbook_url;
    at("service-ack-high").value = minutes(shown.ack_timeout_high_s);
    at("service-ack-low").value = minutes(shown.ack_timeout_low_s);
    at("service-reopen").value = minutes(shown.reopen_window_s);
    at("service-resolves").checked = shown.resolves_with_last_alert;
    at("service-tags").value = lines(shown.tags);
    if (line) { choose("service-team", String(line.team_id)); choose("service-policy", String(line.policy_id)); }
    document.querySelector(".ok-service-new").hidden = Boolean(line);
    at("service-save").querySelector("span").textContent = line ? "Save" : "Make it";
    opsknight.dialog(button.dataset.dialog);
    at("service-name").focus();
  });
  opsknight.act("service-save", (button) => busy(button, async () => {
    const answer = await opsknight.send(line ? "PUT" : "POST", url, wish());
    if (!answer.ok) { at("service-error").textContent = answer.sentence; return; }
    sessionStorage.setItem(SAID, answer.sentence);
    history.replaceState(null, "", `#service-${answer.body.service.id}`);
    location.reload();
  }));
  at("ok-service-form")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    at("service-save").click();
  });

  opsknight.act("monitor-new", (button) => {
    monitors = button.dataset.url;
    at("ok-monitor-form-title").textContent = button.dataset.title;
    at("monitor-error").textContent = "";
    at("monitor-name").value = at("monitor-kind").selectedOptions[0]?.textContent ?? "";
    opsknight.dialog(button.dataset.dialog);
    at("monitor-kind").focus();
  });
  at("monitor-kind")?.addEventListener("change", (event) => { at("monitor-name").value = event.target.selectedOptions[0].textContent; });
  opsknight.act("monitor-save", (button) => busy(button, async () => {
    const answer = await opsknight.send("POST", monitors, { provider: at("monitor-kind").value, name: at("monitor-name").value });
    if (answer.ok) location.assign(`/integrations/${answer.body.integration.id}`); else at("monitor-error").textContent = answer.sentence;
  }));
});
