// Which rows stand where: worst first, but never under the hands of somebody who is reading.
const SEVERITIES = ["critical", "error", "warning", "info"];
const ASLEEP = new Set(["snoozed", "suppressed", "resolved"]);

// How bad a row is, the worst 0: the same sum as the server's, made here because an optimistic row has no server's rank.
export function rank(row) {
  const severity = SEVERITIES.indexOf(row.severity);
  return (ASLEEP.has(row.status) ? 100 : 0) + (row.urgency === "low" ? 50 : 0) + (row.status === "open" ? 0 : 10)
    + (severity < 0 ? SEVERITIES.length : severity);
}

// Rows carry their rank, for 300 of them are sorted at every change.
export function worstFirst(a, b) {
  return a.rank - b.rank || b.created_at - a.created_at || b.n - a.n;
}

// Return {rows, fresh}. While `held`, rows keep the places of `order` (ids), and those not in it wait as `fresh`.
export function arrange(rows, { order, held }) {
  const sorted = [...rows].sort(worstFirst);
  if (!held) return { rows: sorted, fresh: [] };
  const byId = new Map(sorted.map((row) => [row.id, row]));
  const kept = order.map((id) => byId.get(id)).filter(Boolean);
  const known = new Set(order);
  return { rows: kept, fresh: sorted.filter((row) => !known.has(row.id)) };
}

// Return where the active row is after a change: itself, else what now stands in its place.
export function follow(rows, { id, index }) {
  const at = rows.findIndex((row) => row.id === id);
  if (at >= 0) return at;
  return id === null || !rows.length ? -1 : Math.min(Math.max(index, 0), rows.length - 1);
}

const FELL_S = 1.5;              // a press so soon after the selection fell was meant for what has left

// That the selection has fallen from a row that left to what now stands in its place.
export class Fall {
  #from = null;                  // {n, at}: what it fell from, and when

  note(from, at) { this.#from = from ? { n: from.n, at } : null; }

  // Return the number that a press now is meant for, once: the next one is meant for what is selected by then.
  take(now) {
    const from = this.#from;
    this.#from = null;
    return from && now - from.at < FELL_S ? from.n : null;
  }
}

// What the reader asked to see. A row that is shown already is not asked for words again: the server knows more of them.
export function fits(row, filter, { shown = false } = {}) {
  if (filter.status && row.status !== filter.status) return false;
  if (filter.urgency && row.urgency !== filter.urgency) return false;
  if (filter.board && ![row.team, row.service].some((name) => name?.toLowerCase() === filter.board.toLowerCase())) return false;
  return shown || matches(row, filter.q);
}

function matches(row, q) {
  const words = (q ?? "").trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length || `#${row.n}` === words[0] || String(row.n) === words[0]) return true;
  const text = `${row.title} ${row.service} ${row.assignee ?? ""} ${row.team ?? ""}`.toLowerCase();
  const service = row.service.toLowerCase();
  return service.includes(words.join(" ")) || words.every((word) => new RegExp(`(^|[^\\p{L}\\p{N}])${escape(word)}`, "u").test(text));
}

// The numbers of a board that shows a part of all incidents, counted here from its own rows.
export function summarise(rows) {
  const counts = { open: 0, acknowledged: 0, snoozed: 0, suppressed: 0, high_unacknowledged: 0 };
  const services = new Map();
  let oldest = null;
  for (const row of rows) {
    if (!(row.status in counts)) continue;
    counts[row.status] += 1;
    if (row.status === "open") {
      if (row.urgency === "high") counts.high_unacknowledged += 1;
      oldest = Math.min(oldest ?? row.created_at, row.created_at);
    }
    if (row.status === "suppressed") continue;
    const service = services.get(row.service) ?? { service: row.service, critical: 0, error: 0, warning: 0, info: 0 };
    service[row.severity] += 1;
    services.set(row.service, service);
  }
  const by_service = [...services.values()].sort((a, b) => (
    SEVERITIES.map((severity) => b[severity] - a[severity]).find(Boolean) ?? a.service.localeCompare(b.service)));
  const total = counts.open + counts.acknowledged + counts.snoozed + counts.suppressed;
  return { counts, total, oldest_unacknowledged_at: oldest, by_service };
}

function escape(word) {
  return word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
