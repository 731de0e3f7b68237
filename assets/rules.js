// /rules: what the list's buttons do; and the editor, whose two sides (controls, YAML) are kept the same by the server.
"use strict";
opsknight.whenPainted(() => {
  const { make, busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const RULES = "/api/v1/rules";

  // ---------- the list ----------
  const done = async (method, url, body) => {
    const answer = await opsknight.send(method, url, body);
    opsknight.toast(answer.sentence, answer.ok ? { kind: "good", for_s: 6 } : { kind: "bad", for_s: 12 });
    at("ok-rules")?.dispatchEvent(new CustomEvent("changed"));
    return answer;
  };
  document.addEventListener("change", async (event) => {
    const url = event.target.dataset?.ruleUrl;
    if (!url) return;
    const answer = await done("POST", `${url}/enabled`, { enabled: event.target.checked });
    if (!answer.ok) event.target.checked = !event.target.checked;
  });
  const orders = new Map();                          // service → the way to put its rules in order
  const moved = (ids, id, step) => {
    const from = ids.indexOf(id), rest = ids.filter((one) => one !== id);
    rest.splice(Math.max(0, from + step), 0, id);
    return rest;
  };
  opsknight.act("rule-move", (button) => busy(button, async () => {
    button.closest("[popover]")?.hidePopover();
    const { service } = button.closest("ol").dataset, service_id = Number(service) || null;
    const shown = () => [...document.querySelectorAll(`ol.ok-rules[data-service="${service}"] > li`)].map((one) => Number(one.id.replace("rule-", "")));
    if (!orders.has(service)) orders.set(service, opsknight.whole(shown, (wanted) => done("PUT", `${RULES}/order`, { service_id, ids: wanted })));
    await orders.get(service)((now) => moved(now, Number(button.dataset.rule), Number(button.dataset.step)));
  }));
  let doomed = "";
  opsknight.act("rule-ask", (button) => {
    button.closest("[popover]")?.hidePopover();
    doomed = button.dataset.url;
    at("rule-delete-words").textContent = `“${button.dataset.name}” and its counts are removed for good; what it has decided stays.`
      + " To have it rest for a while, switch it off instead.";
    opsknight.dialog("ok-rule-delete");
  });
  opsknight.act("rule-delete", (button) => busy(button, async (shut) => {
    const answer = await done("DELETE", doomed);
    if (answer.ok) shut();
  }));

  // ---------- the editor ----------
  const form = at("ok-rule");
  if (!form) return;
  const CHECK_AFTER_MS = 250;
  const picked = (name) => form.querySelector(`input[name="${name}"]:checked`).value;
  const pick = (name, value) => { form.querySelector(`input[name="${name}"][value="${value}"]`).checked = true; };
  const said = (id) => at(id).value.trim();
  const list = (id) => said(id).split(",").map((one) => one.trim()).filter(Boolean);
  const kept = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => (
    value !== "" && value !== null && !(Array.isArray(value) && !value.length) && !(value?.constructor === Object && !Object.keys(value).length))));
  const tags = () => Object.fromEntries(said("rule-tags").split("\n").filter((line) => line.trim()).map((line) => {
    const sign = line.indexOf("=");
    return sign < 0 ? [line.trim(), ""] : [line.slice(0, sign).trim(), line.slice(sign + 1).trim()];
  }));
  let rule = JSON.parse(form.dataset.rule);
  let asked = 0, timer = 0, touched = false;

  const fromControls = () => {
    const fate = picked("rule-fate");
    const group = kept({ by: list("rule-group-by"), within: said("rule-group-within") });
    const threshold = kept({ count: said("rule-count") && (Number(said("rule-count")) || said("rule-count")), within: said("rule-within"), by: list("rule-count-by") });
    const keeps_pause = fate !== "page" && fate !== "pause" && rule.pause;
    return { name: at("rule-name").value, when: at("rule-when").value, ...kept({
      set: kept({ severity: said("rule-severity"), urgency: said("rule-urgency"), priority: said("rule-priority"), title: said("rule-title"), tags: tags(),
        service_id: said("rule-service_id") && Number(said("rule-service_id")), dedup_key: said("rule-dedup_key") }),
      then: fate === "suppress" || fate === "drop" ? fate : "",
      pause: fate === "pause" ? said("rule-pause") || "0s" : keeps_pause || "",
      group, threshold,
    }), ...(at("rule-stop").checked ? { stop: true } : {}), ...(rule.enabled === false ? { enabled: false } : {}) };
  };
  const toControls = () => {
    const sets = rule.set ?? {};
    at("rule-name").value = rule.name ?? "";
    at("rule-when").value = rule.when ?? "";
    for (const part of ["severity", "urgency", "priority", "title", "service_id", "dedup_key"]) at(`rule-${part}`).value = sets[part] ?? "";
    at("rule-tags").value = Object.entries(sets.tags ?? {}).map(([name, text]) => `${name} = ${text}`).join("\n");
    pick("rule-fate", rule.then ?? (rule.pause ? "pause" : "page"));
    if (rule.pause) at("rule-pause").value = rule.pause;
    at("rule-stop").checked = rule.stop === true;
    at("rule-group-by").value = (rule.group?.by ?? []).join(", ");
    at("rule-group-within").value = rule.group?.within ?? "";
    at("rule-count").value = rule.threshold?.count ?? "";
    at("rule-within").value = rule.threshold?.within ?? "";
    at("rule-count-by").value = (rule.threshold?.by ?? []).join(", ");
  };
  const draft = () => (picked("rule-as") === "yaml" ? { yaml: at("rule-yaml").value } : { rule: fromControls() });

  // Where the trouble is: at its part, if that is to be seen, and in the condition under the very letters.
  const complain = (problem) => {
    for (const old of form.querySelectorAll(".ok-rule-part > .ok-error")) old.remove();
    for (const old of form.querySelectorAll("[aria-invalid]")) { old.removeAttribute("aria-invalid"); old.removeAttribute("aria-errormessage"); }
    at("rule-marked").replaceChildren();
    at("rule-error").textContent = "";
    if (!problem) return;
    at("rule-does").textContent = "";
    const in_yaml = picked("rule-as") === "yaml";
    const place = form.querySelector(`[data-part="${in_yaml ? "yaml" : problem.part}"]`);
    if (!place) { at("rule-error").textContent = problem.sentence; return; }
    const name = `rule-problem`;
    place.append(make("small", { class: "ok-error", id: name, role: "status" }, problem.sentence));
    for (const control of place.querySelectorAll("input:not([type=radio], [type=checkbox]), textarea, select")) {
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-errormessage", name);
    }
    if (problem.part !== "when" || in_yaml) return;
    const text = at("rule-when").value, from = problem.position, to = from + problem.length;
    if (text.trim()) at("rule-marked").append(text.slice(0, from), make("mark", {}, text.slice(from, to) || " "), text.slice(to));
  };
  const check = async () => {
    clearTimeout(timer);                             // a check that was put off would take the place of this one
    const mine = ++asked;
    const answer = await opsknight.send("POST", `${RULES}/check`, draft());
    if (mine !== asked) return null;
    if (!answer.ok) { at("rule-error").textContent = answer.sentence; return null; }
    const { problem, words } = answer.body;
    complain(problem);
    if (problem) return null;
    rule = answer.body.rule;
    if (picked("rule-as") === "controls") at("rule-yaml").value = answer.body.yaml;
    const last = words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words[0];
    at("rule-does").textContent = words.length ? `The rule ${last}.` : "The rule changes nothing yet: choose what it does.";
    return answer.body;
  };
  form.addEventListener("input", (event) => {
    if (event.target.name === "rule-as") return;
    touched = true;
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  });
  form.addEventListener("change", async (event) => {
    if (event.target.name !== "rule-as") return;
    const to = event.target.value;                   // leave the side that was written on only when it can be read
    pick("rule-as", to === "yaml" ? "controls" : "yaml");
    if (to === "yaml" && !at("rule-name").value && !at("rule-when").value) {
      if (!at("rule-yaml").value) at("rule-yaml").value = 'name: \nwhen: \n';
      pick("rule-as", to);
      return;
    }
    if (!(await check())) { opsknight.toast("Mend the rule first: what is wrong in it cannot be shown on the other side.", { kind: "bad" }); return; }
    if (to === "controls") toControls();
    pick("rule-as", to);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.type === "radio") return;
    event.preventDefault();
    form.querySelector('[data-act="rule-save"]').click();
  });

  const scope = () => { const id = at("rule-scope")?.value ?? form.dataset.service; return id ? Number(id) : null; };
  opsknight.act("rule-save", (button) => busy(button, async () => {
    if (!(await check())) { form.querySelector("[aria-invalid]")?.focus(); return; }
    const id = form.dataset.id;
    const answer = await opsknight.send(id ? "PUT" : "POST", id ? `${RULES}/${id}` : RULES, id ? { rule } : { rule, service_id: scope() });
    if (!answer.ok) { at("rule-error").textContent = answer.sentence; return; }
    touched = false;
    const service = scope();
    location.assign(`/rules${service ? `?service=${service}` : ""}#rule-${answer.body.rule.id}`);
  }));
  addEventListener("beforeunload", (event) => { if (touched) event.preventDefault(); });

  const change = (before, after, what) => (before === after ? null : make("li", {}, `${what}: ${before || "none"} → ${after || "none"}`));
  const example = (one) => {
    const { before, after } = one, names = new Set([...Object.keys(before.tags), ...Object.keys(after.tags)]);
    const changes = [
      change(before.title, after.title, "title"), change(before.severity, after.severity, "severity"), change(before.urgency, after.urgency, "urgency"),
      change(before.dedup_key, after.dedup_key, "dedup key"), ...[...names].map((name) => change(before.tags[name], after.tags[name], `tags.${name}`)),
    ].filter(Boolean);
    const spared = one.spared === 1 ? ", 1 page spared" : one.spared ? `, ${one.spared} pages spared` : "";
    return make("div", { class: "ok-rule-example", role: "listitem" },
      make("time", { datetime: new Date(one.at * 1000).toISOString(), "data-as": "ago" }, ""),
      make("div", {}, make("a", { href: `/incidents/${one.incident}` }, before.title), changes.length ? make("ul", {}, ...changes) : null),
      make("small", {}, `${one.fate[0].toUpperCase()}${one.fate.slice(1)}${spared}`));
  };
  opsknight.act("rule-preview", (button) => busy(button, async () => {
    if (!(await check())) { form.querySelector("[aria-invalid]")?.focus(); return; }
    const answer = await opsknight.send("POST", `${RULES}/preview`, { rule, service_id: scope() });
    const place = at("rule-preview");
    place.replaceChildren(make("p", {}, answer.sentence));
    if (!answer.ok) return;
    const { skipped, why, examples } = answer.body;
    if (skipped) place.append(make("p", { class: "ok-error" }, `It would have been skipped ${skipped} times: ${why}.`));
    if (examples.length) place.append(make("div", { role: "list", "aria-label": "The newest that it matches" }, ...examples.map(example)));
    place.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }));

  toControls();
  if (rule.name) check();
});
