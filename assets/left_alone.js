// /me: quiet hours and do not disturb. Each change is sent as JSON, and the page reads itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy, send, toast } = opsknight;
  const at = (id) => document.getElementById(id);
  const QUIET = "/api/v1/me/quiet-hours", UNDISTURBED = "/api/v1/me/undisturbed";
  const changed = () => at("ok-reached").dispatchEvent(new CustomEvent("changed"));
  const windows = () => JSON.parse(document.querySelector("[data-quiet]").dataset.quiet);

  const quiet = opsknight.whole(windows, (wanted) => send("PUT", QUIET, { windows: wanted }));

  const saved = (button, error, sending) => busy(button, async (shut) => {
    const answer = await sending();
    at(error).textContent = answer.ok ? "" : answer.sentence;
    if (!answer.ok) return;
    shut();
    toast(answer.sentence, { kind: "good", for_s: 8 });
    changed();
  });
  const told = (button, sending) => busy(button, async () => {
    const answer = await sending();
    toast(answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12 });
    if (answer.ok) changed();
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
    const added = { weekdays, start: at("quiet-start").value, end: at("quiet-end").value };
    saved(button, "quiet-error", () => quiet((now) => [...now, added]));
  });
  opsknight.act("quiet-remove", (button) => {
    const gone = windows()[Number(button.dataset.place)];
    told(button, () => quiet((now) => opsknight.without(now, gone)));
  });

  opsknight.act("undisturb", () => {
    at("undisturbed-error").textContent = "";
    opsknight.dialog("ok-undisturb");
    at("undisturbed-by").focus();
  });
  opsknight.act("undisturbed", (button) => {
    const for_s = Number(at("undisturbed-for").value), until = Date.parse(at("undisturbed-until").value) / 1000;
    if (!for_s && !until) { at("undisturbed-error").textContent = "Say until when."; at("undisturbed-until").focus(); return; }
    const wish = { ...(for_s ? { for_s } : { until }), substitute_id: Number(at("undisturbed-by").value) };
    saved(button, "undisturbed-error", () => send("PUT", UNDISTURBED, wish));
  });
  opsknight.act("disturb", (button) => told(button, () => send("DELETE", UNDISTURBED)));
});
