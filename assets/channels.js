// /channels: what the dialog of a new room holds is sent as JSON, and the page is told to read itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy, toast } = opsknight;
  const at = (id) => document.getElementById(id);

  const done = async (method, to, body) => {
    const answer = await opsknight.send(method, to, body);
    if (answer.ok) at("ok-channels").dispatchEvent(new CustomEvent("changed"));
    return answer;
  };
  opsknight.act("room-do", (button) => busy(button, async () => {
    button.closest("[popover]")?.hidePopover();
    const answer = await done(button.dataset.method, button.dataset.url, button.dataset.method === "POST" ? {} : undefined);
    toast(answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12 });
  }));
  if (!at("ok-room-add")) return;                    // who manages no team only reads

  const words = JSON.parse(at("room-words").dataset.words);
  const describe = () => {
    const its = words[at("room-channel").value];
    document.querySelector('label[for="room-address"]').textContent = its.address;
    at("room-address").placeholder = its.example;
    at("room-address-says").textContent = its.help;
  };
  at("room-channel").addEventListener("change", describe);
  at("ok-room-add").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    at("room-save").click();
  });
  opsknight.act("room-add", () => {
    for (const id of ["room-address", "room-label"]) at(id).value = "";
    at("room-error").textContent = "";
    describe();
    opsknight.dialog("ok-room-add");
    at("room-team").focus();
  });
  const wished = opsknight.wished(at("room-channel"));
  if (wished) { opsknight.runAct("room-add"); at("room-address").value = wished; }
  opsknight.act("room-added", (button) => busy(button, async (shut) => {
    const [channel, address, label] = ["room-channel", "room-address", "room-label"].map((id) => at(id).value);
    if (!address.trim()) { at("room-error").textContent = "Say where the messages shall go."; at("room-address").focus(); return; }
    const answer = await done("POST", `/api/v1/teams/${at("room-team").value}/rooms`, { channel, address, label });
    at("room-error").textContent = answer.ok ? "" : answer.sentence;
    if (!answer.ok) return;
    shut();
    const secret = Object.values(answer.body.secret ?? {})[0];
    if (!secret) { toast(answer.sentence, { kind: "good", for_s: 8 }); return; }
    at("room-secret-words").textContent = answer.sentence;
    at("room-secret-box").querySelector("code").textContent = secret;
    at("room-secret-box").querySelector("button").dataset.copy = secret;
    opsknight.dialog("ok-room-secret");
  }));
  at("ok-room-secret").addEventListener("close", () => {
    at("room-secret-box").querySelector("code").textContent = "";
    delete at("room-secret-box").querySelector("button").dataset.copy;
  });
});
