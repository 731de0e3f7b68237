// What is said aloud to those who do not see the board: new high urgency at once, the rest gathered and politely.
import { rank, worstFirst } from "./rows.js";

const GATHER_MS = 1000;

export class News {
  #known = new Map();            // id → status, as last heard
  #gathered = [];
  #timer = null;
  #left_out_until = 0;           // what was created before is not new where it was not heard of: the board left it out

  constructor({ announce, me, later = (run, ms) => setTimeout(run, ms) }) {
    Object.assign(this, { announce, me, later });
  }

  // Every row of a snapshot. `silently` where it is the first, or answers another question: nothing of it is news then.
  // `left_out_until` is its instant where there was more than it tells of.
  seen(rows, { silently = false, left_out_until = 0 } = {}) {
    this.#look(rows, { silently });
    this.#left_out_until = left_out_until;
  }

  known(line) {
    this.#known.set(line.id, line.status);
  }

  changed(change) {
    this.#look(change.u ?? [], {});
    for (const id of change.d ?? []) this.#known.delete(id);
  }

  // However many are new at once, the worst is named and the others are counted.
  #look(lines, { silently }) {
    const loud = [];
    for (const line of lines) {
      const before = this.#known.get(line.id), left_out = before === undefined && line.created_at < this.#left_out_until;
      this.#known.set(line.id, line.status);
      if (silently || before === line.status || (left_out && line.status === "open")) continue;
      const fresh = before === undefined && !left_out;
      if (fresh && line.urgency === "high" && line.status === "open") loud.push(line);
      else if (line.assignee_id !== this.me.id) this.#gather(fresh ? `New: ${line.title}` : `#${line.n} ${line.status}${line.assignee ? `, ${line.assignee}` : ""}`);
    }
    if (!loud.length) return;
    const [worst] = loud.map((line) => ({ ...line, rank: rank(line) })).sort(worstFirst);
    this.announce(`New ${worst.severity}: ${worst.title}, ${worst.service}, number ${worst.n}`, { assertive: true, about: "new", more: loud.length - 1 });
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
