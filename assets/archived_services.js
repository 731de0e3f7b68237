// /services: a service is archived, once it was said what that ends, or brought back. The page is read anew.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const named = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
  let url = "", asked = 0;

  const done = (answer, place) => {
    sessionStorage.setItem("ok-service-said", answer.sentence);
    history.replaceState(null, "", `#${place}`);
    location.reload();
  };
  opsknight.act("service-archive", (button) => busy(button, async () => {
    const mine = ++asked, of = button.dataset.url;
    const answer = await opsknight.send("GET", `${of}/archiving`);
    if (mine !== asked) return;                      // another one was pressed since: the dialog is of that
    url = of;
    if (!answer.ok) { opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 }); return; }
    const { ends, unresolved, rules_to: moves } = answer.body;
    at("ok-service-archive-title").textContent = `Archive ${button.dataset.name}?`;
    at("archive-words").textContent = ends.length ? `This ends ${named(ends)}.` : "Nothing sends events for it.";
    at("archive-moves").textContent = moves.length ? `What ${named(moves)} would move to it stays with its own service.` : "";
    at("archive-error").textContent = unresolved.length
      ? `It cannot be archived yet: ${named(unresolved.slice(0, 5))}${unresolved.length > 5 ? " and more" : ""} must be resolved first.` : "";
    at("archive-save").disabled = unresolved.length > 0;
    opsknight.dialog(button.dataset.dialog);
  }));
  opsknight.act("service-archived", (button) => busy(button, async () => {
    const answer = await opsknight.send("POST", `${url}/archive`, {});
    if (answer.ok) done(answer, "archived"); else at("archive-error").textContent = answer.sentence;
  }));
  opsknight.act("service-restore", (button) => busy(button, async () => {
    const policy = at(button.dataset.policy ?? "")?.value;
    const answer = await opsknight.send("POST", button.dataset.url, policy ? { policy_id: Number(policy) } : {});
    if (answer.ok) done(answer, `service-${answer.body.service.id}`); else opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 });
  }));
  if (location.hash === "#archived" && at("archived")) at("archived").open = true;
});
