import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../../opsknight/ui/board/js/store.js";
import { patch } from "../../../opsknight/ui/board/js/verbs.js";
import { aChange, ADA, aLine, aSnapshot, byHerself, NOON, SAM } from "./lines.mjs";

function aStore(...lines) {
  const store = new Store();
  store.snapshot(aSnapshot(lines), { now: NOON });
  return store;
}

function intended(store, line, verb = "acknowledge", body = {}) {
  store.intend({ key: `key-${verb}`, id: line.id, verb, body, patch: patch(verb, line, { me: SAM, body, now: NOON }) });
}

const statuses = (store, now = NOON) => store.rows({ now }).map((row) => row.status);

test("a change puts and removes lines and moves the revision", () => {
  const [first, second] = [aLine(), aLine()];
  const store = aStore(first);

  assert.equal(store.change(aChange({ u: [second], d: [first.id] }), { now: NOON }), "apply");

  assert.deepEqual(store.rows({ now: NOON }).map((row) => row.id), [second.id]);
  assert.equal(store.rev, "e.11.0");
});

test("a snapshot tells whether it answers another question than the one before it", () => {
  const store = new Store();

  const anew = ["", "db", "db", ""].map((q) => store.snapshot(aSnapshot([]), { filter: { q }, now: NOON }).anew);

  assert.deepEqual(anew, [true, true, false, true]);
});

test("a change that does not begin where the board is leaves a gap and changes nothing", () => {
  const store = aStore();

  assert.equal(store.change(aChange({ base: "e.12.0", rev: "e.13.0", u: [aLine()] })), "gap");
  assert.equal(store.change(aChange({ base: "gap", rev: "e.13.0" })), "gap");
  assert.equal(store.change(aChange({ base: "other.10.0", rev: "other.11.0" })), "gap");

  assert.equal(store.rows().length, 0);
});

test("a change that the snapshot had already is skipped", () => {
  const line = aLine();
  const store = aStore(line);

  assert.equal(store.change(aChange({ base: "e.8.0", rev: "e.9.0", d: [line.id] })), "old");

  assert.equal(store.rows().length, 1);
});

test("a line that was read before the one that is shown does not replace it", () => {
  const line = aLine({ version: 3, status: "acknowledged" });
  const store = aStore(line);

  store.change(aChange({ u: [{ ...line, version: 2, status: "open" }] }));

  assert.deepEqual(statuses(store), ["acknowledged"]);
});

test("what was asked for shows at once, marked as pending", () => {
  const line = aLine();
  const store = aStore(line);

  intended(store, line);

  const [row] = store.rows();
  assert.deepEqual([row.status, row.assignee, row.pending], ["acknowledged", SAM.name, "acknowledge"]);
});

test("any other change of the line stays beneath what was asked for", () => {
  const line = aLine();
  const store = aStore(line);
  intended(store, line);

  store.change(aChange({ u: [{ ...line, count: 7 }] }));

  const [row] = store.rows();
  assert.deepEqual([row.status, row.count], ["acknowledged", 7]);
});

test("a line that already is what was asked for confirms it with its own truth", () => {
  const line = aLine();
  const store = aStore(line);
  intended(store, line);

  store.change(aChange({ u: [{ ...line, ...byHerself, version: 2 }] }));

  const [row] = store.rows();
  assert.deepEqual([row.status, row.assignee], ["acknowledged", ADA.name]);
});

test("a refusal shows again what the server last said, with its sentence, for ten seconds", () => {
  const line = aLine();
  const store = aStore(line);
  intended(store, line);

  store.refuse("key-acknowledge", line.id, { sentence: "Cannot acknowledge “Disk”: it is suppressed now.", now: NOON });

  const [row] = store.rows({ now: NOON });
  assert.deepEqual([row.status, row.pending, row.refused], ["open", null, "Cannot acknowledge “Disk”: it is suppressed now."]);
  assert.equal(store.rows({ now: NOON + 10 })[0].refused, null);
});

test("a refusal of what was resolved meanwhile keeps the row until it can have been read", () => {
  const line = aLine();
  const store = aStore(line);
  intended(store, line);
  store.change(aChange({ d: [line.id] }), { now: NOON });

  store.refuse("key-acknowledge", line.id, { sentence: "It is already resolved.", now: NOON, line: { ...line, status: "resolved", version: 2 } });

  assert.deepEqual(statuses(store, NOON + 9), ["resolved"]);
  assert.deepEqual(statuses(store, NOON + 11), []);
});

test("what one resolved oneself stays for the five seconds in which it can be taken back", () => {
  const line = aLine();
  const store = aStore(line);
  intended(store, line, "resolve");
  store.change(aChange({ d: [line.id] }), { now: NOON });
  store.settle("key-resolve", line.id, { line: { ...line, status: "resolved", version: 2 }, now: NOON });

  assert.deepEqual(statuses(store, NOON + 4), ["resolved"]);
  assert.deepEqual(statuses(store, NOON + 6), []);
});

test("what others resolved leaves at once, but not from under a reader's hands", () => {
  const [first, second] = [aLine(), aLine()];
  const store = aStore(first, second);

  store.change(aChange({ d: [first.id] }), { now: NOON });

  assert.deepEqual(store.rows({ now: NOON + 60, held: true }).map((row) => row.status).sort(), ["open", "resolved"]);
  assert.deepEqual(store.rows({ now: NOON + 60 }).map((row) => row.id), [second.id]);
});

test("an incident that is reopened stands again where its resolved row was", () => {
  const line = aLine();
  const store = aStore(line);
  store.change(aChange({ d: [line.id] }), { now: NOON });

  store.change(aChange({ base: "e.11.0", rev: "e.12.0", u: [{ ...line, version: 3 }] }), { now: NOON });

  assert.deepEqual(statuses(store, NOON + 60), ["open"]);
});

test("intents outlive a snapshot", () => {
  const line = aLine();
  const store = aStore(line);
  intended(store, line);

  store.snapshot(aSnapshot([line], { rev: "e.20.0" }), { now: NOON });

  assert.deepEqual(statuses(store), ["acknowledged"]);
});

test("rows that did not change are the very same objects, so that a view need not look into them", () => {
  const [first, second] = [aLine(), aLine()];
  const store = aStore(first, second);
  const before = store.rows();

  store.change(aChange({ u: [{ ...first, count: 2 }] }));

  const after = store.rows();
  assert.notEqual(after[0], before[0]);
  assert.equal(after[1], before[1]);
});

test("no more rows than a browser is given are kept, the worst of them, and the rest is counted", () => {
  const store = new Store({ limit: 3 });
  const mild = [1, 2, 3].map(() => aLine({ severity: "info" }));
  store.snapshot(aSnapshot(mild, { total: 9 }), { now: NOON });
  const worst = aLine();

  store.change(aChange({ u: [worst], total: 10, counts: {} }), { now: NOON });

  const rows = store.rows();
  assert.equal(rows.length, 3);
  assert.ok(rows.some((row) => row.id === worst.id));
  assert.equal(store.found, 10);
});

test("a board that lost many of its rows wants the rest", () => {
  const lines = Array.from({ length: 10 }, () => aLine());
  const store = new Store({ limit: 10 });
  store.snapshot(aSnapshot(lines, { total: 50 }), { now: NOON });
  assert.equal(store.wanting, false);

  store.change(aChange({ d: lines.slice(0, 4).map((line) => line.id), total: 46, counts: {} }), { now: NOON });

  assert.equal(store.wanting, true);
});

test("what does not fit the filter stays away, and what ceases to fit leaves", () => {
  const line = aLine();
  const store = new Store();
  store.snapshot(aSnapshot([line]), { filter: { q: "", status: "open" }, now: NOON });

  store.change(aChange({ u: [{ ...line, ...byHerself, version: 2 }, aLine({ status: "snoozed" }), aLine()] }), { now: NOON });

  assert.deepEqual(statuses(store), ["open"]);
});

test("a filter changes what is listed, not what the whole board counts", () => {
  const store = new Store();

  store.snapshot(aSnapshot([aLine()], { total: 1, counts: { open: 5, acknowledged: 2, snoozed: 1, suppressed: 0, high_unacknowledged: 4 } }),
    { filter: { q: "disk" }, now: NOON });

  assert.deepEqual([store.found, store.summary.total], [1, 8]);
});

test("taking back shows what was before while the server is asked", () => {
  const line = aLine({ next: { kind: "escalation", step: 2, at: NOON + 60 } });
  const store = aStore(line);
  intended(store, line);

  const { status, assignee, assignee_id, until, next } = line;
  store.intend({ key: "key-undo", id: line.id, verb: "undo", patch: { status, assignee, assignee_id, until, next } });

  const [row] = store.rows();
  assert.deepEqual([row.status, row.assignee, row.next.step], ["open", null, 2]);
});

test("a snapshot that was read before a deed was answered does not undo it on the screen", () => {
  const [taken, ended] = [aLine(), aLine()];
  const store = aStore(taken, ended);
  intended(store, taken);
  store.settle("key-acknowledge", taken.id, { line: { ...taken, status: "acknowledged", version: 2 }, now: NOON });
  store.settle("key-resolve", ended.id, { line: { ...ended, status: "resolved", version: 2 }, now: NOON });

  store.snapshot(aSnapshot([taken, ended]), { now: NOON });

  assert.deepEqual(statuses(store), ["acknowledged", "resolved"]);
});
