// API tokens on /me. A new one is shown once, to be copied; the list is told to read itself again.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const of = (id) => document.getElementById(`token-${id}`);
  const changed = () => document.querySelector(".ok-token-list").dispatchEvent(new CustomEvent("changed"));

  opsknight.act("token-make", (button) => busy(button, async () => {
    const name = of("name"), days = of("days").value;
    const wish = { name: name.value.trim(), reads_only: of("reads").checked, days: days ? Number(days) : null };
    const answer = await opsknight.send("POST", "/api/v1/api-tokens", wish);
    if (!answer.ok) { opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 }); name.focus(); return; }
    name.value = "";
    opsknight.showOnce(of("made"), answer.body.token, answer.sentence, "the API token");
    changed();
  }));
  opsknight.act("token-revoke", (button) => busy(button, async () => {
    const answer = await opsknight.told("DELETE", button.dataset.url);
    if (!answer.ok) return;
    of("made").hidden = true;
    of("name").focus();                                // the button goes with its row
    changed();
  }));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== of("name")) return;
    event.preventDefault();
    document.querySelector('[data-act="token-make"]').click();
  });
});
