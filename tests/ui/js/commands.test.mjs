import assert from "node:assert/strict";
import { test } from "node:test";
import { Commands } from "../../../opsknight/ui/board/js/commands.js";
import { Queue } from "../../../opsknight/ui/board/js/queue.js";
import { Store } from "../../../opsknight/ui/board/js/store.js";
import { ADA, aLine, aSnapshot, NOON, SAM } from "./lines.mjs";

class Storage extends Map {
  getItem(key) { return this.get(key) ?? null; }
  setItem(key, value) { this.set(key, value); }
  removeItem(key) { this.delete(key); }
}

// A board with `lines` and a server that answers as `answers` say, one after another.
function aBoard(lines, answers, { storage = new Storage(), user = SAM.id } = {}) {
  const board = { now: NOON, posted: [], done: [], refused: [], later: [], storage };
  board.store = new Store();
  board.store.snapshot(aSnapshot(lines), { now: NOON });
  board.queue = new Queue({ storage, user });
  let keys = 0;
  board.commands = new Commands({
    store: board.store, queue: board.queue, me: SAM, now: () => board.now, newKey: () => `key-${keys += 1}`,
    post: async (url, body, key) => { board.posted.push({ url, body, key }); return answers.shift() ?? AWAY; },
    later: (run) => board.later.push(run),
    on: { changed() { /* nothing is drawn here */ }, done: (entry) => board.done.push(entry.verb), refused: (entry, answer) => board.refused.push(answer.sentence) },
  });
  board.row = (line) => board.store.rows({ now: board.now }).find((row) => row.id === line.id);
  return board;
}

const AWAY = { status: 0, ok: false, body: {}, sentence: "OpsKnight cannot be reached." };
const done = (line, said) => ({ status: 200, ok: true, body: { incident: { ...line, version: line.version + 1, ...said } }, sentence: "" });
const no = (sentence, incident) => ({ status: 409, ok: false, body: { incident }, sentence });
const mine = { status: "acknowledged", assignee: SAM.name, assignee_id: SAM.id };
const turns = async (count = 8) => { for (let i = 0; i < count; i += 1) await null; };

test("an acknowledge shows before it is sent, with the version that was seen, and once it is answered it is the server's", async () => {
  const line = aLine({ version: 4 });
  const board = aBoard([line], [done(line, mine)]);

  const { answered } = board.commands.act("acknowledge", board.row(line));

  assert.deepEqual([board.row(line).status, board.row(line).pending], ["acknowledged", "acknowledge"]);
  await answered;
  assert.deepEqual(board.posted, [{ url: `/api/v1/incidents/${line.id}/acknowledge`, body: { seen_version: 4 }, key: "key-1" }]);
  assert.deepEqual([board.row(line).pending, board.row(line).version, board.done], [null, 5, ["acknowledge"]]);
  assert.deepEqual(board.queue.all(), []);
});

test("a refusal rolls the row back and says why", async () => {
  const line = aLine();
  const board = aBoard([line], [no("Cannot snooze it.", line)]);

  await board.commands.act("snooze", board.row(line), { for_s: 3600 }).answered;

  assert.deepEqual([board.row(line).status, board.row(line).refused, board.refused], ["open", "Cannot snooze it.", ["Cannot snooze it."]]);
});

test("without an answer it waits, is asked again with the same key, and is done once", async () => {
  const line = aLine();
  const board = aBoard([line], [AWAY, { ...AWAY, status: 503 }, done(line, mine)]);

  const { answered } = board.commands.act("acknowledge", board.row(line));
  await turns();
  assert.deepEqual([board.row(line).status, board.row(line).waiting], ["acknowledged", true]);
  board.later.shift()();
  await turns();
  board.later.shift()();
  await answered;

  assert.deepEqual(board.posted.map((one) => one.key), ["key-1", "key-1", "key-1"]);
  assert.equal(board.row(line).waiting, false);
});

test("deeds on one incident go out in order, each with the version that the one before it made", async () => {
  const line = aLine();
  const board = aBoard([line], [done(line, mine), done({ ...line, version: 2 }, { status: "resolved" })]);

  board.commands.act("acknowledge", board.row(line));
  const { answered } = board.commands.act("resolve", board.row(line));
  assert.equal(board.posted.length, 1);
  await answered;

  assert.deepEqual(board.posted.map((one) => [one.url.split("/").at(-1), one.body.seen_version]), [["acknowledge", 1], ["resolve", 2]]);
});

test("a deed chosen while the one before it was on its way has seen what that made, and no more", async () => {
  const line = aLine();
  const board = aBoard([line], [done(line, mine), done({ ...line, version: 2 }, {}), done({ ...line, version: 7 }, {})]);
  const seen = board.row(line);
  await board.commands.act("acknowledge", seen).answered;

  await board.commands.act("reassign", seen, { to: ADA.id, name: ADA.name }).answered;
  board.store.change({ base: "e.10.0", rev: "e.11.0", u: [{ ...line, version: 7 }] });
  await board.commands.act("snooze", seen, { for_s: 60 }).answered;

  assert.deepEqual(board.posted.map((one) => one.body.seen_version), [1, 2, 3]);
});

test("what was asked for before a reload is shown and sent after it", async () => {
  const line = aLine(), storage = new Storage();
  const before = aBoard([line], [], { storage });
  before.commands.act("acknowledge", before.row(line));
  await turns();

  const after = aBoard([line], [done(line, mine)], { storage });
  after.commands.adopt();

  assert.equal(after.row(line).status, "acknowledged");
  await turns();
  assert.deepEqual([after.posted[0].key, after.queue.all()], ["key-1", []]);
});

test("what waited longer than ten minutes is neither sent without asking nor shown as if it were done", async () => {
  const line = aLine();
  const board = aBoard([line], [AWAY, done(line, mine)]);
  board.commands.act("acknowledge", board.row(line));
  await turns();

  board.now = NOON + 601;
  board.commands.flush();
  const stale = board.commands.shelve();
  await turns();
  assert.deepEqual([board.posted.length, board.row(line).status, board.row(line).pending], [1, "open", null]);

  board.commands.confirm(stale);
  assert.equal(board.row(line).status, "acknowledged");
  await turns();
  assert.deepEqual([board.posted.length, board.queue.all()], [2, []]);
});

test("what is dropped instead shows the server's truth again", async () => {
  const line = aLine();
  const board = aBoard([line], [AWAY]);
  const { entry } = board.commands.act("resolve", board.row(line));
  await turns();

  board.commands.forget(entry.key);

  assert.deepEqual([board.row(line).status, board.row(line).pending, board.queue.all()], ["open", null, []]);
});

test("the queue of another person on the same device is left alone", () => {
  const line = aLine(), storage = new Storage();
  aBoard([line], [], { storage, user: ADA.id }).commands.act("acknowledge", line);

  const board = aBoard([line], [], { storage });
  board.commands.adopt();

  assert.deepEqual([board.posted, board.row(line).status], [[], "open"]);
  assert.equal(JSON.parse(storage.getItem("ok-queue")).length, 1);
});

test("undo shows what was before at once and asks the server when the deed is answered", async () => {
  const line = aLine();
  const board = aBoard([line], [done(line, mine), done({ ...line, version: 2 }, {})]);
  const made = board.commands.act("acknowledge", board.row(line));

  const taken = board.commands.undo(made);

  assert.equal(board.row(line).status, "open");
  assert.ok((await taken).ok);
  assert.deepEqual(board.posted.map((one) => one.url.split("/").at(-1)), ["acknowledge", "undo"]);
  assert.deepEqual([board.row(line).status, board.row(line).version, board.row(line).pending], ["open", 3, null]);
});

test("undo of what was never sent asks nobody", async () => {
  const line = aLine();
  const board = aBoard([line], [AWAY]);
  const made = board.commands.act("resolve", board.row(line));
  await turns();

  await board.commands.undo(made);

  assert.deepEqual([board.posted.length, board.row(line).status, board.queue.all()], [1, "open", []]);
});

test("a refused undo leaves the deed standing and says why", async () => {
  const line = aLine();
  const board = aBoard([line], [done(line, mine), no("Cannot undo: the next step has been paged already.", undefined)]);
  const made = board.commands.act("acknowledge", board.row(line));
  await made.answered;

  await board.commands.undo(made);

  assert.deepEqual([board.row(line).status, board.row(line).refused], ["acknowledged", "Cannot undo: the next step has been paged already."]);
});

test("where storage is refused it lasts as long as the page", async () => {
  const forbidden = { getItem() { throw new Error("no"); }, setItem() { throw new Error("no"); }, removeItem() { throw new Error("no"); } };
  const line = aLine();
  const board = aBoard([line], [AWAY, done(line, mine)], { storage: forbidden });
  board.commands.act("acknowledge", board.row(line));
  await turns();

  board.commands.flush();
  await turns();

  assert.equal(board.row(line).version, 2);
});

test("a deed that is asked for while another is taken back goes out after that, and is not taken back itself", async () => {
  const line = aLine();
  const board = aBoard([line], [done(line, mine), done({ ...line, version: 2 }, {}), done({ ...line, version: 3 }, { status: "resolved" })]);
  const made = board.commands.act("acknowledge", board.row(line));

  board.commands.undo(made);
  await board.commands.act("resolve", board.row(line)).answered;

  assert.deepEqual(board.posted.map((one) => one.url.split("/").at(-1)), ["acknowledge", "undo", "resolve"]);
  assert.equal(board.posted[2].body.seen_version, 3);
});
