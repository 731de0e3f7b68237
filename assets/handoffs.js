// /me and /oncall: leaving a note for who comes on call next.
"use strict";
opsknight.act("handoff-save", (button) => opsknight.busy(button, async () => {
  const schedule = button.dataset.schedule, field = document.getElementById(`handoff-${schedule}`);
  const answer = await opsknight.send("PUT", `/api/v1/schedules/${schedule}/handoff`, { text: field.value });
  document.getElementById(`handoff-${schedule}-refusal`).textContent = answer.ok ? "" : `${answer.sentence} What you wrote is kept.`;
  if (answer.ok) opsknight.toast(answer.sentence, { kind: "good", for_s: 6 });
}));
