// When the strip on top of a page is read again: at each reason, at a moment of the page's own, and seldom.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import { NOON } from "./lines.mjs";

const SCRIPT = readFileSync(new URL("../../../assets/strip.js", import.meta.url), "utf8");
const turns = async () => { for (let i = 0; i < 12; i += 1) await null; };

// A page that was built at revision e.10.0; on call until `until`, next shift from `from`. `said` is the server's answer.
async function aPage({ until = NOON + 90_000, from = null, said = {}, answers = () => true } = {}) {
  const page = { s: 0, reads: [], counts: [], heard: {} };
  const timers = new Map();
  let ids = 0;
  const now = () => 1000 * (NOON + page.s);
  const times = { now, fill() { /* no screen */ } };
  const ends = [until, from].filter(Boolean).map((at) => ({ dateTime: new Date(1000 * at).toISOString() }));
  const high = { dataset: { rev: "e.10.0" } };
  const heard = (name, run) => { page.heard[name] = run; };
  const world = {
    opsknight: { make: () => ({}), times, live: { counts: ({ counts }) => page.counts.push(counts.high_unacknowledged) }, whenPainted: (run) => { world.begin = run; } },
    document: { getElementById: (id) => (id === "ok-high" ? high : null), querySelectorAll: () => ends },
    window: { socket: { on: heard } }, addEventListener: heard, performance: { now: () => 1000 * page.s },
    Date: Object.assign(function date(...of) { return new Date(...of); }, { now, parse: Date.parse }),
    Math: Object.assign(Object.create(Math), { min: Math.min, max: Math.max, random: () => 0.5 }),
    setTimeout: (run, ms) => { timers.set(ids += 1, { run, at: page.s + ms / 1000 }); return ids; }, clearTimeout: (id) => timers.delete(id),
    fetch: async () => {
      page.reads.push(page.s);
      const body = { rev: "e.10.0", now: NOON + page.s, on_call: [{ user: "Bo", until: NOON + 90_000 }], next_shift: null, counts: { high_unacknowledged: 3 }, ...said };
      return answers() ? { ok: true, json: async () => body } : null;
    },
  };
  vm.runInNewContext(SCRIPT, world);
  world.begin();
  page.strip = world.opsknight.strip;
  page.after = async (s) => {
    const end = page.s + s;
    for (;;) {
      const [id, next] = [...timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
      if (!next || next.at > end) break;
      page.s = Math.max(page.s, next.at);
      timers.delete(id);
      next.run();
      await turns();
    }
    page.s = end;
  };
  return page;
}

test("a page that is left open reads it every five minutes", async () => {
  const page = await aPage();

  await page.after(1000);

  assert.deepEqual(page.reads, [270, 540, 810]);
  assert.deepEqual(page.counts, [3, 3, 3]);
});

test("it is read again shortly after the shift has ended, and when one's own begins", async () => {
  const [ends, begins] = [await aPage({ until: NOON + 60 }), await aPage({ from: NOON + 30 })];

  await ends.after(100);
  await begins.after(100);

  assert.deepEqual([ends.reads, begins.reads], [[64], [34]]);
});

test("many reasons at once are one request, and the next reason waits", async () => {
  const page = await aPage();

  page.heard.beat({ rev: "e.11.0" });
  page.heard.beat({ rev: "e.11.0", duties: true });
  page.heard.connect();
  page.heard["ok:live"]({ detail: { state: "live", before: "stale" } });
  await page.after(8);
  page.heard.beat({ rev: "e.12.0" });
  await page.after(30);

  assert.deepEqual(page.reads, [2, 12]);
});

test("a beat or a change that follows on what the page knows is no reason", async () => {
  const page = await aPage();

  page.heard.board({ base: "e.10.0", rev: "e.11.0", counts: { high_unacknowledged: 5 } });
  page.heard.beat({ rev: "e.11.0" });
  page.heard.board({ base: "gap", rev: "e.19.0" });
  page.heard.beat({ rev: "e.19.0" });
  await page.after(60);

  assert.deepEqual(page.reads, []);
});

test("a change that does not begin where the page is has it read again, where it does not bring the counts itself", async () => {
  const page = await aPage();

  page.heard.board({ base: "e.12.0", rev: "e.13.0" });
  await page.after(60);

  assert.deepEqual(page.reads, [2]);
});

test("an answer that was read before a change that the page has heard of does not take its count back", async () => {
  const page = await aPage({ said: { rev: "e.9.0" } });

  await page.after(300);

  assert.deepEqual([page.reads.length, page.counts], [1, []]);
});

test("what was on its way already when who is on call was changed is asked for once more", async () => {
  const page = await aPage({ said: { now: NOON - 60 } });

  page.heard.beat({ rev: "e.10.0", duties: true });
  await page.after(14);

  assert.deepEqual(page.reads, [2, 12]);
});

test("without an answer it is asked again in a while", async () => {
  let away = true;
  const page = await aPage({ until: NOON + 60, answers: () => !away });
  await page.after(70);
  away = false;

  await page.after(60);

  assert.deepEqual(page.reads, [64, 109]);
});

test("a board reads it for itself, and what it brings puts off what was planned", async () => {
  const page = await aPage({ until: NOON + 60 });
  let asked = 0;
  page.strip.through(() => { asked += 1; });

  page.heard.connect();
  page.strip.take({ rev: "e.10.0", now: NOON + 1, on_call: [{ until: NOON + 60 }], next_shift: null, counts: { high_unacknowledged: 1 } });
  await page.after(50);
  assert.equal(asked, 0);
  await page.after(20);

  assert.deepEqual([asked, page.reads, page.counts], [1, [], [1]]);
});
