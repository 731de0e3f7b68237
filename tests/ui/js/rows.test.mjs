import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, fits, Fall, follow, rank, summarise } from "../../../opsknight/ui/board/js/rows.js";
import { compare, verdict } from "../../../opsknight/ui/board/js/revision.js";
import { Reading } from "../../../opsknight/ui/board/js/reading.js";
import { aLine, NOON } from "./lines.mjs";

const ranked = (...lines) => lines.map((line) => ({ ...line, rank: rank(line) }));
const ids = (rows) => rows.map((row) => row.id);

test("worst first: awake, high urgency, unacknowledged, severity, newest", () => {
  const asleep = aLine({ status: "snoozed" });
  const low = aLine({ urgency: "low" });
  const taken = aLine({ status: "acknowledged" });
  const warning = aLine({ severity: "warning" });
  const older = aLine({ created_at: NOON - 900 });
  const newer = aLine({ created_at: NOON - 100 });

  const { rows } = arrange(ranked(asleep, low, taken, warning, older, newer), { order: [], held: false });

  assert.deepEqual(ids(rows), ids([newer, older, warning, taken, low, asleep]));
});

test("under a reader's hands rows keep their places, and what is new waits, the worst first", () => {
  const [first, second] = ranked(aLine({ severity: "info" }), aLine({ severity: "warning" }));
  const [mild, worst] = ranked(aLine({ severity: "error" }), aLine());

  const { rows, fresh } = arrange([mild, worst, second, first], { order: [first.id, second.id], held: true });

  assert.deepEqual(ids(rows), [first.id, second.id]);
  assert.deepEqual(ids(fresh), [worst.id, mild.id]);
});

test("the selection follows its row, and falls to what stands in its place when the row is gone", () => {
  const rows = ranked(aLine(), aLine(), aLine());

  assert.equal(follow(rows, { id: rows[2].id, index: 0 }), 2);
  assert.equal(follow(rows, { id: "gone", index: 1 }), 1);
  assert.equal(follow(rows, { id: "gone", index: 9 }), 2);
  assert.equal(follow([], { id: "gone", index: 0 }), -1);
  assert.equal(follow(rows, { id: null, index: -1 }), -1);
});

test("a press as the selection falls is meant for what has left; the next one is not", () => {
  const fall = new Fall(), gone = aLine({ n: 7 });

  fall.note(gone, 100);
  assert.deepEqual([fall.take(101), fall.take(101)], [7, null]);
  fall.note(gone, 100);
  assert.equal(fall.take(102), null);
  fall.note(gone, 100);
  fall.note(null, 100);
  assert.equal(fall.take(100), null);
});

test("words begin words of the title, service, owner or team; a number finds its incident", () => {
  const line = aLine({ n: 4711, title: "Replication lag on postgres-main", service: "search-index", assignee: "Ada Adams" });

  for (const q of ["repl", "lag main", "search-index", "ada", "#4711", "4711", "platform", ""]) assert.ok(fits(line, { q }), q);
  for (const q of ["eplication", "lag auth", "#471", "(", "*"]) assert.ok(!fits(line, { q }), q);
});

test("a named board shows the services of its team, or one service", () => {
  const line = aLine({ team: "Platform", service: "Checkout" });

  assert.ok(fits(line, { board: "platform" }));
  assert.ok(fits(line, { board: "checkout" }));
  assert.ok(!fits(line, { board: "payments" }));
});

test("a part of the board is counted as the server counts the whole", () => {
  const oldest = aLine({ created_at: NOON - 900 });
  const counted = summarise([oldest, aLine({ urgency: "low", severity: "info", service: "Auth" }), aLine({ status: "acknowledged" }), aLine({ status: "suppressed", service: "Mail" }),
    aLine({ status: "resolved" })]);

  assert.deepEqual(counted.counts, { open: 2, acknowledged: 1, snoozed: 0, suppressed: 1, high_unacknowledged: 1 });
  assert.equal(counted.total, 4);
  assert.equal(counted.oldest_unacknowledged_at, NOON - 900);
  assert.deepEqual(counted.by_service.map((one) => [one.service, one.critical, one.info]), [["Checkout", 2, 0], ["Auth", 0, 1]]);
});

test("revisions compare by transaction, then sequence, within one epoch", () => {
  assert.ok(compare("e.9.5", "e.10.0") < 0);
  assert.ok(compare("e.10.2", "e.10.-1") > 0);
  assert.equal(compare("e.10.2", "e.10.2"), 0);
  assert.ok(Number.isNaN(compare("a.1.1", "b.1.1")));
  assert.equal(verdict("e.10.-1", { base: "e.9.7", rev: "e.11.3" }), "apply");
});

test("a pointer or a keyboard at rest holds the list no longer", () => {
  let clock = 0;
  const reading = new Reading({ clock: () => clock });
  reading.pointer();
  clock = 14_000;
  assert.ok(reading.held);
  clock = 15_001;
  assert.ok(!reading.held);
});

test("a pointer that leaves lets go of the list, unless the keyboard is in it", () => {
  const reading = new Reading({ clock: () => 0 });
  reading.pointer();
  reading.left();
  assert.ok(!reading.held);
  reading.keyboard();
  reading.left();
  assert.ok(reading.held);
});
