// A deed: shown at once, written to the queue, posted until it is answered, and taken back when it is refused.
import { patch, past } from "./verbs.js";

const RETRY_AFTER_S = [0.5, 1, 2, 4, 5];
const AGAIN = new Set([0, 425, 429, 502, 503, 504]);   // nobody said no: it is asked again, with the same key

export class Commands {
  #sending = new Set();
  #failures = 0;
  #timer = null;
  #waiters = new Map();          // key → resolve: who waits for the answer
  #moved = new Map();            // "id version" → the version that one's own deed made of it
  #undoing = new Map();          // id → the key of the deed that is being taken back

  // `post(url, body, key)` answers {status, ok, body, sentence}; `now` is the server's time in epoch seconds.
  // `on.changed()` after anything to be seen, `on.refused(entry, answer)`, `on.done(entry, answer)`.
  constructor({ store, queue, post, now, me, on, newKey = () => crypto.randomUUID(), later = (run, ms) => setTimeout(run, ms) }) {
    Object.assign(this, { store, queue, post, now, me, on, newKey, later });
  }

  // Show what a former page asked for and did not hear about, and send it.
  adopt() {
    for (const entry of this.queue.ripe(this.now())) this.#show(entry, { waiting: true });
    this.on.changed();
    this.flush();
  }

  // What is too old to be sent without asking is no longer shown as if it were done. Return those entries.
  shelve() {
    const stale = this.queue.stale(this.now());
    for (const { key, id } of stale) if (this.store.intends(key, id)) this.store.settle(key, id);
    return stale;
  }

  // Send old entries all the same.
  confirm(entries) {
    this.queue.confirm(entries.map((entry) => entry.key));
    for (const entry of entries) this.#show(entry, { waiting: true });
    this.flush();
  }

  // Do `verb` to `row`. Return {entry, answered}: the promise resolves with the server's answer, whenever it comes.
  act(verb, row, body = {}) {
    const entry = { key: this.newKey(), id: row.id, n: row.n, title: row.title, verb, body, seen_version: this.#seen(row), at: this.now() };
    const answered = new Promise((resolve) => this.#waiters.set(entry.key, resolve));
    this.#show(entry, { row });
    this.queue.add(entry);
    this.flush();
    return { entry, answered, before: row };
  }

  // Take back what `act` returned: before it was sent at no cost, else by asking the server once.
  async undo({ entry, answered, before }) {
    if (this.queue.all().some(({ key }) => key === entry.key) && !this.#sending.has(entry.key)) {
      this.forget(entry.key);
      return { ok: true, status: 0, body: {}, sentence: "" };
    }
    const key = this.newKey();
    const { status, assignee, assignee_id, until, next } = before;
    this.store.intend({ key, id: entry.id, verb: "undo", patch: { status, assignee, assignee_id, until, next } });
    this.on.changed();
    this.#undoing.set(entry.id, entry.key);              // the server takes back the last deed: a later one waits
    const first = await answered;
    const answer = first.ok ? await this.post(`/api/v1/incidents/${entry.id}/undo`, {}, key) : first;
    this.#undoing.delete(entry.id);
    if (first.ok) {
      const [seen, after] = [first, answer].map((one) => one.body.incident?.version);
      if (answer.ok && seen && after) this.#move({ id: entry.id, seen_version: seen }, after);
      this.#settle({ ...entry, key, verb: "undo" }, answer);
    } else { this.store.settle(key, entry.id); this.on.changed(); }
    this.flush();
    return answer;
  }

  // Drop an entry that was not sent.
  forget(key) {
    const entry = this.queue.all().find((one) => one.key === key);
    if (!entry) return;
    this.queue.remove(key);
    this.store.settle(key, entry.id);
    this.#waiters.get(key)?.({ ok: false, status: 0, body: {}, sentence: "" });
    this.#waiters.delete(key);
    this.on.changed();
  }

  // Send everything that may be sent: one at a time for each incident, in the order in which it was asked for.
  flush() {
    clearTimeout(this.#timer);
    const busy = new Set();
    for (const entry of this.queue.ripe(this.now())) {
      const taken_back = this.#undoing.get(entry.id) ?? entry.key;
      if (!busy.has(entry.id) && taken_back === entry.key && !this.#sending.has(entry.key)) this.#send(entry);
      busy.add(entry.id);
    }
  }

  #show(entry, { row = null, waiting = false } = {}) {
    const seen = row ?? this.store.row(entry.id);
    const foreseen = seen ? patch(entry.verb, seen, { me: this.me, body: entry.body, now: entry.at }) : null;
    this.store.intend({ key: entry.key, id: entry.id, verb: entry.verb, body: entry.body, patch: foreseen, waiting });
    this.on.changed();
  }

  async #send(entry) {
    this.#sending.add(entry.key);
    const { name, ...body } = entry.body;                // a name is for people; the server knows ids
    const answer = await this.post(`/api/v1/incidents/${entry.id}/${entry.verb}`, { ...body, seen_version: entry.seen_version }, entry.key);
    this.#sending.delete(entry.key);
    if (AGAIN.has(answer.status)) {
      this.store.wait(entry.key, entry.id, true);
      this.on.changed();
      this.#timer = this.later(() => this.flush(), 1000 * (answer.retry_after_s ?? RETRY_AFTER_S[Math.min(this.#failures++, RETRY_AFTER_S.length - 1)]));
      return;
    }
    this.#failures = 0;
    this.queue.remove(entry.key);
    if (answer.ok && answer.body.incident) this.#move(entry, answer.body.incident.version);
    this.#settle(entry, answer);
    this.flush();
  }

  // Whoever saw a version has also seen what he made of it himself, however long a sheet stood open since.
  #seen(row) {
    let version = row.version;
    while (this.#moved.has(`${row.id} ${version}`)) version = this.#moved.get(`${row.id} ${version}`);
    return version;
  }

  #move(entry, after) {
    this.queue.saw(entry.id, { before: entry.seen_version, after });
    if (after > entry.seen_version) this.#moved.set(`${entry.id} ${entry.seen_version}`, after);
  }

  #settle(entry, answer) {
    const line = answer.body?.incident ?? null, now = this.now();
    if (answer.ok) this.store.settle(entry.key, entry.id, { line, now });
    else this.store.refuse(entry.key, entry.id, { line, now, sentence: answer.sentence || `It could not be ${past(entry.verb)}.` });
    this.on.changed();
    this.#waiters.get(entry.key)?.(answer);
    this.#waiters.delete(entry.key);
    if (answer.ok) this.on.done(entry, answer); else this.on.refused(entry, answer);
  }
}
