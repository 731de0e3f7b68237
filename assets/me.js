// /me: push on this device, single-key shortcuts, theme. What is remembered is remembered on this device.
"use strict";
opsknight.whenPainted(() => {
  const place = document.getElementById("ok-push");
  const words = place.querySelector("p");
  const show = ({ state, sentence }) => {
    place.dataset.state = state;
    words.textContent = sentence;
    for (const button of place.querySelectorAll("button")) {
      button.hidden = button.dataset.act !== (state === "on" ? "push-off" : "push-on") || ["insecure", "unsupported", "home_screen"].includes(state);
    }
  };
  const doing = (name) => async (button) => {
    button.setAttribute("aria-busy", "true");
    const answer = await opsknightPush[name]();
    button.removeAttribute("aria-busy");
    show(answer);
    opsknight.toast(answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 5 : 12 });
    place.dispatchEvent(new CustomEvent("changed"));
  };
  opsknight.act("push-on", doing("enable"));
  opsknight.act("push-off", doing("disable"));
  opsknightPush.state().then(show, () => show({ state: "unsupported", sentence: "This browser does not say whether it has push." }));

  const keys = document.getElementById("ok-keys-on");
  keys.checked = opsknight.keys.enabled();
  keys.addEventListener("change", () => opsknight.keys.enable(keys.checked));
  opsknight.theme.apply();
  for (const radio of document.querySelectorAll('input[name="ok-theme"]')) {
    radio.addEventListener("change", () => opsknight.theme.set(radio.value));
  }

  const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
  document.body.append(opsknight.make("datalist", { id: "ok-zones" }, ...["UTC", ...zones].map((zone) => opsknight.make("option", { value: zone }))));
  opsknight.act("own-save", (button) => opsknight.busy(button, async () => {
    const [name, zone, language] = ["own-name", "own-zone", "own-language"].map((id) => document.getElementById(id).value);
    const answer = await opsknight.send("PUT", "/api/v1/me/profile", { name, zone, language });
    document.getElementById("own-error").textContent = answer.ok ? "" : answer.sentence;
    if (!answer.ok) return;
    opsknight.toast(answer.sentence, { kind: "good" });
    document.querySelector("h1").textContent = answer.body.person.name;
  }));
});
