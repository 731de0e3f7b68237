import assert from "node:assert/strict";
import { test } from "node:test";
import { Deeds } from "../../../opsknight/ui/board/js/deeds.js";
import { countdown, nextMove, plural, span } from "../../../opsknight/ui/board/js/format.js";
import { inList, step } from "../../../opsknight/ui/board/js/keys.js";
import { News } from "../../../opsknight/ui/board/js/news.js";
import { can, holds, patch, refusal } from "../../../opsknight/ui/board/js/verbs.js";
import { ADA, aLine, byHerself, NOON, SAM } from "./lines.mjs";

test("spans and countdowns are short and never negative", () => {
  assert.deepEqual([0, 48, 119, 3599, 22_380, 280_000].map(span), ["0s", "48s", "1m", "59m", "6h 13m", "3d 5h"]);
  assert.deepEqual([-4, 0, 9.2, 250, 605, 7200].map(countdown), ["now", "now", "in 10s", "in 4m 10s", "in 10m", "in 2h 0m"]);
  assert.equal(span(-5), "0s");
  assert.deepEqual([plural(1, "incident"), plural(4, "incident")], ["1 incident", "4 incidents"]);
});

test("a row says who has it, or else which step is next and when", () => {
  const at = NOON + 60;
  assert.deepEqual(nextMove(aLine({ next: { kind: "escalation", step: 2, at } })), { who: "", what: "Step 2", at });
  assert.deepEqual(nextMove(aLine(byHerself)), { who: ADA.name, what: "", at: null });
  assert.deepEqual(nextMove(aLine({ status: "acknowledged" })).who, "Its monitor");
  assert.deepEqual(nextMove(aLine({ status: "snoozed", next: { kind: "snooze_end", step: null, at } })), { who: "", what: "Wakes", at });
  assert.deepEqual(nextMove(aLine({ status: "suppressed" })).what, "Quiet until it clears");
  const quiet = { cause: "maintenance", reason: "maintenance “DB upgrade”" };
  const ends = { kind: "suppress_end", step: null, at };
  assert.deepEqual(nextMove(aLine({ status: "suppressed", quiet, next: ends })), { who: "", what: "Maintenance, ends", at });
  assert.deepEqual(nextMove(aLine({ status: "suppressed", quiet: { ...quiet, cause: "inhibition" } })).what, "Inhibited");
  assert.deepEqual(nextMove(aLine({ status: "open", quiet })).what, "Nobody is paged");
  assert.deepEqual(nextMove(aLine()).what, "Nobody is paged");
  assert.deepEqual(nextMove(aLine({ next: { kind: "of a later version", step: null, at } })).what, "Next");
});

test("what a verb foresees is what the server's line must be to confirm it", () => {
  const body = { snooze: { for_s: 60 }, suppress: { for_s: 60 }, reassign: { to: ADA.id, name: ADA.name } };
  for (const verb of ["acknowledge", "resolve", "snooze", "suppress", "reassign", "unacknowledge", "wake", "reopen", "keep-quiet"]) {
    const from = { unacknowledge: "acknowledged", wake: "snoozed", reopen: "resolved", "keep-quiet": "resolved" }[verb] ?? "open";
    const line = aLine({ status: from });
    const foreseen = { ...line, ...patch(verb, line, { me: SAM, body: body[verb], now: NOON }) };

    assert.ok(can(line, verb), verb);
    assert.ok(!holds(line, { verb, body: body[verb] }), verb);
    assert.ok(holds(foreseen, { verb, body: body[verb] }), verb);
  }
});

test("escalating foresees nothing, for only the server knows whom it reaches", () => {
  assert.deepEqual(patch("escalate", aLine(), { me: SAM, now: NOON }), {});
});

test("a refusal on the spot is the server's own sentence", () => {
  assert.equal(refusal(aLine({ title: "Disk full", status: "resolved" }), "acknowledge"), "Cannot acknowledge “Disk full”: it is already resolved.");
  assert.equal(refusal(aLine({ title: "Disk full", status: "suppressed" }), "snooze"), "Cannot snooze “Disk full”: it is suppressed now.");
});

test("keys walk the list and stop at its ends; with a modifier they are the browser's", () => {
  assert.equal(inList({ key: "ArrowDown" }), "next");
  assert.equal(inList({ key: "ArrowDown", metaKey: true }), null);
  assert.equal(inList({ key: "a" }), null);
  assert.deepEqual(["next", "previous", "last"].map((does) => step(does, { at: -1, count: 5 })), [0, 0, 4]);
  assert.deepEqual(["next", "previous", "first", "last", "page_down"].map((does) => step(does, { at: 4, count: 5 })), [4, 3, 0, 4, 4]);
  assert.equal(step("next", { at: 0, count: 0 }), -1);
});

function someNews() {
  const said = [], waiting = [];
  const news = new News({ me: SAM, announce: (text, { assertive, about, more } = {}) => said.push(`${assertive ? "!" : ""}${text}${more ? ` (+${more} ${about})` : ""}`), later: (run) => waiting.push(run) });
  return { news, said, speak: () => waiting.splice(0).forEach((run) => run()) };
}

test("only a new high-urgency incident interrupts; the rest is gathered into one sentence", () => {
  const { news, said, speak } = someNews();
  const [known, other] = [aLine(), aLine()];
  news.seen([known, other], { silently: true });

  news.changed({ u: [aLine({ title: "Login fails", service: "Auth", n: 7 }), { ...known, ...byHerself }, { ...other, ...byHerself }, aLine({ urgency: "low" })] });
  speak();

  assert.deepEqual(said, ["!New critical: Login fails, Auth, number 7", "3 incidents changed"]);
});

test("a storm is told in one sentence that names the worst", () => {
  const { news, said } = someNews();
  news.seen([], { silently: true });

  news.changed({ u: [aLine({ severity: "error" }), aLine({ title: "Login fails", service: "Auth", n: 7 }), ...Array.from({ length: 18 }, () => aLine({ severity: "error" }))] });

  assert.deepEqual(said, ["!New critical: Login fails, Auth, number 7 (+19 new)"]);
});

test("what a board that shows only the worst had left out is not new when there is room for it", () => {
  const { news, said } = someNews();
  news.seen([aLine()], { silently: true, left_out_until: NOON });

  news.seen([aLine({ created_at: NOON - 9 }), aLine({ created_at: NOON + 9, title: "Login fails", service: "Auth", n: 7 })], {});

  assert.deepEqual(said, ["!New critical: Login fails, Auth, number 7"]);
});

test("another occurrence and one's own deeds are not news", () => {
  const { news, said, speak } = someNews();
  const line = aLine();
  news.seen([line], { silently: true });

  news.changed({ u: [{ ...line, count: 9 }] });
  news.changed({ u: [{ ...line, status: "acknowledged", assignee: SAM.name, assignee_id: SAM.id }] });
  speak();

  assert.deepEqual(said, []);
});

function someDeeds(...rows) {
  const acted = [], toasts = [];
  const commands = { act: (verb, row, body) => { acted.push([verb, row.n, body?.to]); return { entry: { key: `${acted.length}`, id: row.id }, answered: Promise.resolve({ ok: true }), before: row }; },
    undo: async () => { acted.push(["undo"]); return { ok: true }; }, store: { row: () => null } };
  const page = { announce: (words) => toasts.push({ words }), live: () => true, toast: (words, how) => { const toast = { words, ...how }; toasts.push(toast); return { close() { toast.closed = true; } }; } };
  return { acted, toasts, deeds: new Deeds({ commands, me: SAM, chosen: () => rows, ask: { snooze: (_, then) => then({ for_s: 60 }) }, page, clock: () => 0 }) };
}

test("acknowledging what another has changes nothing and offers to take over", () => {
  const row = aLine({ n: 12, ...byHerself });
  const { deeds, acted, toasts } = someDeeds(row);

  deeds.do("acknowledge");

  assert.deepEqual(acted, []);
  assert.equal(toasts[0].words, "Ada Adams has #12 already.");
  toasts[0].action.run();
  assert.deepEqual(acted, [["reassign", 12, SAM.id]]);
});

const partly = (n) => ({ body: { incident: aLine({ n }) }, sentence: `You have acknowledged “${n}”; it is open until Bo acknowledges too.` });

test("where everyone must acknowledge it is said who must still, and there is nothing to undo", () => {
  const { deeds, acted, toasts } = someDeeds(aLine({ n: 12 }));
  deeds.do("acknowledge");

  deeds.done({ key: "1", n: 12, verb: "acknowledge" }, partly(12));

  assert.deepEqual([toasts[1].words, toasts[1].id, toasts[1].action], ["You have acknowledged “12”; it is open until Bo acknowledges too.", "board", null]);
  deeds.undo();
  assert.deepEqual([acted, toasts[2].words], [[["acknowledge", 12, undefined]], "There is nothing to undo"]);
});

test("of several that were acknowledged, those that are open still are counted, and the others can be taken back", () => {
  const { deeds, acted, toasts } = someDeeds(aLine({ n: 12 }), aLine({ n: 13 }), aLine({ n: 14 }));
  deeds.do("acknowledge");

  deeds.done({ key: "1", n: 12, verb: "acknowledge" }, partly(12));
  deeds.done({ key: "3", n: 14, verb: "acknowledge" }, partly(14));

  assert.equal(toasts[2].words, "3 incidents acknowledged; 2 of them are open until others acknowledge too.");
  toasts[2].action.run();
  assert.deepEqual(acted.filter(([verb]) => verb === "undo"), [["undo"]]);
});

const asked = { status: "acknowledged", assignee: SAM.name, assignee_id: SAM.id, next: { kind: "ack_reminder", step: null, at: NOON + 240 } };

test("acknowledging again what is asked about says that one is still on it, and there is nothing to undo then", () => {
  const { deeds, acted, toasts } = someDeeds(aLine({ n: 12, ...asked }));
  assert.deepEqual([deeds.may("acknowledge"), deeds.word("acknowledge")], [true, "I am still on it"]);

  deeds.do("acknowledge");

  assert.deepEqual(acted, [["acknowledge", 12, undefined]]);
  assert.deepEqual([toasts[0].words, toasts[0].action], ["#12 stays with you", null]);
});

test("the countdown to the next page is gone in the frame in which the owner answers, and no sooner on the server's side", () => {
  const row = aLine(asked);
  const foreseen = { ...row, ...patch("acknowledge", row, { me: SAM, now: NOON }) };

  assert.deepEqual(nextMove(foreseen), { who: SAM.name, what: "", at: null });
  assert.deepEqual([row, foreseen].map((line) => holds(line, { verb: "acknowledge" })), [false, true]);
});

test("what another person is asked about, or what is asked about no longer, is not answered", () => {
  for (const other of [{ assignee: ADA.name, assignee_id: ADA.id }, { next: null }]) {
    const { deeds, acted } = someDeeds(aLine({ ...asked, ...other }));

    deeds.do("acknowledge");

    assert.deepEqual([acted, deeds.word("acknowledge")], [[], "Acknowledge"]);
  }
});

test("an answer among other deeds is not taken back with them", () => {
  const { deeds, acted, toasts } = someDeeds(aLine({ n: 1 }), aLine({ n: 2, ...asked }));

  deeds.do("acknowledge");
  toasts.at(-1).action.run();

  assert.deepEqual(acted.map(([verb, n]) => [verb, n]), [["acknowledge", 1], ["acknowledge", 2], ["undo", undefined]]);
});

const fires = (row) => [{ verb: "resolve" }, { ok: true, sentence: "Resolved.", body: { offer: "keep_quiet", incident: { ...row, status: "resolved", version: 2 } } }];

test("who resolves what its monitor still reports is told so, and may keep it quiet instead", () => {
  const rows = [aLine({ n: 1 }), aLine({ n: 2 })];
  const { deeds, acted, toasts } = someDeeds(...rows);

  deeds.done(...fires(rows[0]));
  deeds.done(...fires(rows[1]));

  assert.deepEqual(toasts.map(({ words, id }) => [id, words]), [
    ["fires", "#1 is resolved, but its monitor still fires: the next trigger opens a new incident."],
    ["fires", "2 incidents are resolved, but their monitors still fire: the next triggers open new ones."],
  ]);
  assert.ok(toasts[1].for_s >= 30);
  toasts[1].action.run();
  assert.deepEqual([toasts[1].action.label, acted], ["Keep quiet until they clear", [["keep-quiet", 1, undefined], ["keep-quiet", 2, undefined]]]);
});

test("a resolve that is taken back leaves nothing to keep quiet", () => {
  const row = aLine({ n: 1 });
  const { deeds, toasts } = someDeeds(row);
  deeds.do("resolve");
  deeds.done(...fires(row));

  deeds.undo();

  assert.deepEqual(toasts.filter((one) => one.id === "fires").map((one) => one.closed), [true]);
});

test("a deed on several takes those that allow it, and one undo takes them all back", async () => {
  const rows = [aLine({ n: 1 }), aLine({ n: 2, status: "suppressed" }), aLine({ n: 3 })];
  const { deeds, acted, toasts } = someDeeds(...rows);

  deeds.do("snooze");
  assert.deepEqual(acted.map(([verb, n]) => [verb, n]), [["snooze", 1], ["snooze", 3]]);
  toasts.at(-1).action.run();

  assert.deepEqual(acted.slice(2), [["undo"], ["undo"]]);
});

test("what is being escalated is not escalated further by a second press", () => {
  const { deeds, acted } = someDeeds(aLine({ n: 1, pending: "escalate" }), aLine({ n: 2 }));

  deeds.do("escalate");

  assert.deepEqual(acted.map(([verb, n]) => [verb, n]), [["escalate", 2]]);
});
