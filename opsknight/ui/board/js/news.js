// What is said aloud to those who do not see the board: new high urgency at once, the rest gathered and politely.
const GATHER_MS = 1000;

export class News {
  #known = new Map();            // id → status, as last heard
  #gathered = [];
  #timer = null;

  constructor({ announce, me, later = (run, ms) => setTimeout(run, ms) }) {
    Object.assign(this, { announce, me, later });
  }

  // Every row there is; on the first look nothing of it is news.
  seen(rows, { silently = false } = {}) {
    for (const row of rows) this.#look(row, { silently });
  }

  known(line) {
    this.#known.set(line.id, line.status);
  }

  changed(change) {
    for (const line of change.u ?? []) this.#look(line, {});
    for (const id of change.d ?? []) this.#known.delete(id);
  }

  #look(line, { silently }) {
    const before = this.#known.get(line.id);
    this.#known.set(line.id, line.status);
    if (silently || before === line.status) return;
    if (before === undefined && line.urgency === "high" && line.status === "open") {
      this.announce(`New ${line.severity}: ${line.title}, ${line.service}, number ${line.n}`, { assertive: true });
    } else if (line.assignee_id !== this.me.id) this.#gather(before === undefined ? `New: ${line.title}` : `#${line.n} ${line.status}${line.assignee ? `, ${line.assignee}` : ""}`);
  }

  #gather(words) {
    this.#gathered.push(words);
    this.#timer ??= this.later(() => {
      const all = this.#gathered.splice(0);
      this.#timer = null;
      this.announce(all.length === 1 ? all[0] : `${all.length} incidents changed`);
    }, GATHER_MS);
  }
}
