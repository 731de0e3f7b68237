// What would happen: asks the server, which plays it through with what pages, and draws the answer as a time line.
"use strict";
opsknight.whenPainted(() => {
  const { make } = opsknight;
  const at = (id) => document.getElementById(id);
  const panel = at("ok-foresight");
  const picked = (name) => panel.querySelector(`input[name="${name}"]:checked`)?.value ?? "";
  const kept = JSON.parse(panel?.dataset.policy ?? "null");
  const own = { policy: () => kept };                // an editor puts its draft here; null while it has none
  opsknight.foresight = { own, ask: () => {} };
  if (!panel || !at("foreseen")) return;

  const icon = (name) => make("span", { class: `ok-icon ok-icon-${name}`, "aria-hidden": "true" });
  const clock = (s) => make("time", { class: "ok-tab", datetime: new Date(s * 1000).toISOString(), "data-as": "clock" }, "");
  const PAGED = /^Step \d+(, round \d+)? paged /;    // what the messages under it tell as well
  const ICONS = { push: "phone", email: "mail", sms: "phone", voice: "phone" };
  const WORDS = { email: "mail" };
  const span = (s) => {                              // as the server says it: 45 s · 5 min · 1 h 30 min · 2 d 3 h
    const two = (big, unit, small, least) => {
      const rest = Math.floor((s % big) / small);
      return `${Math.floor(s / big)} ${unit}${rest ? ` ${rest} ${least}` : ""}`;
    };
    if (s < 60) return `${Math.round(s)} s`;
    return s < 3600 ? two(60, "min", 1, "s") : s < 86400 ? two(3600, "h", 60, "min") : two(86400, "d", 3600, "h");
  };
  opsknight.foresight.span = span;
  const offset = (s) => (s ? `+${span(s)}` : "at once");

  const message = (one) => {
    const by = `by ${WORDS[one.channel] ?? one.channel}${one.delayed && !one.held_until ? `, ${one.delayed} later` : ""}`;
    const held = one.held_until ? [", held until ", clock(one.held_until), ", quiet hours"] : [];
    const words = make("span", {}, make("b", {}, one.user), ` ${by}`, ...held);
    if (!one.cut_by) return make("li", {}, icon(ICONS[one.channel] ?? "send"), words);
    return make("li", { "data-cut": "yes" }, icon("close"), make("span", {}, make("s", {}, words), make("small", {}, ` not sent: ${one.cut_by} comes at `, clock(one.cut_at))));
  };
  const title = (one) => (one.kind === "net" ? "Safety net" : `Step ${one.step}`);
  const entry = (one) => {
    const reached = one.messages.length > 0;
    const said = one.sentences.filter((words) => !reached || !PAGED.test(words));
    return make("li", { class: "ok-foreseen-entry", "data-kind": one.kind === "net" ? "net" : reached ? "step" : "skip" },
      make("div", { class: "ok-foreseen-at" }, make("b", { class: "ok-tab" }, offset(one.after_s)), clock(one.at)),
      make("span", { class: "ok-foreseen-rail", "aria-hidden": "true" }),
      make("div", {}, make("h3", {}, title(one)), ...said.map((words) => make("p", {}, words)),
        reached ? make("ul", {}, ...one.messages.map(message)) : null));
  };
  // The first round is shown, and so is the safety net; the rounds between say the same again, and are folded away.
  const draw = (entries) => {
    const rounds = Map.groupBy ? Map.groupBy(entries, (one) => one.round ?? 0) : entries.reduce((map, one) => (
      map.set(one.round ?? 0, [...(map.get(one.round ?? 0) ?? []), one])), new Map());
    const shown = [];
    for (const [round, list] of rounds) {
      if (round < 2) { shown.push(...list.map(entry)); continue; }
      const sent = list.flatMap((one) => one.messages).filter((one) => !one.cut_by).length;
      const words = `Round ${round}: ${sent} message${sent === 1 ? "" : "s"}`;
      shown.push(make("li", { class: "ok-foreseen-entry", "data-kind": "round" },
        make("div", { class: "ok-foreseen-at" }, make("b", { class: "ok-tab" }, offset(list[0].after_s)), clock(list[0].at)),
        make("span", { class: "ok-foreseen-rail", "aria-hidden": "true" }),
        make("details", { class: "ok-more" }, make("summary", {}, words), make("ol", { class: "ok-foreseen" }, ...list.map(entry)))));
    }
    at("foreseen").replaceChildren(...shown);
    opsknight.times.fill(at("foreseen"));
  };
  const summary = (told) => {
    const sent = told.entries.flatMap((one) => one.messages.map((each) => ({ ...each, kind: one.kind }))).filter((one) => !one.cut_by);
    if (!told.entries.length) return "Nobody would be paged.";
    const first = sent.filter((one) => one.kind === "step");
    const net = told.entries.find((one) => one.kind === "net");
    const names = [...new Set(first.map((one) => one.user))];
    const who = names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
    const asked = first.length ? `${first.length} message${first.length === 1 ? "" : "s"} to ${who}` : "No step reaches anybody";
    return `${asked}${net ? `; the safety net ${net.after_s ? `after ${span(net.after_s)}` : "at once"}` : ""}, unless somebody acknowledges.`;
  };

  const wish = () => {
    const said = { service_id: Number(at("foresight-service").value) };
    if (picked("foresight-urgency")) said.urgency = picked("foresight-urgency");
    const when = at("foresight-at").value;
    if (picked("foresight-when") === "later" && when) said.at = new Date(when).toISOString();
    if (own.policy()) said.policy = own.policy();
    const event = at("foresight-event")?.value.trim(), by = at("foresight-sender")?.value;
    if (by) said.integration_id = Number(by);
    if (event) said[by ? "payload" : "event"] = JSON.parse(event);
    return said;
  };
  // Who may send to the chosen service: its only integration to begin with, with what its kind of monitor sends. What
  // somebody has written there themselves stays.
  const sender = at("foresight-sender");
  if (sender) {
    const text = at("foresight-event"), own = text.value;
    const senders = JSON.parse(panel.dataset.senders), samples = JSON.parse(panel.dataset.samples);
    let ours = own;
    const sample = () => {
      const kind = sender.selectedOptions[0]?.dataset.kind;
      if (text.value === ours) text.value = ours = samples[kind] ?? own;
    };
    const offer = () => {
      const of = senders[at("foresight-service").value] ?? [];
      const options = of.map((one) => make("option", { value: String(one.id), "data-kind": one.kind }, `${one.name} (${one.label})`));
      sender.replaceChildren(sender.options[0], ...options);
      sender.value = of.length === 1 ? String(of[0].id) : "";
      sample();
    };
    at("foresight-service").addEventListener("change", offer);
    sender.addEventListener("change", sample);
    offer();
  }
  let asked = 0;
  const wrong = (words) => {
    at("foresight-error").textContent = words;
    if (words) { at("foresight-read").textContent = ""; at("foresight-sum").textContent = ""; at("foresight-why").replaceChildren(); at("foreseen").replaceChildren(); }
  };
  const ask = async () => {
    let body;
    try { body = wish(); } catch (problem) { wrong(`The event is no JSON: ${problem.message}.`); at("foresight-event").focus(); return; }
    const mine = ++asked;
    panel.setAttribute("aria-busy", "true");
    const answer = await opsknight.send("POST", "/api/v1/what-if", body);
    if (mine !== asked) return;
    panel.removeAttribute("aria-busy");
    wrong(answer.ok ? "" : answer.sentence);
    if (!answer.ok) return;
    at("foresight-read").textContent = at("foresight-event") ? (answer.body.read ?? "") : "";
    at("foresight-sum").textContent = summary(answer.body);
    at("foresight-why").replaceChildren(...answer.body.reasons.map((words) => make("li", {}, words)));
    draw(answer.body.entries);
  };
  opsknight.foresight.ask = ask;
  opsknight.act("foresee", (button) => opsknight.busy(button, async () => {
    await ask();
    at("foresight-sum").scrollIntoView({ block: "nearest" });
  }));
  panel.addEventListener("submit", (event) => event.preventDefault());
  panel.addEventListener("change", (event) => {
    if (event.target.name === "foresight-when" && event.target.value === "later" && !at("foresight-at").value) {
      const soon = new Date(Math.ceil(opsknight.times.now() / 3600000) * 3600000);
      at("foresight-at").value = new Date(soon - soon.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
    }
    if (!at("foresight-event") && (own.policy() || kept)) ask();
  });
  if (kept) ask();
});
