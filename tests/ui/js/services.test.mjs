import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

const SCRIPT = readFileSync(new URL("../../../assets/services.js", import.meta.url), "utf8");

// An integration on the page, with `counting` secrets, before a server that answers as `answer` says.
function anIntegration(answer, { counting = "0", typed = "", kept = true } = {}) {
  const acts = {}, page = { sent: [], said: [], field: { value: typed, focus() { page.focused = true; } } };
  const opsknight = {
    act: (name, run) => { acts[name] = run; },
    send: async (method, url, body) => { page.sent.push([method, url, body]); return answer; },
    toast: (words, { kind }) => page.said.push([kind, words]),
  };
  const parts = ["0", "1", "2", "12"].map((when) => ({ dataset: { when }, hidden: !when.includes(counting) }));
  const article = { querySelectorAll: () => parts };
  const box = {
    dataset: { url: "/api/v1/integrations/7/secret", counting },
    closest: () => article,
    querySelector: (which) => (which.includes("password") ? page.field : { checked: kept }),
  };
  const busy = {};
  const button = {
    closest: () => box,
    getAttribute: (name) => busy[name] ?? null, setAttribute: (name, value) => { busy[name] = value; }, removeAttribute: (name) => { delete busy[name]; },
  };
  vm.runInNewContext(SCRIPT, { opsknight });
  page.press = (name) => acts[name](button);
  page.shown = () => parts.filter((part) => !part.hidden).map((part) => part.dataset.when);
  return page;
}

const told = (is_set, former_counts) => ({ ok: true, body: { is_set, former_counts } });
const plain = (value) => JSON.parse(JSON.stringify(value));

test("a secret that was saved leaves the field, and the page says that it counts", async () => {
  const page = anIntegration(told(true, false), { typed: "s3cret" });
  await page.press("set-secret");
  assert.deepEqual(plain(page.sent), [["PUT", "/api/v1/integrations/7/secret", { secret: "s3cret", keep_former: true }]]);
  assert.deepEqual(page.shown(), ["1", "12"]);
  assert.equal(page.field.value, "");
});

test("with the former one kept both are said to count, and ending it leaves one", async () => {
  const page = anIntegration(told(true, true), { counting: "1", typed: "new" });
  await page.press("set-secret");
  assert.deepEqual(page.shown(), ["2", "12"]);
  const ended = anIntegration(told(true, false), { counting: "2" });
  await ended.press("end-former");
  assert.equal(ended.sent[0].slice(0, 2).join(" "), "DELETE /api/v1/integrations/7/secret/former");
  assert.deepEqual(ended.shown(), ["1", "12"]);
});

test("what was refused changes nothing on the page, keeps what was typed and says why", async () => {
  const page = anIntegration({ ok: false, body: {}, sentence: "A responder cannot." }, { counting: "1", typed: "new" });
  await page.press("set-secret");
  assert.deepEqual(page.said, [["bad", "A responder cannot."]]);
  assert.deepEqual(page.shown(), ["1", "12"]);
  assert.equal(page.field.value, "new");
});

test("an empty field takes no secret away by mistake", async () => {
  const page = anIntegration(told(false, false), { counting: "1", typed: "  " });
  await page.press("set-secret");
  assert.deepEqual(page.sent, []);
  assert.ok(page.focused);
});

test("the check is ended by its own button alone", async () => {
  const page = anIntegration(told(false, false), { counting: "1" });
  await page.press("end-secret");
  assert.deepEqual(plain(page.sent), [["PUT", "/api/v1/integrations/7/secret", { secret: "" }]]);
  assert.deepEqual(page.shown(), ["0"]);
});
