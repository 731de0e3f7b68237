// What the board knows: the server's lines by revision, and on top of them what this person has asked for.
// Pure: no clock, no network, no Vue. Rows are made anew only when they change, so that a view may compare them.
import { compare, verdict } from "./revision.js";
import { fits, rank, worstFirst } from "./rows.js";
import { holds } from "./verbs.js";

export const LIMIT = 300;        // as many rows as a browser is given; the rest is counted
const RESOLVED_STAYS_S = 5;      // what this person resolved stays as long as it can be taken back
const REFUSED_STAYS_S = 10;      // a refusal stays until it can have been read

export class Store {
  #lines = new Map();            // id → the line as the server last said it
  #gone = new Map();             // id → {line, until}: left the board, and may still stand where it stood
  #intents = new Map();          // id → [intent], oldest first: {key, id, verb, body, patch, waiting}
  #refused = new Map();          // id → {sentence, until}
  #made = new Map();             // id → {line, stamp, row}: rows as they were last made

  constructor({ limit = LIMIT } = {}) {
    this.limit = limit;
    this.rev = null;             // null: no snapshot yet
    this.filter = {};
    this.found = 0;              // how many the server has for this filter
    this.summary = null;         // {counts, total, oldest_unacknowledged_at, by_service}: the whole board's
  }

  // Take the server's whole answer. What was here and is not in it has left the board, unless the question changed.
  // Return {anew}: whether it answers another question than the one before it did.
  snapshot(body, { filter = {}, now = 0 } = {}) {
    const same = JSON.stringify(filter) === JSON.stringify(this.filter);
    const before = this.#lines;
    this.filter = filter;
    this.rev = body.rev;
    this.#lines = new Map();
    for (const line of body.rows) {
      const known = before.get(line.id) ?? this.#gone.get(line.id)?.line;
      const passed = older(line, known);                 // a deed was answered while this was on its way
      if (passed && before.has(line.id) && fits(known, filter, { shown: true })) this.#lines.set(line.id, known);
      else if (!passed && fits(line, filter, { shown: true })) this.#put(line);
    }
    this.found = body.rows.length < this.limit ? this.#lines.size : Math.max(body.total, this.#lines.size);
    this.#count(body);
    if (!same) this.#gone.clear();
    else if (body.rows.length < this.limit) {
      for (const [id, line] of before) if (!this.#lines.has(id)) this.#leave(id, { ...line, status: "resolved", next: null }, now);
    }
    return { anew: !same };
  }

  // Take a change {base, rev, u, d, …}. "gap": something is missing, read a snapshot; "old": the snapshot had it.
  change(change, { now = 0 } = {}) {
    if (this.rev === null) return "gap";
    const what = verdict(this.rev, change);
    if (what !== "apply") return what;
    for (const line of change.u ?? []) this.#take(line, now);
    for (const id of change.d ?? []) {
      const line = this.#lines.get(id);
      if (line) this.#leave(id, { ...line, status: "resolved", next: null }, now);
    }
    if (compare(change.rev, this.rev) > 0) this.rev = change.rev;
    if (change.counts) this.#count(change);
    this.#trim();
    return "apply";
  }

  // Whether fewer rows are here than the server has to give.
  get wanting() {
    return this.#lines.size < Math.min(this.limit, this.found) && this.#lines.size < this.limit * 0.8;
  }

  line(id) {
    return this.#lines.get(id) ?? this.#gone.get(id)?.line ?? null;
  }

  row(id) {
    const line = this.line(id);
    return line ? this.#row(id, line) : null;
  }

  // Show `intent.patch` on top of its line from now on, whatever the server says, until it is settled or refused.
  intend(intent) {
    this.#refused.delete(intent.id);
    this.#intents.set(intent.id, [...(this.#intents.get(intent.id) ?? []), { waiting: false, ...intent }]);
  }

  intends(key, id) {
    return this.#intents.get(id)?.some((intent) => intent.key === key) ?? false;
  }

  // Mark whether an intent could not be sent yet.
  wait(key, id, waiting) {
    const all = this.#intents.get(id);
    if (all?.some((intent) => intent.key === key && intent.waiting !== waiting)) {
      this.#intents.set(id, all.map((intent) => (intent.key === key ? { ...intent, waiting } : intent)));
    }
  }

  // The server did it, or it was taken back before it was sent; `line` is what is true now, when known.
  settle(key, id, { line = null, now = 0 } = {}) {
    this.#drop(key, id);
    if (line) this.#take(line, now, { mine: true });
  }

  // The server refused: what it last said shows again, marked with its sentence.
  refuse(key, id, { sentence, line = null, now = 0 }) {
    this.#drop(key, id);
    if (line) this.#take(line, now, { mine: true });
    this.#refused.set(id, { sentence, until: now + REFUSED_STAYS_S });
    const gone = this.#gone.get(id);
    if (gone) this.#gone.set(id, { ...gone, until: Math.max(gone.until, now + REFUSED_STAYS_S) });
  }

  forgive(id) {
    this.#refused.delete(id);
  }

  // Return the rows as they are to be seen, unsorted. While `held` nothing vanishes.
  rows({ now = 0, held = false } = {}) {
    for (const [id, { until }] of this.#refused) if (now >= until) this.#refused.delete(id);
    if (!held) for (const [id, { until }] of this.#gone) if (now >= until && !this.#intents.has(id)) this.#gone.delete(id);
    const rows = [];
    for (const [id, line] of this.#lines) rows.push(this.#row(id, line));
    for (const [id, { line }] of this.#gone) rows.push(this.#row(id, line));
    if (this.#made.size > 2 * this.limit) for (const id of this.#made.keys()) if (!this.line(id)) this.#made.delete(id);
    return rows;
  }

  #row(id, line) {
    const intents = this.#intents.get(id) ?? null, refused = this.#refused.get(id) ?? null, gone = this.#gone.has(id);
    const made = this.#made.get(id);
    if (made && made.line === line && made.intents === intents && made.refused === refused && made.gone === gone) return made.row;
    const seen = Object.assign({}, line, ...(intents ?? []).map((intent) => intent.patch));
    const row = Object.freeze({
      ...seen,
      rank: rank(seen),
      pending: intents?.at(-1).verb ?? null,
      waiting: intents?.some((intent) => intent.waiting) ?? false,
      refused: refused?.sentence ?? null,
      gone,
    });
    this.#made.set(id, { line, intents, refused, gone, row });
    return row;
  }

  #take(line, now, { mine = false } = {}) {
    const shown = this.#lines.has(line.id);
    if (older(line, this.line(line.id))) return;
    if (line.status === "resolved" && this.filter.status !== "resolved") {
      if (shown || this.#gone.has(line.id)) this.#leave(line.id, line, now, { mine });
    } else if (fits(line, this.filter, { shown })) {
      if (!shown) this.found += 1;
      this.#put(line);
    } else if (shown) this.#leave(line.id, line, now, { mine });
  }

  #put(line) {
    this.#confirm(line);
    this.#gone.delete(line.id);
    this.#lines.set(line.id, line);
  }

  // Keep what left the board until nobody needs to see it there: `until` now for others' deeds, later for one's own.
  #leave(id, line, now, { mine = false } = {}) {
    if (this.#lines.delete(id)) this.found = Math.max(0, this.found - 1);
    const own = mine || this.#intents.has(id) || this.#gone.has(id);
    this.#confirm(line);
    this.#gone.set(id, { line, until: now + (own ? RESOLVED_STAYS_S : 0) });
  }

  #confirm(line) {
    const all = this.#intents.get(line.id);
    if (all?.some((intent) => intent.patch && holds(line, intent))) {
      this.#intents.set(line.id, all.map((intent) => (holds(line, intent) ? { ...intent, patch: null } : intent)));
    }
  }

  #drop(key, id) {
    const rest = (this.#intents.get(id) ?? []).filter((intent) => intent.key !== key);
    if (rest.length) this.#intents.set(id, rest); else this.#intents.delete(id);
  }

  // A change counts the whole board; a board that shows less counts for itself what is more than it shows.
  #count({ counts, total, oldest_unacknowledged_at, by_service }) {
    const open = ["open", "acknowledged", "snoozed", "suppressed"].reduce((sum, status) => sum + (counts[status] ?? 0), 0);
    const summary = { counts, total: open, oldest_unacknowledged_at, by_service };  // a snapshot's total is of its filter
    if (JSON.stringify(summary) !== JSON.stringify(this.summary)) this.summary = summary;  // a view compares by identity
    if (Object.values(this.filter).every((wanted) => !wanted)) this.found = Math.max(total, this.#lines.size);
  }

  #trim() {
    if (this.#lines.size <= this.limit) return;
    const worst = [...this.#lines].map(([id, line]) => this.#row(id, line)).sort(worstFirst);
    for (const line of worst.slice(this.limit)) if (!this.#intents.has(line.id)) this.#lines.delete(line.id);
  }
}

// Whether `line` was read before `mine`: an answer and a change may overtake each other on the way.
function older(line, mine) {
  if (!mine) return false;
  return line.version < mine.version || (line.version === mine.version && line.generation === mine.generation && line.count < mine.count);
}
