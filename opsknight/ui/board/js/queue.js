// What was asked for and is not answered yet, kept on this device so that neither a reload nor a tunnel loses it.
// localStorage "ok-queue": [{key, id, n, title, verb, body, seen_version, at, user}]; the offline page counts it.
const KEY = "ok-queue";
export const TOO_OLD_S = 600;    // older than this it is not sent without asking: the world has moved on

export class Queue {
  #held = [];                    // used when storage is refused
  #asked = new Set();            // keys that the person confirmed though they are old

  constructor({ storage, user }) {
    this.storage = storage;
    this.user = user;
  }

  // Every entry of this person, oldest first. Another person's on a shared device stay theirs.
  all() {
    return this.#read().filter((entry) => entry.user === this.user);
  }

  add(entry) {
    this.#write([...this.#read(), { ...entry, user: this.user }]);
  }

  remove(key) {
    this.#write(this.#read().filter((entry) => entry.key !== key));
  }

  // What was seen by this person includes what he did: later deeds on `id` are not stale because of earlier ones.
  saw(id, { before, after }) {
    const moved = (entry) => entry.user === this.user && entry.id === id && entry.seen_version === before;
    this.#write(this.#read().map((entry) => (moved(entry) ? { ...entry, seen_version: after } : entry)));
  }

  // Entries that may be sent, and those that are too old to be sent without a word.
  ripe(now) {
    return this.all().filter((entry) => !this.#old(entry, now));
  }

  stale(now) {
    return this.all().filter((entry) => this.#old(entry, now));
  }

  confirm(keys) {
    for (const key of keys) this.#asked.add(key);
  }

  #old(entry, now) {
    return now - entry.at > TOO_OLD_S && !this.#asked.has(entry.key);
  }

  #read() {
    try {
      const kept = JSON.parse(this.storage.getItem(KEY) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return this.#held;
    }
  }

  #write(entries) {
    this.#held = entries;
    try {
      if (entries.length) this.storage.setItem(KEY, JSON.stringify(entries)); else this.storage.removeItem(KEY);
    } catch {
      // storage is refused or full: it lasts as long as the page
    }
  }
}
