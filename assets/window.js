// /me: the alarm of the native window, which a page can begin only inside that window.
"use strict";
opsknight.whenPainted(() => {
  const PROVEN_WITHIN_S = 15;
  const place = document.getElementById("ok-window");
  const words = place.querySelector("p");
  const [begin, end] = ["window-on", "window-off"].map((act) => place.querySelector(`[data-act="${act}"]`));
  const client = () => window.pywebview?.api?.alarm;
  let method = null;

  const mine = async () => {
    const answer = await opsknight.send("GET", "/api/v1/me/contact-methods");
    return (answer.body?.contact_methods ?? []).find(({ id }) => String(id) === method);
  };
  const look = async () => {
    if (!client()) return null;
    method = (await client()()).method;
    const found = method === null ? null : await mine();
    const state = !found || found.disabled_at ? "off" : found.verified_at ? "on" : "waiting";
    place.dataset.state = state;
    begin.hidden = state !== "off";
    end.hidden = state === "off";
    words.textContent = {
      on: `This window alarms you, as ${found?.label}. Leave it open; on Linux with Qt it may go to the tray.`,
      waiting: "This window was added. It counts as soon as a first message has come here.",
      off: "This window can wake you: it comes to the front and sounds until you acknowledge.",
    }[state];
    return state;
  };
  const changed = () => document.getElementById("ok-reached").dispatchEvent(new CustomEvent("changed"));
  const proven = async () => {
    for (let second = 0; second < PROVEN_WITHIN_S; second += 1) {
      if ((await look()) === "on") break;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    changed();
  };

  opsknight.act("window-on", (button) => opsknight.busy(button, async () => {
    const { device, computer } = await client()();
    const label = `Window on ${computer || "this computer"}`.slice(0, 80);
    const answer = await opsknight.told("POST", "/api/v1/windows", { device, label });
    if (!answer.ok) return;
    await client()(answer.body.token);
    changed();
    await proven();
  }));
  opsknight.act("window-off", (button) => opsknight.busy(button, async () => {
    const answer = await opsknight.told("DELETE", `/api/v1/me/contact-methods/${method}`);
    if (answer.ok) { changed(); await look(); }
  }));
  if (client()) look();
  else addEventListener("pywebviewready", look);
});
