// /services: the secret by which a monitor is believed. It goes to the server and is never read back.
"use strict";
{
  const show = (box, counting) => {                  // how many secrets count decides what is said and offered
    box.dataset.counting = counting;
    for (const one of box.closest(".ok-integration").querySelectorAll("[data-when]")) {
      one.hidden = !one.dataset.when.includes(counting);
    }
  };
  const ask = async (button, method, path, body, said) => {
    const box = button.closest(".ok-secret");
    if (button.getAttribute("aria-busy") === "true") return false;
    button.setAttribute("aria-busy", "true");
    const answer = await opsknight.send(method, box.dataset.url + path, body);
    button.removeAttribute("aria-busy");
    opsknight.toast(answer.ok ? said : answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12 });
    if (answer.ok) show(box, answer.body.is_set ? (answer.body.former_counts ? "2" : "1") : "0");
    return answer.ok;
  };
  opsknight.act("set-secret", async (button) => {
    const box = button.closest(".ok-secret");
    const field = box.querySelector("input[type=password]");
    if (!field.value.trim()) {
      opsknight.toast("Nothing was saved: write the secret first.", { kind: "bad" });
      field.focus();
      return;
    }
    const body = { secret: field.value, keep_former: box.querySelector("input[type=checkbox]").checked };
    if (await ask(button, "PUT", "", body, "Saved. What does not prove itself with it is refused from now on.")) field.value = "";
  });
  opsknight.act("end-secret", (button) => ask(button, "PUT", "", { secret: "" }, "Taken away: nothing is checked any more."));
  opsknight.act("end-former", (button) => ask(button, "DELETE", "/former", undefined, "Only the new secret counts now."));
}
