// Words for times and states. Instants are epoch seconds; `now` is the server's, so a wrong clock here misleads nobody.
const STATUS = { open: "Open", acknowledged: "Acknowledged", snoozed: "Snoozed", suppressed: "Suppressed", resolved: "Resolved" };

export const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
export const statusWord = (row) => STATUS[row.status] ?? capital(row.status);

// How long something lasts: 48s · 29m · 6h 13m · 3d 4h.
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86400) return `${Math.floor(s / 3600)}h ${Math.floor(s / 60) % 60}m`;
  return `${Math.floor(s / 86400)}d ${Math.floor(s / 3600) % 24}h`;
}

// How long until something; seconds count down where they matter.
export function countdown(seconds) {
  const s = Math.ceil(seconds);
  if (s <= 0) return "now";
  return s >= 60 && s < 600 ? `in ${Math.floor(s / 60)}m ${String(s % 60).padStart(2, "0")}s` : `in ${span(s)}`;
}

// What one <time> of a row says: its age, or the time left.
export const timeWords = (as, at, now) => (as === "left" ? countdown(at - now) : span(now - at));

const NEXT = {
  escalation: (step) => (step ? `Step ${step}` : "Pages"),
  pause: () => "Pages",
  safety_net: () => "Safety net",
  snooze_end: () => "Wakes",
  suppress_end: () => "Quiet, ends",
  ack_timeout: () => "Asked again",
  ack_reminder: () => "Pages again",
};

// Why it is quiet where nobody said so.
const CAUSES = { maintenance: "Maintenance", inhibition: "Inhibited", flapping: "Flapping" };

// Who has it, or else what happens next: {who, what, at}; `what` counts down to `at`.
export function nextMove(row) {
  const move = row.next && row.next.at ? row.next : null;
  const what = move ? (NEXT[move.kind] ?? (() => "Next"))(move.step) : "";
  if (row.status === "acknowledged") {
    const soon = move && ["ack_reminder"].includes(move.kind);  // the rest is far away and would only flicker
    return { who: row.assignee ?? "Its monitor", what: soon ? what : "", at: soon ? move.at : null };
  }
  if (row.status === "resolved") return { who: row.assignee ?? "", what: "", at: null };
  const cause = row.status === "suppressed" && row.quiet ? CAUSES[row.quiet.cause] : null;
  if (cause) return { who: "", what: move ? `${cause}, ends` : cause, at: move ? move.at : null };
  if (row.status === "suppressed" && !move) return { who: "", what: "Quiet until it clears", at: null };
  if (!move) return { who: row.assignee ?? "", what: row.assignee ? "" : "Nobody is paged", at: null };
  return { who: row.assignee ?? "", what, at: move.at };
}

export const iso = (at) => new Date(at * 1000).toISOString();
export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

// A line to be read aloud: what a sighted person takes from a row at a glance.
export function aloud(row) {
  const { who, what } = nextMove(row);
  return [`#${row.n}`, row.severity, row.title, row.service, statusWord(row), who || what].filter(Boolean).join(", ");
}
