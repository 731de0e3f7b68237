// /me: contact methods and notification rules. What a dialog holds is sent as JSON, and the page reads itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy, toast } = opsknight;
  const at = (id) => document.getElementById(id);
  const place = at("ok-reached");
  let url = "", urgency = "";

  const done = async (method, to, body, { send = opsknight.send } = {}) => {
    const answer = await send(method, to, body);
    if (answer.ok) place.dispatchEvent(new CustomEvent("changed"));
    return answer;
  };
  const open = (name, focus) => { opsknight.dialog(name); at(focus)?.focus(); };
  const saved = async (button, name, method, to, body) => busy(button, async (shut) => {
    const answer = await done(method, to, body);
    at(`${name}-error`).textContent = answer.ok ? "" : answer.sentence;
    if (!answer.ok) return;
    shut();
    toast(answer.sentence, { kind: "good", for_s: 8 });
  });
  for (const [dialog, save] of [["ok-method-add", "method-save"], ["ok-method-code", "code-save"], ["ok-method-name", "name-save"]]) {
    at(dialog).addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
      event.preventDefault();
      at(save).click();
    });
  }

  const words = JSON.parse(at("method-words").dataset.words);
  const describe = () => {
    const its = words[at("method-channel").value] ?? { address: "Address", example: "", help: "" };
    document.querySelector('label[for="method-address"]').textContent = its.address;
    at("method-address").placeholder = its.example;
    at("method-address-says").textContent = its.help;
  };
  at("method-channel").addEventListener("change", describe);

  const typeIn = (name, sentence) => {
    at("code").value = "";
    at("code-error").textContent = "";
    at("code-words").textContent = sentence;
    at("ok-method-code-title").textContent = `Verify ${name}`;
    open("ok-method-code", "code");
  };
  opsknight.act("method-add", () => {
    for (const id of ["method-address", "method-label"]) at(id).value = "";
    at("method-error").textContent = "";
    describe();
    open("ok-method-add", "method-channel");
  });
  const wished = opsknight.wished(at("method-channel"));
  if (wished) { opsknight.runAct("method-add"); at("method-address").value = wished; at("method-label").focus(); }
  opsknight.act("method-added", (button) => busy(button, async (shut) => {
    const [channel, address, label] = ["method-channel", "method-address", "method-label"].map((id) => at(id).value);
    const answer = await done("POST", "/api/v1/me/contact-methods", { channel, address, label });
    at("method-error").textContent = answer.ok ? "" : answer.sentence;
    if (!answer.ok) return;
    url = `/api/v1/me/contact-methods/${answer.body.id}`;
    shut();
    const secret = Object.values(answer.body.secret ?? {})[0];
    typeIn(label || address, secret ? `${answer.sentence} Its signing secret, shown this once: ${secret}` : answer.sentence);
  }));
  const again = async () => {
    const answer = await done("POST", `${url}/code`, {});
    at("code-error").textContent = answer.ok ? "" : answer.sentence;
    if (answer.ok) at("code-words").textContent = answer.sentence;
  };
  opsknight.act("method-verify", (button) => busy(button, async () => {
    url = button.dataset.url;
    typeIn(button.dataset.name, "Type in the code that was sent there.");
    if (!("sent" in button.dataset)) await again();
  }));
  opsknight.act("code-again", (button) => busy(button, again));
  opsknight.act("code-typed", (button) => saved(button, "code", "POST", `${url}/verify`, { code: at("code").value || " " }));

  opsknight.act("method-name", (button) => {
    button.closest("[popover]")?.hidePopover();
    url = button.dataset.url;
    at("method-name").value = button.dataset.name;
    at("name-error").textContent = "";
    open("ok-method-name", "method-name");
  });
  opsknight.act("method-named", (button) => saved(button, "name", "PUT", url, { label: at("method-name").value }));
  opsknight.act("method-do", (button) => busy(button, async () => {
    button.closest("[popover]")?.hidePopover();
    const { method, url } = button.dataset;
    await done(method, url, method === "POST" ? {} : undefined, { send: opsknight.told });
  }));

  const group = (name) => document.querySelector(`.ok-own-rules[data-urgency="${name}"]`);
  const rules = (name) => JSON.parse(group(name).dataset.rules);
  const sends = (name) => (wanted) => done("PUT", `/api/v1/me/notification-rules/${name}`, { rules: wanted });
  const arrange = Object.fromEntries(["high", "low"].map((name) => [name, opsknight.whole(() => rules(name), sends(name))]));
  opsknight.act("rule-add", (button) => {
    urgency = button.dataset.urgency;
    at("ok-rule-add-title").textContent = `Add a rule: ${button.dataset.title.toLowerCase()}`;
    at("rule-error").textContent = "";
    open("ok-rule-add", "rule-method");
  });
  opsknight.act("rule-added", (button) => busy(button, async (shut) => {
    const rule = { contact_method_id: Number(at("rule-method").value), delay_s: Number(at("rule-delay").value) };
    const answer = await arrange[urgency]((now) => [...now, rule]);
    at("rule-error").textContent = answer.ok ? "" : answer.sentence;
    if (answer.ok) { shut(); toast(answer.sentence, { kind: "good" }); }
  }));
  opsknight.act("rule-remove", (button) => busy(button, async () => {
    const name = button.closest(".ok-own-rules").dataset.urgency;
    const gone = rules(name)[Number(button.dataset.place)];
    const answer = await arrange[name]((now) => opsknight.without(now, gone));
    toast(answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12 });
  }));
});
