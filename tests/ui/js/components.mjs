// A component without a screen: its data, computed values and methods, and what it emits.
export function aComponent({ data, computed = {}, methods = {}, mixins = [] }, props = {}) {
  const it = { ...props, emitted: [], $emit: (...said) => it.emitted.push(said), $nextTick: (run) => run?.(), $refs: {} };
  Object.assign(it, data.call(it));
  for (const [name, run] of Object.entries(Object.assign({}, ...mixins.map((one) => one.methods), methods))) it[name] = run.bind(it);
  for (const [name, get] of Object.entries(computed)) Object.defineProperty(it, name, { get: get.bind(it) });
  return it;
}

export function aDialog() {
  const box = { open: false, showModal() { box.open = true; }, close() { box.open = false; }, querySelector: () => null };
  return box;
}

// What the pages' own scripts offer; `said` are the toasts.
export function aPage(said) {
  return { toast: (words) => said.push(words), announce() { /* nobody listens */ }, times: { now: () => Date.now(), clock: String } };
}

// A server whose answers are given by hand: `asked` are the requests, each with its `answer(body, status)`.
export function aServer() {
  const asked = [];
  const ask = (method, url, body) => new Promise((resolve) => {
    asked.push({ method, url, body, answer: (said, status = 200) => resolve({ ok: status < 400, status, body: said, sentence: said.sentence ?? "" }) });
  });
  const fetch = (url, { method = "GET", body } = {}) => new Promise((resolve) => {
    asked.push({ method, url, body, answer: (said, status = 200) => resolve({ ok: status < 400, status, json: async () => said, headers: new Map() }) });
  });
  return { asked, ask, fetch };
}

export const soon = () => new Promise((resolve) => setTimeout(resolve));
