// Shifts written down one by one, as a temporary schedule has them, and what of a time line lies in its window.
import { DAY, fromField, toField } from "./zones.js";

// Those that are whole: somebody, from before to after. What is still being written is left out.
export function readShifts(shifts, zone) {
  return shifts
    .map((one) => ({ start_at: fromField(one.from, zone), end_at: fromField(one.to, zone, { last: true }), user_ids: one.user ? [one.user] : [] }))
    .filter((one) => one.user_ids.length && one.start_at !== null && one.end_at !== null && one.start_at < one.end_at);
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
