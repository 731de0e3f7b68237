// Builders: a line says only what its test is about.
export const NOON = 1_800_000_000;
export const SAM = { id: 1, name: "Sam Sample", role: "responder" };
export const ADA = { id: 2, name: "Ada Adams", role: "responder" };

let made = 0;
export function aLine(said = {}) {
  made += 1;
  return {
    id: `id-${made}`, n: made, title: `Disk ${made} full`, status: "open", urgency: "high", severity: "critical", priority: null, service: "Checkout", service_id: 1,
    team: "Platform", assignee: null, assignee_id: null, version: 1, generation: 1, created_at: NOON - made, last_event_at: NOON, count: 1, until: null, next: null,
    runbook_url: "", ...said,
  };
}

export function aSnapshot(rows, said = {}) {
  return { rev: "e.10.0", now: NOON, rows, total: rows.length, counts: { open: rows.length, acknowledged: 0, snoozed: 0, suppressed: 0, high_unacknowledged: 0 },
    oldest_unacknowledged_at: null, by_service: [], ...said };
}

export function aChange(said = {}) {
  return { base: "e.10.0", rev: "e.11.0", now: NOON, u: [], d: [], ...said };
}

export const byHerself = { status: "acknowledged", assignee: ADA.name, assignee_id: ADA.id };
