// Shifts written down one by one, as a temporary schedule has them, and what of a time line lies in its window.
import { DAY, fromField, toField } from "./zones.js";

// What a field means. One that still shows an instant which was there before means that one: it may have seconds, or
// be the second of two that the clock shows alike.
export function meant(field, zone, was, how) {
  return was !== undefined && toField(was, zone) === field ? was : fromField(field, zone, how);
}

// Those that are whole: somebody, from before to after. What is still being written is left out. Whose times are the
// same have one shift together.
export function readShifts(shifts, zone) {
  const found = [];
  for (const { user, from, to, was = [] } of shifts) {
    const start_at = meant(from, zone, was[0]), end_at = meant(to, zone, was[1], { last: true });
    if (!user || start_at === null || end_at === null || start_at >= end_at) continue;
    const same = found.find((one) => one.start_at === start_at && one.end_at === end_at);
    if (same) same.user_ids.push(user); else found.push({ start_at, end_at, user_ids: [user] });
  }
  return found;
}

// The same back: each person of each shift in a line of their own.
export function openShifts(shifts, zone) {
  return shifts.flatMap(({ start_at, end_at, user_ids }) => user_ids.map((user) => ({ user, from: toField(start_at, zone), to: toField(end_at, zone), was: [start_at, end_at] })));
}

// The next begins where the last ends and lasts as long as that, a day where it is not known.
export function nextShift(last, until, zone) {
  const start = fromField(last.from, zone), end = fromField(last.to, zone, { last: true });
  if (end === null) return { user: null, from: "", to: until };
  const length = start !== null && end > start ? end - start : DAY;
  return { user: null, from: toField(end, zone), to: toField(end + length, zone) };
}

export function clipped(timeline, from, to) {
  const cut = (one) => ({ ...one, start_at: Math.max(one.start_at, from), end_at: Math.min(one.end_at, to) });
  const within = (pieces) => pieces.filter((one) => one.start_at < to && one.end_at > from).map(cut);
  const gaps = timeline.gaps.filter(([start, end]) => start < to && end > from).map(([start, end]) => [Math.max(start, from), Math.min(end, to)]);
  return { ...timeline, final: within(timeline.final), layers: timeline.layers.map((one) => ({ ...one, turns: within(one.turns) })), gaps, overrides: [], temporary: [] };
}
