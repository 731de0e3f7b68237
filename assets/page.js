// What every page can do: say things, copy, post, open what a button opens. Built on elements the frame wrote.
"use strict";
{
  const acts = {};                                   // data-act="name" on a button runs acts[name](button)
  const act = (name, run) => { acts[name] = run; };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-act]");
    if (button && acts[button.dataset.act]) { event.preventDefault(); acts[button.dataset.act](button); }
  });

  // NiceGUI hides a page behind "#esm-fallback ~ *" until it knows that modules run. Left behind, the rule has the browser
  // style a whole list anew for each row that comes or goes: 25 ms a change with 300 rows.
  document.addEventListener("DOMContentLoaded", () => {
    if (document.getElementById("esm-fallback")) return;
    for (const { ownerNode } of [...document.styleSheets]) {
      if (ownerNode instanceof HTMLStyleElement && ownerNode.textContent.includes("#esm-fallback")) ownerNode.remove();
    }
  });

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(key, "");
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };

  // Live regions: what changed, politely; only a new high-urgency incident or a roll-back interrupts; one in 5 s.
  // Of what waits the last polite word is kept, and what interrupts folds into the first `about` the same: “and 19 more”.
  const regions = {};
  const waiting = [];
  let quietUntil = 0, speaking = 0;
  const region = (kind) => (regions[kind] ??= document.body.appendChild(
    make("div", { class: "ok-hide", "aria-live": kind, role: kind === "assertive" ? "alert" : "status" })));
  const speak = () => {
    const { kind, text, more } = waiting.shift();
    region(kind).textContent = more ? `${text}, and ${more} more` : text;
    quietUntil = performance.now() + 5000;
    speaking = waiting.length ? setTimeout(speak, 5000) : 0;
  };
  const announce = (text, { assertive = false, about = "", more = 0 } = {}) => {
    const kind = assertive ? "assertive" : "polite";
    const at = waiting.findIndex((one) => one.kind === kind && (!assertive || one.about === about));
    if (at >= 0 && assertive) waiting[at].more += 1 + more;
    else if (at >= 0) waiting[at] = { kind, about, text, more };
    else waiting.splice(assertive ? 0 : waiting.length, 0, { kind, about, text, more });
    speaking ||= setTimeout(speak, Math.max(quietUntil - performance.now(), 0));
  };

  // A toast says what happened, and for as long as it stands offers one way back.
  let stack = null;
  const toast = (text, { kind = "plain", action = null, for_s = 5, id = null } = {}) => {
    stack ??= document.body.appendChild(make("div", { class: "ok-toasts", popover: "manual" }));
    stack.showPopover?.();
    const old = id && stack.querySelector(`[data-id="${CSS.escape(id)}"]`);
    old?.remove();
    const box = make("div", { class: "ok-toast", "data-kind": kind, "data-id": id, "data-long": action?.label.length > 12 }, make("span", {}, text));
    let timer = 0;
    const close = () => { clearTimeout(timer); box.remove(); if (!stack.childElementCount) stack.hidePopover?.(); };
    if (action) {
      const button = make("button", { type: "button", class: "ok-toast-act" }, action.label);
      button.addEventListener("click", () => { close(); action.run(); });
      box.append(button);
    }
    const shut = make("button", { type: "button", class: "ok-toast-close", "aria-label": "Dismiss" },
      make("span", { class: "ok-icon ok-icon-close", "aria-hidden": "true" }));
    shut.addEventListener("click", close);
    box.append(shut);
    const start = () => { if (for_s) timer = setTimeout(close, for_s * 1000); };
    box.addEventListener("pointerenter", () => clearTimeout(timer));
    box.addEventListener("pointerleave", start);
    stack.append(box);
    start();
    announce(text, { assertive: kind === "bad", about: id ?? "" });
    return { close, text: (words) => { box.firstChild.textContent = words; } };
  };

  // Send JSON and answer with {ok, status, body, sentence}; the sentence is always fit to be shown.
  const UNREACHED = "Not sent: OpsKnight cannot be reached. Nothing was changed; try again when the page is live.";
  const send = async (method, url, body, key) => {
    try {
      const answer = await fetch(url, {
        method, credentials: "same-origin",
        headers: { "Content-Type": "application/json", Accept: "application/json", "Idempotency-Key": key ?? crypto.randomUUID() },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const said = await answer.json().catch(() => ({}));
      const fallback = answer.ok ? "Done." : `OpsKnight refused this (${answer.status}) and gave no reason.`;
      const id = !answer.ok && said.request_id ? ` (request ${said.request_id})` : "";
      return { ok: answer.ok, status: answer.status, body: said, sentence: (said.sentence ?? said.detail ?? fallback) + id };
    } catch {
      return { ok: false, status: 0, body: {}, sentence: UNREACHED };
    }
  };

  const copy = async (text) => {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* plain http, or not allowed: the old way */ }
    const field = document.body.appendChild(make("textarea", { class: "ok-hide", readonly: true }));
    field.value = text;
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  };
  act("copy", async (button) => {
    const done = await copy(button.dataset.copy ?? document.getElementById(button.dataset.copyFrom)?.textContent ?? "");
    button.dataset.done = done ? "yes" : "no";
    announce(done ? "Copied" : "Copying was refused; select the text and copy it by hand");
    setTimeout(() => delete button.dataset.done, 1600);
  });
  // Show what is told once: `text` to be copied, under `sentence`; `what` names it to those who do not see it.
  const showOnce = (place, text, sentence, what) => {
    const button = make("button", {
      class: "ok-copy", type: "button", "data-act": "copy", "data-copy": text, "data-word": "Copy", "aria-label": `Copy ${what}`,
    }, make("span", { class: "ok-icon ok-icon-copy", "aria-hidden": "true" }));
    place.replaceChildren(make("p", {}, sentence), make("div", { class: "ok-copybox" }, make("code", {}, text), button));
    place.hidden = false;
    button.focus();
  };
  act("sign-out", async () => {
    const answer = await send("POST", "/sign-out", {});
    if (answer.status === 0) toast(answer.sentence, { kind: "bad" }); else location.assign("/sign-in");
  });
  act("theme", () => { opsknight.theme.next(); announce(`Theme: ${opsknight.theme.get()}`); });
  const told = async (method, url, body, said) => {  // send, and say the answer's sentence, or `said` where it went well
    const answer = await send(method, url, body);
    toast(answer.ok ? said || answer.sentence : answer.sentence,
      { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12 });
    return answer;
  };
  act("post", async (button) => {                    // data-url, data-body (JSON), data-method if it is not POST
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const { method, url, body, said } = button.dataset;
    const answer = await told(method ?? "POST", url, JSON.parse(body || "{}"), said);
    button.removeAttribute("aria-busy");
    button.dispatchEvent(new CustomEvent("ok:posted", { bubbles: true, detail: answer }));
  });

  // A popover opens under its button and stays inside the window.
  document.addEventListener("beforetoggle", (event) => {
    const pop = event.target;
    if (event.newState !== "open" || !pop.classList?.contains("ok-pop")) return;
    const button = document.querySelector(`[popovertarget="${CSS.escape(pop.id)}"]`);
    if (!button) return;
    const at = button.getBoundingClientRect();
    pop.style.top = `${Math.round(at.bottom + 6)}px`;
    requestAnimationFrame(() => {
      const room = document.documentElement.clientWidth - pop.offsetWidth - 8;
      pop.style.left = `${Math.max(8, Math.min(at.left, room))}px`;
      const below = document.documentElement.clientHeight - at.bottom - 14;
      if (pop.offsetHeight > below && at.top > below) pop.style.top = `${Math.max(8, at.top - pop.offsetHeight - 6)}px`;
    });
  }, true);

  const openings = new WeakMap();                    // how often a dialog was opened: its answers may come after it was left
  const dialog = (id) => {
    const box = document.getElementById(id);
    if (!box || box.open) return;
    openings.set(box, (openings.get(box) ?? 0) + 1);
    for (const button of box.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    box.showModal();
  };
  act("dialog", (button) => dialog(button.dataset.dialog));
  act("close", (button) => button.closest("dialog")?.close());
  document.addEventListener("click", (event) => {    // a click on the scrim closes, as Esc does
    if (event.target.tagName === "DIALOG" && event.target.open) {
      const edge = event.target.getBoundingClientRect();
      const inside = event.clientX >= edge.left && event.clientX <= edge.right && event.clientY >= edge.top && event.clientY <= edge.bottom;
      if (!inside) event.target.close();
    }
  });

  // A field with data-filters hides what it names unless its text holds every word typed.
  const filter = (field) => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const one of document.querySelectorAll(field.dataset.filters)) {
      one.hidden = !words.every((word) => one.textContent.toLowerCase().includes(word));
      shown += !one.hidden;
    }
    const none = document.querySelector(".ok-filter-none");
    if (none) none.hidden = shown > 0;
  };
  document.addEventListener("input", (event) => { if (event.target.dataset?.filters) filter(event.target); });
  const refilter = () => {                           // rows that the server writes anew know nothing of what was typed
    for (const field of document.querySelectorAll("input[data-filters]")) if (field.value) filter(field);
  };

  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const painted = () => {
    opsknight.theme.apply();
    for (const cap of document.querySelectorAll("[data-mod]")) if (mac) cap.textContent = "⌘";
  };
  const whenPainted = (run) => {                     // NiceGUI writes the page after the document is ready
    if (document.getElementById("main")) { run(); return; }
    const watch = new MutationObserver(() => { if (document.getElementById("main")) { watch.disconnect(); run(); } });
    watch.observe(document.documentElement, { childList: true, subtree: true });
  };
  // By #add=channel:address a chat offers itself: what the dialog that `select` belongs to shall begin with, once.
  // Only where OpsKnight has sealed the address: any other would be somebody's who sent the link.
  const wished = (select) => {
    const [, channel, address] = /^#add=(teams_bot):([\w:.-]+)$/.exec(location.hash) ?? [];
    if (!channel || ![...select.options].some((one) => one.value === channel)) return "";
    history.replaceState(history.state, "", location.pathname + location.search);
    select.value = channel;
    return address;
  };
  // A button that is at it does not begin again. `run` gets the way to shut its dialog, unless that was left and opened
  // for something else meanwhile; what is refused is said aloud then, for nobody reads it there.
  const busy = async (button, run) => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    const box = button.closest("dialog"), opened = openings.get(box), stands = () => openings.get(box) === opened;
    const refusal = box?.querySelector(".ok-error[role=alert]");
    if (refusal) refusal.textContent = "";
    await run(() => { if (stands()) box.close(); });
    if (stands()) button.removeAttribute("aria-busy");
    if (!refusal?.textContent || (stands() && box.open)) return;
    toast(refusal.textContent, { kind: "bad", for_s: 12 });
    refusal.textContent = "";
  };
  // A list that is sent as a whole: each change is of what the one before it left, though the page may not show that yet.
  // `shown` reads it from the page, `send` sends it; a change makes the list that is wanted of the one that there is.
  const whole = (shown, send) => {
    let turn = Promise.resolve(), passed = new Set(), now = null;
    return (change) => (turn = turn.catch(() => null).then(async () => {
      const seen = shown(), text = JSON.stringify(seen);
      if (!passed.has(text)) [passed, now] = [new Set(), seen];
      const wanted = change(now), answer = await send(wanted);
      if (answer.ok) { passed.add(text).add(JSON.stringify(now)); now = wanted; }
      return answer;
    }));
  };
  const without = (list, one) => {                   // by what it says: its place may be another by now
    const said = JSON.stringify(one), at = list.findIndex((each) => JSON.stringify(each) === said);
    return list.filter((_, number) => number !== at);
  };
  Object.assign(opsknight, { act, busy, whole, without, runAct: (name) => acts[name](), make, announce, toast, send, told, copy, showOnce, dialog, mac, whenPainted, wished,
    post: (url, body, key) => send("POST", url, body, key) });
  whenPainted(painted);
  whenPainted(() => {
    const grown = (changes) => { if (changes.some((change) => [...change.addedNodes].some((node) => node.nodeType === Node.ELEMENT_NODE))) refilter(); };
    if (document.querySelector("input[data-filters]")) new MutationObserver(grown).observe(document.getElementById("main"), { childList: true, subtree: true });
  });
}
