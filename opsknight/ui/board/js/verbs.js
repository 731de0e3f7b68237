// What can be done to an incident, what it looks like at once, and how it is said. The server decides; this only foresees.
const ASLEEP_OR_AWAKE = ["open", "acknowledged", "snoozed", "suppressed"];
const ALLOWED = {
  acknowledge: ASLEEP_OR_AWAKE,
  unacknowledge: ["acknowledged"],
  snooze: ["open", "acknowledged", "snoozed"],
  wake: ["snoozed", "suppressed"],
  suppress: ASLEEP_OR_AWAKE,
  resolve: [...ASLEEP_OR_AWAKE, "resolved"],
  reopen: ["resolved"],
  reassign: ASLEEP_OR_AWAKE,
  escalate: ASLEEP_OR_AWAKE,
  "keep-quiet": ["resolved"],
};
const PAST = {
  acknowledge: "acknowledged", unacknowledge: "unacknowledged", snooze: "snoozed", wake: "woken", suppress: "suppressed",
  resolve: "resolved", reopen: "reopened", reassign: "reassigned", escalate: "escalated", undo: "taken back",
  "keep-quiet": "kept quiet until clear",
};
const OPENED_ANEW = { status: "open", assignee: null, assignee_id: null, until: null, next: null };

export const can = (row, verb) => ALLOWED[verb].includes(row.status);
export const past = (verb) => PAST[verb];

// The same sentence as the server's.
export function refusal(row, verb) {
  return `Cannot ${verb} “${row.title}”: it is ${row.status === "resolved" ? "already resolved" : `${row.status} now`}.`;
}

// Acknowledging what another person has changes nothing; the board offers to take it over instead.
export function ownedByAnother(row, me) {
  return row.status === "acknowledged" && row.assignee_id !== null && row.assignee_id !== me.id;
}

// Whether I own it and am asked “still on it?”: then acknowledging it again is the answer.
export function asks(row, me) {
  return row.status === "acknowledged" && row.assignee_id === me.id && row.next?.kind === "ack_reminder";
}

// What the row becomes in this frame. Escalating is not foreseen: only the server knows whom it reaches.
export function patch(verb, row, { me, body = {}, now }) {
  const until = body.until ?? (body.for_s ? now + body.for_s : null);
  switch (verb) {
    case "acknowledge":
      if (asks(row, me)) return { next: null };
      return row.status === "acknowledged" ? {} : mine(me);
    case "resolve":
      return { status: "resolved", until: null, next: null };
    case "snooze":
      return { status: "snoozed", until, next: { kind: "snooze_end", step: null, at: until } };
    case "suppress":
      return { status: "suppressed", until, next: { kind: "suppress_end", step: null, at: until } };
    case "keep-quiet":
      return { status: "suppressed", until: null, next: null };
    case "reassign":
      return body.to === me.id ? mine(me) : { ...OPENED_ANEW, assignee: body.name, assignee_id: body.to };
    case "unacknowledge": case "wake": case "reopen":
      return { ...OPENED_ANEW };
    default:
      return {};
  }
}

function mine(me) {
  return { status: "acknowledged", assignee: me.name, assignee_id: me.id, until: null, next: null };
}

// Whether the server's line already is what was wanted; then the foreseen one has done its service.
export function holds(line, { verb, body = {} }) {
  switch (verb) {
    case "acknowledge": return line.status === "acknowledged" && line.next?.kind !== "ack_reminder";
    case "resolve": return line.status === "resolved";
    case "snooze": return line.status === "snoozed";
    case "suppress": case "keep-quiet": return line.status === "suppressed";
    case "reassign": return line.assignee_id === body.to;
    case "unacknowledge": case "wake": case "reopen": return line.status === "open";
    default: return false;
  }
}

const named = (rows) => (rows.length === 1 ? `#${rows[0].n}` : `${rows.length} incidents`);

export const stays = (rows) => `${named(rows)} ${rows.length === 1 ? "stays" : "stay"} with you`;

export function said(verb, rows, body = {}) {
  const what = named(rows);
  if (verb === "escalate") return `Escalating ${what}`;
  if (verb === "reassign") return `${what} reassigned to ${body.name}`;
  return `${what} ${PAST[verb]}`;
}
