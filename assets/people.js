// People and teams: what the dialogs hold is sent as JSON, and the page is told to read itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy, make } = opsknight;
  const at = (id) => document.getElementById(id);
  const place = () => at("ok-people") ?? at("ok-person") ?? at("ok-teams");
  const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  let asked = null, named = null, joined = null, edited = "";

  const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
  document.body.append(make("datalist", { id: "ok-zones" }, ...["UTC", ...zones].map((zone) => make("option", { value: zone }))));

  const done = async (method, url, body) => {
    const answer = await opsknight.send(method, url, body);
    if (answer.ok) {
      if (!answer.body.link) opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
      place().dispatchEvent(new CustomEvent("changed"));
    }
    return answer;
  };
  const handOver = ({ body, sentence }) => {         // a link is shown once, to be given on by other ways than mail
    if (!body.link) return;
    const box = at("link-box");
    box.querySelector("code").textContent = body.link;
    box.querySelector("button").dataset.copy = body.link;
    at("link-words").textContent = sentence;
    at("ok-person-link").showModal();
  };
  at("ok-person-link")?.addEventListener("close", () => {
    at("link-box").querySelector("code").textContent = "";
    delete at("link-box").querySelector("button").dataset.copy;
  });
  const open = (button, focus) => { opsknight.dialog(button.dataset.dialog); at(focus)?.focus(); };
  const onEnter = (dialog, save) => at(dialog)?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    at(save).click();
  });
  for (const pair of [["ok-person-invite", "invite-save"], ["ok-person-edit", "person-save"], ["ok-team-name", "team-save"]]) onEnter(...pair);

  opsknight.act("person-invite", (button) => {
    for (const id of ["invite-email", "invite-name"]) at(id).value = "";
    at("invite-error").textContent = "";
    at("invite-role").value = "responder";
    at("invite-zone").value = here();
    open(button, "invite-email");
  });
  opsknight.act("person-invited", (button) => busy(button, async (shut) => {
    const answer = await done("POST", "/api/v1/people", {
      email: at("invite-email").value, name: at("invite-name").value, role: at("invite-role").value,
      zone: at("invite-zone").value, team_id: Number(at("invite-team")?.value) || null,
    });
    if (!answer.ok) { at("invite-error").textContent = answer.sentence; return; }
    shut();
    handOver(answer);
  }));

  opsknight.act("person-edit", (button) => {
    edited = button.dataset.url;
    at("ok-person-edit-title").textContent = `Change ${button.dataset.name}`;
    at("person-error").textContent = "";
    at("person-name").value = button.dataset.name;
    at("person-role").value = button.dataset.role;
    at("person-zone").value = button.dataset.zone;
    open(button, "person-name");
  });
  opsknight.act("person-save", (button) => busy(button, async (shut) => {
    const answer = await done("PUT", edited, { name: at("person-name").value, role: at("person-role").value, zone: at("person-zone").value });
    if (answer.ok) shut(); else at("person-error").textContent = answer.sentence;
  }));
  opsknight.act("person-link", (button) => busy(button, async () => {
    const answer = await done("POST", `${button.dataset.url}/sign-in-link`, {});
    if (answer.ok) handOver(answer); else opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
  opsknight.act("person-do", (button) => busy(button, async () => {
    button.closest("[popover]")?.hidePopover();
    const answer = await done(button.dataset.method ?? "POST", button.dataset.url, JSON.parse(button.dataset.body ?? "{}"));
    if (!answer.ok) opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
  opsknight.act("person-ask", (button) => {
    asked = { method: button.dataset.method ?? "POST", url: button.dataset.url };
    at("ok-person-ask-title").textContent = button.dataset.title;
    at("person-ask-words").textContent = button.dataset.says;
    at("person-ask-error").textContent = "";
    at("person-asked").querySelector("span").textContent = button.dataset.words;
    opsknight.dialog(button.dataset.dialog);
  });
  opsknight.act("person-asked", (button) => busy(button, async (shut) => {
    const answer = await done(asked.method, asked.url, {});
    if (answer.ok) shut(); else at("person-ask-error").textContent = answer.sentence;
  }));

  let handed = "";
  opsknight.act("person-hand-over", (button) => {
    handed = button.dataset.url;
    at("hand-over-words").textContent = button.dataset.says;
    at("hand-over-note").value = at("hand-over-error").textContent = "";
    open(button, "hand-over-to");
  });
  opsknight.act("person-handed-over", (button) => busy(button, async (shut) => {
    const answer = await done("POST", handed, { to: Number(at("hand-over-to").value), note: at("hand-over-note").value });
    if (answer.ok) shut(); else at("hand-over-error").textContent = answer.sentence;
  }));

  opsknight.act("team-name", (button) => {
    named = button.dataset;
    at("ok-team-name-title").textContent = named.title;
    at("team-save").querySelector("span").textContent = named.words;
    at("team-error").textContent = "";
    at("team-name").value = named.name;
    open(button, "team-name");
  });
  opsknight.act("team-save", (button) => busy(button, async (shut) => {
    const answer = await done(named.method, named.url, { name: at("team-name").value });
    if (answer.ok) shut(); else at("team-error").textContent = answer.sentence;
  }));
  opsknight.act("team-join", (button) => {
    joined = button.dataset.url;
    const there = new Set(JSON.parse(button.dataset.there).map(String));
    at("ok-team-join-title").textContent = button.dataset.title;
    at("join-error").textContent = "";
    at("join-manages").checked = false;
    const options = [...at("join-person").options];
    for (const option of options) option.hidden = option.disabled = there.has(option.value);
    at("join-person").value = options.find((option) => !option.disabled)?.value ?? "";
    open(button, "join-person");
  });
  opsknight.act("team-joined", (button) => busy(button, async (shut) => {
    if (!at("join-person").value) { at("join-error").textContent = "Everybody belongs to it already. Invite somebody under People."; return; }
    const answer = await done("PUT", `${joined}/${at("join-person").value}`, { manages: at("join-manages").checked });
    if (answer.ok) shut(); else at("join-error").textContent = answer.sentence;
  }));
});
