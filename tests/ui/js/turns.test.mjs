// Deeds that overtake each other: what is pressed, left or typed while an answer is on its way.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { OpenSheet } from "../../../opsknight/ui/board/js/by_hand.js";
import { ReassignSheet } from "../../../opsknight/ui/board/js/sheets.js";
import Head from "../../../opsknight/ui/incident/head.js";
import Help from "../../../opsknight/ui/incident/help.js";
import { Asked } from "../../../opsknight/ui/schedules/js/asked.js";
import { aComponent, aDialog, aPage, aServer, soon } from "./components.mjs";
import { ADA, aLine, SAM } from "./lines.mjs";

const EVERYBODY = [{ ...SAM, active: true, reachable: true }, { ...ADA, active: true, reachable: true }];
let server, said;

beforeEach(() => {
  server = aServer();
  said = [];
  globalThis.document = { activeElement: null, getElementById: () => null };
  globalThis.opsknight = { ...aPage(said), post: (url, body) => server.ask("POST", url, body), send: server.ask };
  globalThis.fetch = server.fetch;
});

function aHead(said_of) {
  const line = aLine({ version: 3, ...said_of });
  return aComponent(Head, { incident: line, me: SAM, base: line });
}

const verbs = () => server.asked.map((one) => one.url.split("/").at(-1));

test("two verbs go out one after the other, and the second has seen what the first made", async () => {
  const head = aHead({});

  head.act("acknowledge");
  head.act("resolve");
  await soon();
  assert.deepEqual([verbs(), head.row.status], [["acknowledge"], "resolved"]);
  server.asked[0].answer({ incident: { ...head.base, status: "acknowledged", version: 4 } });
  await soon();

  assert.deepEqual([verbs(), server.asked[1].body.seen_version, head.row.status], [["acknowledge", "resolve"], 4, "resolved"]);
  server.asked[1].answer({ incident: { ...head.base, status: "resolved", version: 5 } });
  await soon();
  assert.deepEqual([head.row.status, head.row.version, head.pending], ["resolved", 5, ""]);
});

test("what is refused is painted back, and not what was pressed after it", async () => {
  const head = aHead({});

  head.act("snooze", { for_s: 60 });
  head.act("escalate");
  await soon();
  server.asked[0].answer({ sentence: "It cannot be snoozed." }, 422);
  await soon();

  assert.deepEqual([head.row.status, head.pending, verbs()], ["open", "Escalating", ["snooze", "escalate"]]);
});

test("a second press on what is under way escalates no step further", async () => {
  const head = aHead({});

  head.act("escalate");
  head.act("escalate");
  await soon();
  server.asked[0].answer({ incident: { ...head.base, version: 4 } });
  await soon();

  assert.deepEqual(verbs(), ["escalate"]);
});

test("a choice that is corrected at once is sent as it was corrected", async () => {
  const head = aHead({});

  head.act("snooze", { for_s: 1800 });
  head.act("snooze", { for_s: 14400 });
  await soon();
  server.asked[0].answer({ incident: { ...head.base, status: "snoozed", version: 4 } });
  await soon();

  assert.deepEqual(server.asked.map((one) => one.body.for_s), [1800, 14400]);
});

test("a deed that follows an undo is not what is taken back", async () => {
  const head = aHead({});

  head.act("acknowledge");
  await soon();
  server.asked[0].answer({ incident: { ...head.base, status: "acknowledged", version: 4 } });
  await soon();
  head.undo("acknowledge");
  head.act("resolve");
  await soon();
  assert.deepEqual(verbs(), ["acknowledge", "undo"]);
  server.asked[1].answer({ incident: { ...head.base, status: "open", version: 5 } });
  await soon();

  assert.deepEqual([verbs().at(-1), server.asked[2].body.seen_version], ["resolve", 5]);
});

test("the owner who is asked answers by the button and the key for acknowledge, and the countdown is gone at once", async () => {
  const mine = { status: "acknowledged", assignee: SAM.name, assignee_id: SAM.id };
  const head = aHead({ ...mine, next: { kind: "ack_reminder", step: null, at: Date.now() / 1000 + 240 } });
  assert.deepEqual([head.can("acknowledge"), head.asked], [true, true]);

  head.act("acknowledge");
  await soon();

  assert.deepEqual([verbs(), head.row.next, head.can("acknowledge")], [["acknowledge"], null, false]);
  server.asked[0].answer({ incident: { ...head.base, ...mine, next: { kind: "ack_timeout", step: null, at: 0 } }, sentence: "“Disk full” stays with you." });
  await soon();
  assert.deepEqual([head.asked, said, head.row.next.kind], [false, ["“Disk full” stays with you."], "ack_timeout"]);
});

test("what was resolved while its monitor still fires can be kept quiet on its page, until something else becomes of it", async () => {
  const head = aHead({});
  head.act("resolve");
  await soon();
  server.asked[0].answer({ incident: { ...head.base, status: "resolved", version: 4 }, offer: "keep_quiet", sentence: "Resolved." });
  await soon();
  assert.equal(head.can("keep-quiet"), true);

  head.act("keep-quiet");
  await soon();

  assert.deepEqual([verbs().at(-1), server.asked[1].body, head.row.status], ["keep-quiet", { seen_version: 4 }, "suppressed"]);
  server.asked[1].answer({ incident: { ...head.base, status: "suppressed", version: 5 }, offer: null, sentence: "Quiet." });
  await soon();
  assert.deepEqual([head.can("keep-quiet"), head.row.status], [false, "suppressed"]);
});

test("a page that is read again tells whether what another resolved can be kept quiet", async () => {
  const head = aHead({});

  head.read();
  server.asked[0].answer({ incident: { ...head.base, status: "resolved", version: 4 }, keep_quiet: true });
  await soon();

  assert.equal(head.can("keep-quiet"), true);
});

test("who left the sheet reassigns nothing when its people come after all", async () => {
  const sheet = aComponent(ReassignSheet, { me: SAM });
  sheet.$refs = { box: aDialog(), field: { focus() { /* no screen */ } } };

  sheet.open("#1");
  sheet.q = "ada";
  sheet.first();
  sheet.close();
  server.asked[0].answer(EVERYBODY);
  await soon();

  assert.deepEqual(sheet.emitted, []);
});

test("who left the sheet for another incident keeps what is written there when the first is answered", async () => {
  const sheet = aComponent(OpenSheet, { me: SAM });
  sheet.$refs = { box: aDialog(), field: { focus() { /* no screen */ } } };
  sheet.open();
  sheet.form.title = "First";
  sheet.send();
  const first = server.asked.find((one) => one.method === "POST");

  sheet.close();
  sheet.open();
  sheet.form.title = "Second";
  first.answer({ incident: aLine() });
  await soon();

  assert.deepEqual([sheet.$refs.box.open, sheet.form.title, sheet.emitted.length], [true, "Second", 1]);
});

test("the services that come late take nobody out of the field that they are in", async () => {
  const sheet = aComponent(OpenSheet, { me: SAM }), focused = [];
  sheet.$refs = { box: aDialog(), field: { focus() { focused.push("title"); } } };
  sheet.form.service_id = 1;

  sheet.open();
  globalThis.document.activeElement = { id: "ok-open-who" };
  server.asked[0].answer([{ id: 1, name: "Checkout" }]);
  server.asked[1].answer(EVERYBODY);
  await soon();

  assert.deepEqual(focused, []);
});

test("a call for help that was left for another leaves the other open", async () => {
  const help = aComponent(Help, { incident_id: "x", me: SAM });
  help.$refs = { box: aDialog() };
  help.open();
  for (const one of server.asked) one.answer([]);
  help.people = EVERYBODY;
  help.chosen = [ADA.id];
  help.send();
  const first = server.asked.find((one) => one.method === "POST");

  help.close();
  help.open();
  help.note = "another";
  first.answer({ sentence: "Ada is asked." });
  await soon();

  assert.deepEqual([help.$refs.box.open, help.note, said], [true, "another", ["Ada is asked."]]);
});

function theAsked() {
  const asked = aComponent(Asked, { schedule: { id: 1 }, people: [], names: {}, zone: "UTC", me: SAM, own: [1], mayCover: true, mayEdit: true });
  asked.$refs = { give: aDialog(), leave: aDialog() };
  return asked;
}

test("what is pressed twice is sent once, and what is pressed beside it is sent too", async () => {
  const asked = theAsked();
  asked.ask();

  asked.leave();
  asked.leave();
  asked.end("/api/v1/swaps/1");
  await soon();

  assert.deepEqual(server.asked.map((one) => `${one.method} ${one.url}`), ["POST /api/v1/leaves", "DELETE /api/v1/swaps/1"]);
});

test("a swap is offered the shifts of the schedule that was pressed last", async () => {
  const asked = theAsked(), swap = { kind: "swap", start_at: 0, end_at: 9e9, return_start_at: null };

  asked.choose({ ...swap, id: 1, schedule_id: 1 }, false);
  asked.choose({ ...swap, id: 2, schedule_id: 2 }, false);
  server.asked[1].answer({ timeline: { final: [{ user_id: SAM.id, start_at: 2 }] } });
  await soon();
  server.asked[0].answer({ timeline: { final: [{ user_id: SAM.id, start_at: 1 }] } });
  await soon();

  assert.deepEqual(asked.mine.map((one) => one.start_at), [2]);
});
