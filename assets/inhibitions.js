// The rules of inhibition on /maintenance: what the dialog holds is sent as JSON, and the list reads itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const ONE = [{ field: "", op: "is", values: [] }];
  let target = { method: "POST", url: "/api/v1/inhibitions" };

  const done = async (method, url, body) => {
    const answer = await opsknight.send(method, url, body);
    if (answer.ok) {
      opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
      at("ok-rules").dispatchEvent(new CustomEvent("changed"));
    }
    return answer;
  };
  const open = (button, title, line) => {
    at(`${button.dataset.dialog}-title`).textContent = title;
    at("rule-error").textContent = "";
    at("rule-name").value = line.name;
    at("rule-equal").value = line.equal.join(", ");
    opsknight.conditions.fill("rule-source", line.source);
    opsknight.conditions.fill("rule-target", line.target);
    opsknight.dialog(button.dataset.dialog);
    at("rule-name").focus();
  };
  opsknight.act("rule-new", (button) => {
    target = { method: "POST", url: "/api/v1/inhibitions" };
    open(button, "New rule", { name: "", source: ONE, target: ONE, equal: [] });
  });
  opsknight.act("rule-edit", (button) => {
    target = { method: "PUT", url: button.dataset.url };
    open(button, "Edit rule", JSON.parse(button.dataset.line));
  });
  opsknight.act("rule-save", (button) => busy(button, async (shut) => {
    const answer = await done(target.method, target.url, {
      name: at("rule-name").value, source: opsknight.conditions.read("rule-source"), target: opsknight.conditions.read("rule-target"),
      equal: at("rule-equal").value.split(",").map((one) => one.trim()).filter(Boolean),
    });
    if (answer.ok) shut(); else at("rule-error").textContent = answer.sentence;
  }));
  opsknight.act("rule-ask", (button) => {
    target = { method: "DELETE", url: button.dataset.url };
    at("rule-delete-words").textContent = `“${button.dataset.name}” keeps nothing quiet any more; what it keeps quiet now and still fires pages at once.`;
    opsknight.dialog(button.dataset.dialog);
  });
  opsknight.act("rule-delete", (button) => busy(button, async (shut) => {
    const answer = await done(target.method, target.url);
    if (answer.ok) shut(); else opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
});
