// /maintenance: what its dialogs hold is sent as JSON, and the list is told to read itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const URL_OF = "/api/v1/maintenance", PREVIEW_MS = 250;
  const picked = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;
  const pick = (name, value) => { const one = document.querySelector(`input[name="${name}"][value="${value}"]`); if (one) one.checked = true; };
  const pad = (number) => String(number).padStart(2, "0");
  let asked = null, timer = null, reading = 0;

  const wish = () => {
    const [kind, id] = at("window-scope").value.split(":");
    const later = picked("window-start") === "later", repeat = later ? at("window-repeat").value : "once";
    return {
      name: at("window-name").value, service_id: kind === "service" ? Number(id) : null, team_id: kind === "team" ? Number(id) : null,
      length_s: Math.round(Number(at("window-length").value) * Number(at("window-length-unit").value)),
      zone: at("window-zone").value, starts_at: later ? at("window-at").value : null, repeat,
      weekdays: [...document.querySelectorAll('input[name="window-day"]:checked')].map((one) => Number(one.value)),
      last_day: repeat !== "once" && at("window-last").value ? at("window-last").value : null,
      matchers: opsknight.conditions.read("window-conditions"),
      also_open: !later && !at("window-also-open").disabled && at("window-also-open").checked,
    };
  };
  const done = async (method, url, body) => {
    const answer = await opsknight.send(method, url, body);
    if (answer.ok) {
      opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
      at("ok-windows").dispatchEvent(new CustomEvent("changed"));
    }
    return answer;
  };
  // What the time of its beginning changes is changed at once, and nothing goes or comes when an answer does:
  // a press must not meet another button than the one that was aimed at.
  const counted = (words, open) => {
    at("window-also-open").disabled = !open;
    at("window-also-open").closest("label").querySelector("span").textContent = words;
  };
  const beginning = () => {
    const now = picked("window-start") === "now";
    at("window-save").querySelector("span:last-child").textContent = now ? "Start maintenance" : "Plan maintenance";
    at("window-open").hidden = !now;
    return now;
  };
  // How much is open that could be silenced as well: asked only for what begins now.
  const preview = async () => {
    const mine = ++reading;
    if (!beginning()) return;
    const answer = await opsknight.send("POST", `${URL_OF}/preview`, { ...wish(), also_open: false });
    if (mine !== reading) return;
    const open = answer.ok ? answer.body.open : 0;
    counted(
      !answer.ok ? "Silence what is open now as well"
        : open === 0 ? "Nothing is open that could be silenced as well"
          : open === 1 ? "Silence the 1 open incident as well" : `Silence the ${open} open incidents as well`, open);
  };
  at("ok-window-form")?.addEventListener("change", (event) => {
    if (event.target.id === "window-also-open") return;
    beginning();
    clearTimeout(timer);
    timer = setTimeout(preview, PREVIEW_MS);
  });

  opsknight.act("window-new", (button) => {
    const soon = new Date(Date.now() + 3600_000);
    at("window-error").textContent = "";
    at("window-name").value = "Maintenance";
    at("window-zone").value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    at("window-at").value = `${soon.getFullYear()}-${pad(soon.getMonth() + 1)}-${pad(soon.getDate())}T${pad(soon.getHours())}:00`;
    at("window-repeat").value = "once";
    at("window-last").value = "";
    at("window-also-open").checked = false;
    counted("Silence what is open now as well", 0);
    for (const day of document.querySelectorAll('input[name="window-day"]')) day.checked = Number(day.value) === (soon.getDay() || 7);
    pick("window-start", "now");
    opsknight.conditions.fill("window-conditions", []);
    opsknight.dialog(button.dataset.dialog);
    at("window-scope").focus();
    preview();
  });
  opsknight.act("window-save", (button) => busy(button, async (shut) => {
    clearTimeout(timer);
    const answer = await done("POST", URL_OF, wish());
    if (answer.ok) shut(); else at("window-error").textContent = answer.sentence;
  }));
  at("ok-window-form")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    at("window-save").click();
  });
  opsknight.act("window-do", (button) => busy(button, async () => {
    button.closest("[popover]")?.hidePopover();
    const answer = await done("POST", button.dataset.url, JSON.parse(button.dataset.body));
    if (!answer.ok) opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
  opsknight.act("window-ask", (button) => {
    asked = { method: button.dataset.method, url: button.dataset.url };
    at("ok-window-ask-title").textContent = button.dataset.title;
    at("window-ask-words").textContent = button.dataset.says;
    at("window-asked").querySelector("span").textContent = button.dataset.words;
    opsknight.dialog(button.dataset.dialog);
  });
  opsknight.act("window-asked", (button) => busy(button, async (shut) => {
    const answer = await done(asked.method, asked.url);
    if (answer.ok) shut(); else opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
});
