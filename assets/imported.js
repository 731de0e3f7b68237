// A schedule's imported calendars: looked at before they are imported, read again, removed; and what replaces it for a while.
"use strict";
opsknight.whenPainted(() => {
  const { busy, make } = opsknight;
  const at = (id) => document.getElementById(id);
  const form = at("ok-import-form"), go = at("ok-import-go");
  const SHOWN = 5;
  let looked = null, gone = "";                      // what was looked at, and what would be removed

  // The list reads itself again, and so does the time line above it.
  const changed = () => {
    at("ok-imported").dispatchEvent(new CustomEvent("changed"));
    dispatchEvent(new CustomEvent("ok:schedule"));
  };
  opsknight.act("import-again", (button) => busy(button, async () => {
    const url = button.dataset.url, answer = await opsknight.send("POST", url, {}), failing = answer.body.calendar?.failing_since;
    const good = answer.ok && !failing;
    opsknight.toast(answer.sentence, { kind: good ? "good" : "bad", for_s: good ? 6 : 12 });
    if (answer.ok) changed();
  }));
  opsknight.act("import-ask", (button) => {
    gone = button.dataset.url;
    at("ok-import-gone-title").textContent = `Remove “${button.dataset.name}”?`;
    at("ok-import-gone-says").textContent = button.dataset.says;
    opsknight.dialog(button.dataset.dialog);
  });
  opsknight.act("import-remove", (button) => busy(button, async (shut) => {
    const answer = await opsknight.told("DELETE", gone);
    shut();
    if (answer.ok) changed();
  }));
  opsknight.act("temporary-withdraw", (button) => busy(button, async () => {
    const answer = await opsknight.told("DELETE", button.dataset.url);
    if (answer.ok) { at("ok-temporary").dispatchEvent(new CustomEvent("changed")); dispatchEvent(new CustomEvent("ok:schedule")); }
  }));
  if (!form) return;

  const chosen = (name) => form.querySelector(`input[name="${name}"]:checked`).value, from = () => chosen("import-from");
  const refuse = (words) => { at("ok-import-error").textContent = words; };
  const forget = () => {                             // what is written now was not looked at yet
    looked = null;
    at("ok-import-brings").hidden = true;
    go.textContent = "Look at it";
    refuse("");
  };
  const written = async () => {
    const rest = { brings: chosen("import-brings"), name: at("import-name").value.trim(), zone: at("import-zone").value.trim() || null };
    if (from() === "url") return { url: at("import-url").value.trim(), ...rest };
    const file = at("import-file").files[0];
    return { content: file ? await file.text() : "", ...rest };
  };
  const hours = (many) => `${Math.round(many)} h`;
  const listed = (items, words) => [
    make("ul", {}, ...items.slice(0, SHOWN).map((one) => make("li", {}, words(one)))),
    items.length > SHOWN ? make("p", { class: "ok-muted" }, `and ${items.length - SHOWN} more`) : null,
  ].filter(Boolean);
  const NONE = {
    shift: "It brings no shift: nobody in it is known here, or it has no events to come.",
    holiday: "It brings no holiday: none of its events to come lasts whole days.",
  };
  const brings = ({ count, people, holidays, warnings, name }) => {
    const [many, what] = chosen("import-brings") === "shifts" ? [count, "shift"] : [holidays.length, "holiday"];
    const whose = name ? `“${name}” brings` : "It brings";
    at("ok-import-brings").replaceChildren(
      make("p", {}, make("b", {}, many ? `${whose} ${many === 1 ? `1 ${what}` : `${many} ${what}s`}.` : NONE[what])),
      ...(what === "shift" ? listed(people, (one) => `${one.user}: ${hours(one.hours)}`) : listed(holidays, (one) => `${one.date} ${one.name}`)),
      ...(warnings.length ? [make("p", { class: "ok-import-warned" }, warnings.length === 1 ? "One warning:" : `${warnings.length} warnings:`), ...listed(warnings, (one) => one)] : []));
    at("ok-import-brings").hidden = false;
    go.textContent = "Import it";
  };
  const send = async (shut) => {
    const wish = await written();
    if (!(wish.url || wish.content)) {
      refuse(from() === "url" ? "Say the address of the calendar." : "Choose the file of the calendar.");
      at(`import-${from()}`).focus();
      return;
    }
    const said = JSON.stringify(wish), url = form.dataset.url;
    const answer = await opsknight.post(looked === said ? url : `${url}/preview`, wish);
    if (!answer.ok) { refuse(answer.sentence); return; }
    if (looked === said) {
      shut();
      opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
      changed();
      return;
    }
    if (JSON.stringify(await written()) !== said) return; // something else is written by now, and was not looked at
    looked = said;
    refuse("");
    brings(answer.body);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); busy(go, send); });
  form.addEventListener("input", (event) => {
    if (event.target.name === "import-from") for (const way of ["url", "file"]) at(`ok-import-${way}`).hidden = from() !== way;
    forget();
  });
  opsknight.act("import-open", (button) => {
    form.reset();
    for (const way of ["url", "file"]) at(`ok-import-${way}`).hidden = way !== "url";
    forget();
    opsknight.dialog(button.dataset.dialog);
    at("import-url").focus();
  });
  if (!at("ok-zones")) {
    const zones = Intl.supportedValuesOf?.("timeZone") ?? [];
    document.body.append(make("datalist", { id: "ok-zones" }, ...["UTC", ...zones].map((zone) => make("option", { value: zone }))));
  }
});
