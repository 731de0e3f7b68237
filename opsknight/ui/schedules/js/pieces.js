// From a time line as it is read to what is drawn: pieces in lanes, rows in bands, days with what is in them.
import { DAY, days, monday, monthOf, startOf } from "./zones.js";

// Puts each piece into the first lane in which it does not meet another; returns how many lanes there are.
export function laned(pieces) {
  const free = [];
  for (const piece of pieces) {
    let lane = free.findIndex((end) => end <= piece.start_at);
    if (lane < 0) lane = free.push(0) - 1;
    free[lane] = piece.end_at;
    piece.lane = lane;
  }
  return Math.max(1, free.length);
}

const inOrder = (a, b) => a.start_at - b.start_at || (a.user_id ?? 0) - (b.user_id ?? 0);
const within = (pieces, from, to) => pieces.filter((one) => one.start_at < to && one.end_at > from).sort(inOrder);

// What is drawn of the final layer: who is on call, and the gaps, with those who are away marked.
export function final(timeline) {
  const away = timeline.away ?? [];
  const shifts = timeline.final.map((one) => ({
    ...one, away: away.some((time) => time.user_id === one.user_id && time.start_at < one.end_at && time.end_at > one.start_at),
  }));
  const gaps = timeline.gaps.map(([start_at, end_at]) => ({ gap: true, start_at, end_at, user_id: null, user: null }));
  return [...shifts, ...gaps].sort(inOrder);
}

const CHANGES = { add: "in addition", remove: "off call", replace: "instead" };
function changesOf(timeline, names) {
  const overrides = timeline.overrides.map((one) => ({
    ...one, override_id: one.id, user: names[one.user_id ?? one.replaces_id], user_id: one.user_id ?? one.replaces_id,
    off: one.change === "remove", instead_of: names[one.replaces_id] ?? null, layer: "override", word: CHANGES[one.change],
  }));
  const temporary = timeline.temporary.map((one) => ({
    ...one, temporary_id: one.id, temporary: one.name, user: one.name, user_id: null, whole: true,
  }));
  return [...temporary, ...overrides];
}

// The rows of the chart in bands, from what counts to what is only listened to.
export function bands(timeline, names, from, to) {
  const row = (name, kind, pieces, key) => { const own = within(pieces, from, to); return { name, kind, key, pieces: own, lanes: laned(own) }; };
  const changed = row("Overrides", "override", changesOf(timeline, names), "overrides");
  const layers = timeline.layers.map((one, i) => row(one.name, "layer", one.turns, `layer-${one.id ?? i}`));
  const shadows = timeline.shadows.map((one, i) => row(one.name, "shadow", one.turns, `shadow-${one.id ?? i}`));
  return [
    { kind: "final", name: "On call", rows: [row("On call", "final", final(timeline), "final")] },
    changed.pieces.length ? { kind: "override", name: "Changes for a while", rows: [changed] } : null,
    layers.length ? { kind: "layer", name: layers.length > 1 ? "Layers, the highest first" : "Layer", rows: layers } : null,
    shadows.length ? { kind: "shadow", name: "Shadows: they listen, nobody pages them", rows: shadows } : null,
  ].filter(Boolean);
}

// Which days a view shows: [from, to) as days, and the step of previous and next.
export function range(view, day) {
  if (view === "day") return [day, day + DAY];
  if (view === "week") return [monday(day), monday(day) + 7 * DAY];
  if (view === "fortnight") return [monday(day), monday(day) + 14 * DAY];
  const [first, after] = monthOf(day);
  return [monday(first), monday(after - DAY) + 7 * DAY];
}

export const bounds = (view, day, zone) => { const [from, to] = range(view, day); return [startOf(from, zone), startOf(to, zone)]; };

// The days of a view, each with the pieces that touch it, cut at its edges, the whole piece kept beside.
export function byDay(pieces, from, to, zone) {
  return days(from, to, zone).map((one) => ({
    ...one,
    parts: within(pieces, one.start, one.end).map((piece) => ({
      piece, start: Math.max(piece.start_at, one.start), end: Math.min(piece.end_at, one.end),
      whole: piece.start_at <= one.start && piece.end_at >= one.end, begins: piece.start_at >= one.start,
    })),
  }));
}

// Everybody's colour, 0 to 7, for as long as nobody comes or goes: by their place among the people of the schedule.
export function colours(ids) {
  return Object.fromEntries([...new Set(ids)].sort((a, b) => a - b).map((id, i) => [id, i % 8]));
}

// The piece of a row that is nearest to an instant.
export function nearest(pieces, at) {
  const away = (one) => (one.start_at <= at && one.end_at > at ? 0 : Math.min(Math.abs(one.start_at - at), Math.abs(one.end_at - at)));
  return pieces.reduce((best, one) => (!best || away(one) < away(best) ? one : best), null);
}

export const snapped = (at, step) => Math.round(at / step) * step;
