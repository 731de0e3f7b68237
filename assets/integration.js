// /integrations/{id}: renamed, switched off or removed, once it was said what becomes of its open alerts. The page is read anew.
"use strict";
opsknight.whenPainted(() => {
  const SAID = "ok-service-said";
  const { busy } = opsknight;
  const said = sessionStorage.getItem(SAID);
  if (said) { sessionStorage.removeItem(SAID); opsknight.toast(said, { kind: "good", for_s: 8 }); }
  const name = () => document.getElementById("integration-name");
  const part = (id, which) => document.querySelector(`#${id} ${which}`);
  let asked = 0;

  const open = (id) => { part(id, ".ok-error").textContent = ""; opsknight.dialog(id); };
  opsknight.act("integration-rename", (button) => {
    name().value = button.dataset.name;
    open(button.dataset.dialog);
    name().select();
  });
  opsknight.act("integration-ask", (button) => busy(button, async () => {
    const mine = ++asked;
    const answer = await opsknight.send("GET", button.dataset.url);
    if (mine !== asked) return;                      // the other one was pressed since
    if (!answer.ok) { opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 }); return; }
    part(button.dataset.dialog, ".ok-integration-left").textContent = answer.body.left;
    open(button.dataset.dialog);
  }));
  opsknight.act("integration-do", (button) => busy(button, async () => {
    const { method, url, to } = button.dataset;
    const answer = await opsknight.send(method, url, method === "PUT" ? { name: name().value } : {});
    if (!answer.ok) { button.closest("dialog").querySelector(".ok-error").textContent = answer.sentence; return; }
    sessionStorage.setItem(SAID, answer.sentence);
    if (to) location.assign(to); else location.reload();
  }));
  name()?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    name().closest("dialog").querySelector('[data-act="integration-do"]').click();
  });
});
