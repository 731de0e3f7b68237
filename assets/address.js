// /me and a person's page: another mail address, which counts once the code that was sent to it is typed in.
"use strict";
opsknight.whenPainted(() => {
  const { busy } = opsknight;
  const at = (id) => document.getElementById(id);
  const SAID = "ok-address-said";
  let url = "";

  const said = sessionStorage.getItem(SAID);
  if (said) { sessionStorage.removeItem(SAID); opsknight.toast(said, { kind: "good", for_s: 12 }); }

  const show = (coded) => {
    at("address-coded").hidden = at("address-confirm").hidden = !coded;
    at("address-ask").querySelector("span").textContent = coded ? "Send another" : "Send a code";
    at("address-ask").classList.toggle("ok-button-primary", !coded);  // one primary deed at a time
    at("address-ask").classList.toggle("ok-button-quiet", coded);
    at(coded ? "address-code" : "address-email").focus();
  };
  opsknight.act("address-change", (button) => {
    url = button.dataset.url;
    for (const id of ["address-email", "address-code"]) at(id).value = "";
    at("address-words").textContent = at("address-error").textContent = "";
    opsknight.dialog(button.dataset.dialog);
    show(false);
  });
  opsknight.act("address-ask", (button) => busy(button, async () => {
    const answer = await opsknight.send("POST", url, { email: at("address-email").value });
    at("address-error").textContent = answer.ok ? "" : answer.sentence;
    at("address-words").textContent = answer.ok ? answer.sentence : "";
    if (answer.ok) show(true);
  }));
  opsknight.act("address-confirm", (button) => busy(button, async () => {
    const answer = await opsknight.send("POST", `${url}/confirm`, { code: at("address-code").value });
    at("address-error").textContent = answer.ok ? "" : answer.sentence;
    if (!answer.ok) return;
    sessionStorage.setItem(SAID, answer.sentence);
    location.reload();
  }));
  at("ok-address")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    at(event.target.id === "address-code" ? "address-confirm" : "address-ask").click();
  });
});
