// /me: quiet hours and do not disturb. Each change is sent as JSON, and the page reads itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy, send, toast } = opsknight;
  const at = (id) => document.getElementById(id);
  const QUIET = "/api/v1/me/quiet-hours", UNDISTURBED = "/api/v1/me/undisturbed";
  const changed = () => at("ok-reached").dispatchEvent(new CustomEvent("changed"));
  const windows = () => JSON.parse(document.querySelector("[data-quiet]").dataset.quiet);

  const saved = (button, error, method, url, body) => busy(button, async () => {
    const answer = await send(method, url, body);
    at(error).textContent = answer.ok ? "" : answer.sentence;
    if (!answer.ok) return;
    button.closest("dialog").close();
    toast(answer.sentence, { kind: "good", for_s: 8 });
    changed();
  });
  const told = (button, method, url, body) => busy(button, async () => {
    if ((await opsknight.told(method, url, body)).ok) changed();
  });

  at("ok-quiet-add").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    at("quiet-save").click();
  });

  opsknight.act("quiet-add", () => {
    at("quiet-error").textContent = "";
    opsknight.dialog("ok-quiet-add");
  });
  opsknight.act("quiet-added", (button) => {
    const weekdays = [...document.querySelectorAll('input[name="quiet-day"]:checked')].map((one) => Number(one.value));
    saved(button, "quiet-error", "PUT", QUIET, { windows: [...windows(), { weekdays, start: at("quiet-start").value, end: at("quiet-end").value }] });
  });
  opsknight.act("quiet-remove", (button) => {
    told(button, "PUT", QUIET, { windows: windows().filter((_, number) => number !== Number(button.dataset.place)) });
  });

  opsknight.act("undisturb", () => {
    at("undisturbed-error").textContent = "";
    opsknight.dialog("ok-undisturb");
    at("undisturbed-by").focus();
  });
  opsknight.act("undisturbed", (button) => {
    const for_s = Number(at("undisturbed-for").value), until = Date.parse(at("undisturbed-until").value) / 1000;
    if (!for_s && !until) { at("undisturbed-error").textContent = "Say until when."; at("undisturbed-until").focus(); return; }
    saved(button, "undisturbed-error", "PUT", UNDISTURBED, { ...(for_s ? { for_s } : { until }), substitute_id: Number(at("undisturbed-by").value) });
  });
  opsknight.act("disturb", (button) => told(button, "DELETE", UNDISTURBED));
});
