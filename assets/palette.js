// Find anything, do anything: places, incidents by number, services, what this page can do, the theme.
"use strict";
{
  const { make } = opsknight;
  const sources = [];                                // each: (query) => [{title, hint?, keys?, icon?, run | href}]
  let services = null, people = [], schedules = [], policies = [];

  const fixed = () => [
    ...opsknight.keys.places().map((place) => ({ title: `Go to ${place.says}`, keys: place.keys, icon: "arrow", href: place.href })),
    { title: "Go to the wall display", hint: "full screen", icon: "arrow", href: "/wall/all" },
    ...opsknight.keys.entries.filter((one) => one.run).map((one) => ({ title: one.says, hint: one.group, keys: one.keys, icon: "keyboard", run: one.run })),
    { title: "Theme: dark", icon: "moon", run: () => opsknight.theme.set("dark") },
    { title: "Theme: light", icon: "sun", run: () => opsknight.theme.set("light") },
    { title: "Theme: as the system says", icon: "system", run: () => opsknight.theme.set("system") },
    { title: "Page me now", hint: "a test page to your own contact methods", icon: "bell", run: pageMe },
    { title: "Keys and help", keys: ["?"], icon: "help", run: () => opsknight.keys.help() },
    { title: "Copy the address of this page", icon: "link", run: async () => { if (await opsknight.copy(location.href)) opsknight.toast("Address copied"); } },
    { title: "Parts and styles", hint: "every part in every state", icon: "book", href: "/style" },
    { title: "Sign out", icon: "out", run: () => opsknight.runAct("sign-out") },
  ];
  const pageMe = async () => {
    const answer = await opsknight.post("/api/v1/me/page", {});
    opsknight.toast(answer.ok ? "Paging you now; watch your devices." : answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: 8 });
  };
  const asked = (query) => {
    const number = /^#?(\d{1,9})$/.exec(query);
    const found = number ? [{ title: `Incident #${number[1]}`, hint: "open", icon: "list", href: `/incidents/${number[1]}` }] : [];
    return found;
  };
  const search = (query) => (query.length < 2 ? [] : [{ title: `Incidents with “${query}”`, hint: "filter the board", icon: "search",
    href: `/incidents?q=${encodeURIComponent(query)}` }]);
  const named = () => [
    ...(services ?? []).map((one) => ({ title: one.name, hint: `service · ${one.team ?? ""}`, icon: "services", href: `/services#service-${one.id}` })),
    ...schedules.map((one) => ({ title: one.name, hint: `schedule · ${one.team}`, icon: "calendar", href: `/schedules/${one.id}` })),
    ...people.map((one) => ({ title: one.name, hint: `person · ${one.active ? one.role : "deactivated"}`, icon: "person", href: `/people/${one.id}` })),
    ...policies.map((one) => ({ title: one.name, hint: `policy · ${one.team}`, icon: "escalate", href: `/policies/${one.id}` })),
  ];

  // Every word of the query begins a word of the title or hint; an exact start of the title comes first.
  const rank = (item, words) => {
    const text = `${item.title} ${item.hint ?? ""}`.toLowerCase();
    if (!words.every((word) => text.startsWith(word) || text.includes(` ${word}`) || text.includes(`-${word}`))) return -1;
    return item.title.toLowerCase().startsWith(words[0] ?? "") ? 2 : 1;
  };
  const matches = (query) => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const all = [...sources.flatMap((source) => source(query)), ...fixed(), ...(words.length ? named() : [])];
    const kept = all.map((item) => ({ item, score: rank(item, words) })).filter((one) => one.score >= 0);
    kept.sort((a, b) => b.score - a.score);
    return [...asked(query), ...kept.map((one) => one.item), ...search(query)].slice(0, 12);
  };

  let box, field, list, shown = [], at = 0;
  const build = () => {
    field = make("input", { class: "ok-palette-field", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "ok-found",
      "aria-autocomplete": "list", "aria-label": "Find anything, do anything", placeholder: "Incident, service, page or action",
      autocomplete: "off", spellcheck: "false" });
    list = make("div", { class: "ok-palette-list", id: "ok-found", role: "listbox", "aria-label": "Found" });
    box = make("dialog", { class: "ok-palette", "aria-label": "Find" },
      make("div", { class: "ok-palette-top" }, make("span", { class: "ok-icon ok-icon-search", "aria-hidden": "true" }), field, opsknight.keys.caps(["Esc"])), list);
    document.body.append(box);
    field.addEventListener("input", () => { at = 0; draw(); });
    field.addEventListener("keydown", steer);
    list.addEventListener("click", (event) => { const row = event.target.closest("[role=option]"); if (row) go(Number(row.dataset.at)); });
    list.addEventListener("pointermove", (event) => {
      const row = event.target.closest("[role=option]");
      if (row && Number(row.dataset.at) !== at) { at = Number(row.dataset.at); mark(); }
    });
  };
  const steer = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? (event.ctrlKey ? { n: 1, p: -1 }[event.key] : undefined);
    if (step) { event.preventDefault(); at = (at + step + shown.length) % Math.max(shown.length, 1); mark(); }
    else if (event.key === "Enter") { event.preventDefault(); go(at); }
  };
  const mark = () => {
    for (const row of list.children) row.setAttribute("aria-selected", String(Number(row.dataset.at) === at));
    const row = list.children[at];
    row?.scrollIntoView({ block: "nearest" });
    row ? field.setAttribute("aria-activedescendant", row.id) : field.removeAttribute("aria-activedescendant");
  };
  const draw = () => {
    shown = matches(field.value.trim());
    list.replaceChildren(...shown.map((item, i) => make("div", { role: "option", id: `ok-found-${i}`, "data-at": i, class: "ok-option" },
      make("span", { class: `ok-icon ok-icon-${item.icon ?? "arrow"}`, "aria-hidden": "true" }),
      make("span", { class: "ok-option-title" }, item.title), item.hint ? make("span", { class: "ok-option-hint" }, item.hint) : null,
      item.keys ? opsknight.keys.caps(item.keys) : null)));
    if (!shown.length) list.replaceChildren(make("div", { role: "option", "aria-disabled": "true", class: "ok-palette-none" }, "Nothing of that name. Try a word of it, or an incident’s number."));
    mark();
  };
  const go = (i) => {
    const item = shown[i];
    if (!item) return;
    box.close();
    if (item.href) location.assign(item.href); else item.run();
  };
  const open = () => {
    if (!box) build();
    if (box.open) { box.close(); return; }
    field.value = "";
    at = 0;
    draw();
    box.showModal();
    if (services === null) {
      services = [];
      const read = (what) => fetch(`/api/v1/${what}`, { headers: { Accept: "application/json" } }).then((answer) => (answer.ok ? answer.json() : []));
      Promise.all([read("services"), read("people"), read("schedules"), read("policies")])
        .then((found) => { [services, people, { schedules = [] }, { policies = [] }] = found; if (box.open) draw(); }).catch(() => { services = null; });
    }
  };
  opsknight.act("palette", open);
  opsknight.palette = { open, add: (source) => { sources.push(source); } };
}
