/* What the native window lays over its page while somebody is paged: opsknightAlarm.show(list) draws a card for each
   and sounds while one of them is loud, look() says what was drawn, whether it is heard, and which buttons were pressed.
   The client puts this text into whatever page is open, so it needs nothing of that page, and no policy stops it. */
"use strict";

window.opsknightAlarm ??= (() => {
  const BEAT_MS = 1000;
  const BEEPS = [[0, 880], [0.22, 660], [0.44, 880]]; // seconds into a beat, hertz
  const LOOKS = {
    panel: "position:fixed;z-index:2147483647;top:0;left:50%;transform:translateX(-50%);width:min(592px,100vw);padding:16px 16px 40px;" +
      "max-height:100vh;overflow:auto;display:flex;flex-direction:column;gap:8px;box-sizing:border-box;pointer-events:none;" +
      "font:15px/1.45 Inter,system-ui,sans-serif;color:#f2f3f5",
    card: "background:#16181d;border:1px solid #3a3f4a;border-left:4px solid #8b93a3;border-radius:10px;padding:14px 16px;" +
      "box-shadow:0 4px 14px rgba(0,0,0,.4);box-sizing:border-box;pointer-events:auto",
    loud: "border-color:#6d3035;border-left-color:#ff5c5c",
    title: "font-weight:650;font-size:16px;margin:0;overflow-wrap:anywhere",
    body: "margin:4px 0 0;color:#b9bec9;white-space:pre-line;overflow-wrap:anywhere;max-height:7em;overflow:auto",
    said: "margin:8px 0 0;color:#ffb4b4;overflow-wrap:anywhere",
    buttons: "display:flex;flex-wrap:wrap;gap:8px;margin-top:12px",
    button: "min-height:40px;padding:0 16px;border-radius:8px;border:1px solid #4a505d;background:transparent;color:inherit;" +
      "font:inherit;font-weight:550;cursor:pointer",
    first: "background:#f2f3f5;border-color:#f2f3f5;color:#16181d",
  };
  let panel = null, beating = 0, sound = null, shown = [], pressed = [];

  const make = (name, looks, text, ...inside) => {
    const made = document.createElement(name);
    made.style.cssText = looks;
    made.textContent = text;
    made.append(...inside);
    return made;
  };
  const button = (words, deed, tag, looks = "") => {
    const made = make("button", LOOKS.button + ";" + looks, words);
    made.type = "button";
    made.addEventListener("click", () => {
      pressed.push({ deed, tag });
      if (deed === "acknowledge") {
        made.disabled = true;
        shown = null; // whatever is answered, it is drawn anew
      }
    });
    return made;
  };
  const card = (one) => {
    const press = one.acknowledge ? [button(one.words[0], "acknowledge", one.tag, LOOKS.first)] : [];
    const close = one.sounds ? button("Silence", "silence", one.tag) : button("Close", "close", one.tag);
    const made = make("section", LOOKS.card + (one.sounds ? ";" + LOOKS.loud : ""), "",
      make("p", LOOKS.title, one.title),
      make("p", LOOKS.body, one.body),
      ...(one.said ? [make("p", LOOKS.said, one.said)] : []),
      make("div", LOOKS.buttons, "", ...press, button(one.words[1], "open", one.tag), close));
    made.setAttribute("role", one.sounds ? "alert" : "status");
    return made;
  };

  const beep = () => {
    if (sound?.state !== "running") return void sound?.resume();
    for (const [after, hertz] of BEEPS) {
      const tone = new OscillatorNode(sound, { type: "triangle", frequency: hertz });
      const gain = new GainNode(sound, { gain: 0 });
      const from = sound.currentTime + after;
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(0.6, from + 0.02);
      gain.gain.linearRampToValueAtTime(0, from + 0.18);
      tone.connect(gain).connect(sound.destination);
      tone.start(from);
      tone.stop(from + 0.2);
    }
  };
  const ring = (loud) => {
    if (loud && !beating) {
      sound ??= new AudioContext();
      sound.resume();
      beep();
      beating = setInterval(beep, BEAT_MS);
    } else if (!loud && beating) {
      clearInterval(beating);
      beating = 0;
    }
  };

  const show = (list) => {
    const same = JSON.stringify(list) === JSON.stringify(shown) && (panel?.isConnected ?? !list.length);
    shown = list;
    if (!same) {
      panel?.remove();
      panel = list.length ? make("div", LOOKS.panel, "", ...list.map(card)) : null;
      if (panel) (document.body ?? document.documentElement).append(panel);
    }
    try {
      ring(list.some((one) => one.sounds));
    } catch {
      sound = null; // no sound here: look() says so
    }
    return look();
  };
  const look = () => {
    const said = { drawn: !shown?.length || Boolean(panel?.isConnected), heard: sound?.state === "running", pressed };
    pressed = [];
    return JSON.stringify(said);
  };
  return { show, look };
})();
