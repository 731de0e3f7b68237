// The editor of an escalation policy: its steps as controls, every draft checked by the server and played through beside it.
"use strict";
opsknight.whenPainted(() => {
  const { make, busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const POLICIES = "/api/v1/policies", SAID = "ok-policy-said";
  const later = sessionStorage.getItem(SAID);        // what was said before the page changed
  if (later) { sessionStorage.removeItem(SAID); opsknight.toast(later, { kind: "good", for_s: 8 }); }

  const form = at("ok-policy-form");
  if (!form) return;
  const CHECK_AFTER_MS = 300;
  const OFFICE = { weekday: "1-5", start: "09:00", end: "17:00" };
  const ICONS = { user: "person", schedule: "clock", team: "team", team_managers: "key", room: "send" };
  const list = at("policy-steps");
  const [hours_row, blank] = at("policy-templates").children;
  for (const one of at("policy-templates").querySelectorAll("[id]")) one.removeAttribute("id"); // copies of it have none
  const part = (step, name) => step.querySelector(`[data-part="${name}"]`);
  const parts = (step, name) => [...step.querySelectorAll(`[data-part="${name}"]`)];
  const all = () => [...list.children];
  const saved = JSON.parse(form.dataset.policy);
  let touched = false, timer = 0, asked = 0;

  // ---------- one step ----------
  const called = (target) => ({ team: `All of ${target.name}`, team_managers: `Managers of ${target.name}` })[target.kind] ?? target.name;
  const chip = (target) => make("li", { "data-kind": target.kind, "data-id": target.id, "data-name": target.name },
    make("span", { class: `ok-icon ok-icon-${ICONS[target.kind]}`, "aria-hidden": "true" }), make("span", {}, called(target)),
    make("button", { type: "button", class: "ok-tool", "data-act": "step-unask", "aria-label": `Do not ask ${called(target)}` },
      make("span", { class: "ok-icon ok-icon-close", "aria-hidden": "true" })));
  const add_hours = (step, said) => {
    const row = hours_row.cloneNode(true);
    for (const name of ["weekday", "start", "end"]) part(row, name).value = String(said[name]);
    part(step, "hours").append(row);
    return row;
  };
  const five = (rows) => {                           // Monday to Friday with the same hours are one line
    const whole = rows.filter((one) => [1, 2, 3, 4, 5].every((day) => rows.some((other) => (
      other.weekday === day && other.start === one.start && other.end === one.end))));
    const week = whole.filter((one) => one.weekday === 1).map((one) => ({ ...one, weekday: "1-5" }));
    return [...week, ...rows.filter((one) => !whole.includes(one) || one.weekday > 5)];
  };
  const write = (said) => {
    const step = make("li", { class: "ok-step" }, make("span", { class: "ok-step-at ok-tab", "data-part": "at" }), ...blank.cloneNode(true).children);
    part(step, "targets").replaceChildren(...said.targets.map(chip));
    part(step, "round_robin").checked = said.round_robin === true;
    part(step, "everyone").checked = said.everyone === true;
    const unit = [86400, 3600, 60].find((one) => said.wait_s && said.wait_s % one === 0) ?? (said.wait_s ? 1 : 60);
    part(step, "wait").value = said.wait_s / unit;
    part(step, "unit").value = String(unit);
    const { urgency, priorities, support_hours, hours, alerts_at_least } = said.when ?? {};
    part(step, "urgency").value = urgency ?? "";
    part(step, "support_hours").value = support_hours === undefined ? "" : String(support_hours);
    for (const box of parts(step, "priority")) box.checked = (priorities ?? []).includes(box.value);
    part(step, "alerts_at_least").value = alerts_at_least ?? "";
    if (hours) { part(step, "zone").value = hours.zone; five(hours.parts).forEach((one) => add_hours(step, one)); }
    return step;
  };
  const days = (one) => (one.weekday === "1-5" ? [1, 2, 3, 4, 5] : [Number(one.weekday)]).map((weekday) => ({ ...one, weekday }));
  const read_when = (step) => {
    const when = {}, urgency = part(step, "urgency").value, supported = part(step, "support_hours").value;
    const priorities = parts(step, "priority").filter((box) => box.checked).map((box) => box.value);
    const rows = [...part(step, "hours").children].flatMap((row) => days(
      { weekday: part(row, "weekday").value, start: part(row, "start").value.trim(), end: part(row, "end").value.trim() }));
    if (urgency) when.urgency = urgency;
    if (supported) when.support_hours = supported === "true";
    if (priorities.length) when.priorities = priorities;
    if (rows.length) when.hours = { zone: part(step, "zone").value.trim(), parts: rows };
    if (Number(part(step, "alerts_at_least").value)) when.alerts_at_least = Number(part(step, "alerts_at_least").value);
    return when;
  };
  const read = (step) => ({
    targets: [...part(step, "targets").children].map((one) => ({ kind: one.dataset.kind, id: Number(one.dataset.id), name: one.dataset.name })),
    wait_s: Math.round(Number(part(step, "wait").value) * Number(part(step, "unit").value)),
    round_robin: part(step, "round_robin").checked, everyone: part(step, "everyone").checked, when: read_when(step),
  });
  const draft = () => ({
    name: at("policy-name").value, team_id: Number(at("policy-team").value), repeats: Number(at("policy-repeats").value),
    steps: all().map(read),
  });

  // ---------- what stands around the steps: their numbers and times, what may go wrong ----------
  const condition_words = (step) => {
    const { urgency, priorities, support_hours, hours, alerts_at_least } = read_when(step);
    const said = [urgency && `at ${urgency} urgency`, priorities && `for ${priorities.join(", ")}`,
      support_hours !== undefined && `${support_hours ? "within" : "outside"} support hours`, hours && "at some hours",
      alerts_at_least && `from ${alerts_at_least} alerts on`].filter(Boolean);
    return said.length ? `Only ${said.join(", ")}` : "At any time, for every incident";
  };
  const number = () => {
    const steps = all(), more = at("policy-repeats").value !== "0";
    let after = 0;
    steps.forEach((step, i) => {
      const name = `step ${i + 1}`, last = i === steps.length - 1;
      part(step, "at").textContent = after ? `+${opsknight.foresight.span(after)}` : "at once";
      part(step, "title").textContent = `Step ${i + 1}`;
      part(step, "wait-for").textContent = !last ? `before step ${i + 2}` : more ? "before the next round" : "before the safety net";
      part(step, "when-words").textContent = condition_words(step);
      part(step, "zone-field").hidden = !part(step, "hours").childElementCount;
      part(step, "ask").setAttribute("aria-label", `Ask somebody in ${name}`);
      for (const tool of step.querySelectorAll(".ok-step-tools button")) tool.setAttribute("aria-label", `${tool.dataset.words}: ${name}`);
      step.querySelector('[data-act="step-up"]').disabled = i === 0;
      step.querySelector('[data-act="step-down"]').disabled = last;
      after += read(step).wait_s;
    });
  };
  const warn = (warnings) => {
    const shown = (found) => found.map((one) => make("p", { class: "ok-error" }, one.sentence));
    at("policy-warnings").replaceChildren(...shown(warnings.filter((one) => !one.step)));
    all().forEach((step, i) => part(step, "warnings").replaceChildren(...shown(warnings.filter((one) => one.step === i + 1))));
  };
  const refuse = (sentence) => {                     // beside the step that it names, if it names one
    const which = /^Step (\d+)\b/.exec(sentence)?.[1];
    const place = which && all()[which - 1] ? part(all()[which - 1], "warnings") : null;
    if (place) place.replaceChildren(make("p", { class: "ok-error" }, sentence)); else at("policy-error").textContent = sentence;
    return place ?? at("policy-error");
  };
  const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/;
  const unfit = (said) => {                          // what the fields let through, and no policy can be; or nothing
    for (const [i, { wait_s, when }] of said.steps.entries()) {
      const { hours, alerts_at_least = 0 } = when;
      if (!(wait_s >= 0 && wait_s <= 7 * 86400)) return `Step ${i + 1} waits 0 seconds at least, and 7 days at most.`;
      if (!(alerts_at_least >= 0 && alerts_at_least <= 10000) || alerts_at_least % 1) return `Step ${i + 1} asks from 0 to 10,000 alerts on.`;
      if (hours?.parts.some((one) => !CLOCK.test(one.start) || !CLOCK.test(one.end))) {
        return `Step ${i + 1}, when it asks: write hours as 09:00; a day ends at 24:00.`;
      }
    }
    return "";
  };
  const missing = (said) => !said.name.trim() || !said.steps.length || said.steps.some((step) => !step.targets.length);
  let whole = null;                                  // the last draft that can be kept
  opsknight.foresight.own.policy = () => whole;

  const check = async () => {
    const mine = ++asked, said = draft();
    at("policy-error").textContent = "";
    number();
    if (missing(said)) {
      whole = null;
      at("policy-said").textContent = "Give it a name, and each step somebody to ask: then it says what may go wrong, and what would happen.";
      return;
    }
    if (unfit(said)) { whole = null; warn([]); refuse(unfit(said)); return; }
    const answer = await opsknight.send("POST", `${POLICIES}/check`, said);
    if (mine !== asked) return;
    warn(answer.ok ? answer.body.warnings : []);
    at("policy-said").textContent = answer.ok && touched ? "Not saved yet." : "";
    whole = answer.ok ? said : null;
    if (answer.ok) opsknight.foresight.ask(); else refuse(answer.sentence);
  };
  const changed = () => {
    touched = true;
    number();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  };
  form.addEventListener("input", (event) => {
    const step = event.target.closest(".ok-step"), name = event.target.dataset.part;
    if (name === "round_robin" && event.target.checked) part(step, "everyone").checked = false;
    if (name === "everyone" && event.target.checked) part(step, "round_robin").checked = false;
    changed();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeunload", (event) => { if (touched) event.preventDefault(); });

  // ---------- steps: added, removed, moved ----------
  const one_of = (button) => button.closest(".ok-step");
  const place = (step) => all().indexOf(step) + 1;
  opsknight.act("step-add", () => {
    const before = all().at(-1);
    const step = write({ targets: [], wait_s: before ? read(before).wait_s : 300 });
    list.append(step);
    changed();
    part(step, "ask").focus();
  });
  opsknight.act("step-remove", (button) => {
    const step = one_of(button), next = step.nextElementSibling, was = place(step);
    step.remove();
    changed();
    (next ? next.querySelector('[data-act="step-remove"]') : at("step-add")).focus();
    opsknight.toast(`Step ${was} removed`, { for_s: 8, action: { label: "Undo", run: () => {
      next?.isConnected ? next.before(step) : list.append(step);
      changed();
      part(step, "ask").focus();
    } } });
  });
  const move = (step, by, focused) => {
    const other = by < 0 ? step.previousElementSibling : step.nextElementSibling;
    if (!other) return;
    by < 0 ? other.before(step) : other.after(step);
    changed();
    if (focused.disabled) step.querySelector(`[data-act="${by < 0 ? "step-down" : "step-up"}"]`).focus(); else focused.focus();
    step.scrollIntoView({ block: "nearest" });
    opsknight.announce(`It is step ${place(step)} now`);
  };
  opsknight.act("step-up", (button) => move(one_of(button), -1, button));
  opsknight.act("step-down", (button) => move(one_of(button), 1, button));
  form.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key], step = event.target.closest(".ok-step");
    if (!by || !step || !event.altKey || event.target.tagName === "SELECT") return;
    event.preventDefault();
    move(step, by, event.target);
  });
  for (const [key, says] of [["↑", "Move the step up"], ["↓", "Move the step down"]]) {
    opsknight.keys.add({ keys: ["Alt", key], says, group: "This policy" });
  }
  opsknight.act("step-hours", (button) => { part(add_hours(one_of(button), OFFICE), "weekday").focus(); changed(); });
  opsknight.act("step-hours-remove", (button) => {
    const step = one_of(button);
    button.closest(".ok-step-hours-row").remove();
    part(step, "hours-add").focus();
    changed();
  });

  // ---------- whom a step asks ----------
  const whom = at("ok-policy-whom"), choices = () => [...whom.querySelectorAll(".ok-whom button")];
  let asking = null;
  opsknight.act("step-ask", (button) => {
    asking = one_of(button);
    const there = new Set(read(asking).targets.map((one) => `${one.kind} ${one.id}`));
    at("whom-filter").value = "";
    at("whom-filter").dispatchEvent(new Event("input", { bubbles: true }));
    for (const choice of choices()) choice.disabled = there.has(`${choice.dataset.kind} ${choice.dataset.id}`);
    at("ok-policy-whom-title").textContent = `Whom step ${place(asking)} asks`;
    opsknight.dialog("ok-policy-whom");
    at("whom-filter").focus();
  });
  opsknight.act("step-asked", (choice) => {
    const { kind, id, name } = choice.dataset;
    part(asking, "targets").append(chip({ kind, id, name }));
    whom.close();
    changed();
  });
  opsknight.act("step-unask", (button) => {
    const step = one_of(button), next = button.closest("li").nextElementSibling;
    button.closest("li").remove();
    (next?.querySelector("button") ?? part(step, "ask")).focus();
    changed();
  });
  whom.addEventListener("keydown", (event) => {
    const open = choices().filter((one) => !one.hidden && !one.disabled), here = open.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); (open[here + step] ?? (step < 0 ? at("whom-filter") : open.at(-1)))?.focus(); }
    else if (event.key === "Enter" && event.target === at("whom-filter")) { event.preventDefault(); open[0]?.click(); }
  });

  // ---------- kept, or deleted ----------
  const save = async () => {
    clearTimeout(timer);
    asked += 1;                                      // what a check still says is of an older draft
    const { id, version } = form.dataset, said = draft();
    if (unfit(said)) { refuse(unfit(said)).scrollIntoView({ block: "center" }); return; }
    const answer = id ? await opsknight.send("PUT", `${POLICIES}/${id}`, { ...said, seen_version: Number(version) })
      : await opsknight.send("POST", POLICIES, said);
    if (!answer.ok) {
      at("policy-said").textContent = "Not saved; what you wrote is kept here.";
      refuse(answer.sentence).scrollIntoView({ block: "center" });
      opsknight.announce(answer.sentence, { assertive: true });
      return;
    }
    touched = false;
    at("policy-error").textContent = "";
    if (!id) {
      sessionStorage.setItem(SAID, answer.sentence);
      location.assign(`/policies/${answer.body.policy.id}`);
      return;
    }
    form.dataset.version = answer.body.policy.version;
    warn(answer.body.warnings);
    document.querySelector(".ok-head h1").textContent = answer.body.policy.name;
    at("policy-said").textContent = answer.sentence;
    opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
    whole = said;
    opsknight.foresight.ask();
  };
  opsknight.act("policy-save", (button) => busy(button, save));
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.type === "checkbox") return;
    event.preventDefault();
    form.querySelector('[data-act="policy-save"]').click();
  });
  opsknight.act("policy-delete", (button) => busy(button, async () => {
    const answer = await opsknight.send("DELETE", button.dataset.url);
    if (!answer.ok) { at("policy-delete-error").textContent = answer.sentence; return; }
    touched = false;
    sessionStorage.setItem(SAID, answer.sentence);
    location.assign("/policies");
  }));

  at("policy-name").value = saved.name;
  at("policy-repeats").value = String(saved.repeats);
  list.replaceChildren(...(saved.steps.length ? saved.steps : [{ targets: [], wait_s: 300 }]).map(write));
  warn(JSON.parse(form.dataset.warnings));
  check();
});
