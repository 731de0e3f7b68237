// What a time on call is called, in words: how long, why, and what the clocks do to it.
import { dayOf, moment, shortDay, span, wall } from "./zones.js";

// 45 min · 9 h · 7 h 30 min · 7 d · 7 d 1 h
export function lasting(seconds) {
  const minutes = Math.max(0, Math.floor(seconds / 60 + 0.01));
  const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "min"]];
  const said = parts.filter(([number]) => number).slice(0, 2).map(([number, unit]) => `${number} ${unit}`);
  return said.join(" ") || "0 min";
}

// 25 h · 23 h 30 min, also of more than a day
const hours = (seconds) => `${Math.floor(seconds / 3600)} h${seconds % 3600 ? ` ${Math.round((seconds % 3600) / 60)} min` : ""}`;

// By how many seconds a time is longer than its clock says.
export const stretched = (piece, zone) => (piece.end_at - piece.start_at) - (wall(piece.end_at, zone) - wall(piece.start_at, zone));

// “It lasts 9 h because the clocks go back.”
export function clockWords(piece, zone) {
  const by = stretched(piece, zone);
  if (!by) return "";
  return `It lasts ${lasting(piece.end_at - piece.start_at)} because the clocks go ${by > 0 ? "back" : "forward"}.`;
}

export function dayWords(one) {
  if (!one.change) return "";
  return `The clocks go ${one.change > 0 ? "back" : "forward"}: this day has ${hours(one.end - one.start)}`;
}

// Why somebody is on call, as the end of a sentence; `by` tells who made an override and what they noted.
export function why(piece, by = {}) {
  if (piece.gap) return "No layer and no override covers this time.";
  const parts = [];
  if (piece.temporary) parts.push(`By the temporary schedule “${piece.temporary}”`);
  if (piece.layer && piece.layer !== "override") parts.push(`${parts.length ? "its layer" : "By the layer"} “${piece.layer}”`);
  const made = by[piece.override_id];
  const maker = made?.by ? ` by ${made.by}` : "";
  if (piece.override_id) {
    const swap = made?.swap_id ? "a swapped shift" : `an override${maker}`;
    parts.push(piece.instead_of ? `${swap}: instead of ${piece.instead_of}` : `${swap}: ${piece.layer === "override" && made?.change !== "replace" ? "in addition" : "instead of everybody"}`);
  }
  if (piece.leave_id) parts.push(`as the substitute of ${piece.instead_of ?? "somebody"}, who is on leave`);
  const said = parts.join(", ") || "By nothing that is named";
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}${made?.note ? ` (“${made.note}”)` : ""}.`;
}

export const who = (piece) => (piece.gap ? "Nobody" : piece.user ?? "Somebody whose account is gone");

// What a piece says to those who do not see it.
export function aloud(piece, zone, by) {
  const away = piece.away ? ` ${who(piece)} is away then.` : "";
  return `${who(piece)}, ${span(piece.start_at, piece.end_at, zone)}, ${lasting(piece.end_at - piece.start_at)}. ${why(piece, by)}${away} ${clockWords(piece, zone)}`.trim();
}

export const initials = (name) => {
  const words = (name ?? "?").trim().split(/\s+/);
  return `${words[0]?.[0] ?? "?"}${words.length > 1 ? words.at(-1)[0] : ""}`.toUpperCase();
};

// As much of a name as a width takes: Ada Moreno · Ada M. · Ada · AM · nothing. A gap says “Nobody”, or its mark.
export function fitting(name, room_px, { bold = false, word = "" } = {}) {
  const letter = bold ? 7.6 : 6.6, fits = (text) => text.length * letter + 14 <= room_px;
  const words = name.trim().split(/\s+/), short = words.length > 1 ? `${words[0]} ${words.at(-1)[0]}.` : words[0];
  const few = word === "!" ? "!" : initials(name);
  if (word && word !== "!" && fits(`${name} ${word}`)) return `${name} ${word}`;
  return [name, ...(word === "!" ? [] : [short, words[0]])].find(fits) ?? (room_px >= few.length * letter + 10 ? few : "");
}

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

// “Nobody is on call on Sat 5 Dec, 09:00 to 17:00, and 3 times more.”
export function gapWords(gaps, zone, named = 2) {
  if (!gaps.length) return "";
  const said = gaps.slice(0, named).map(([start, end]) => `${span(start, end, zone)} (${lasting(end - start)})`);
  const more = gaps.length - said.length;
  return `Nobody is on call ${said.join(", and ")}${more > 0 ? `, and ${plural(more, "time")} more` : ""}.`;
}

// “Amira Khan would not be on call any more by a swap with Wei Zhang: Sat 5 Dec, 09:00 to 17:00.”
export function undoneWords(undone, zone, named = 5) {
  const said = undone.slice(0, named).map((one) => `${one.user} would not be on call any more by ${one.by}: ${span(one.start_at, one.end_at, zone)}.`);
  return undone.length > named ? [...said, `And ${plural(undone.length - named, "time")} more.`] : said;
}

// “On Sun 6 Dec 03:00 Amira Khan is on call, until Mon 7 Dec 09:00. By the layer “Primary”.”
export function answer(found, at, zone, by, upcoming) {
  const when = moment(at, zone);
  if (!found.length) {
    const next = upcoming[0];
    return `On ${when} nobody is on call.${next ? ` Next is ${who(next)}, from ${moment(next.start_at, zone)}.` : ""}`;
  }
  const until = Math.min(...found.map((one) => one.end_at));
  const names = found.map(who), last = names.pop();
  const all = names.length ? `${names.join(", ")} and ${last} are` : `${last} is`;
  return `On ${when} ${all} on call, until ${moment(until, zone)}. ${found.map((one) => why(one, by)).join(" ")}`;
}

export const onDay = (at, zone, today) => (dayOf(at, zone) === today ? "today" : shortDay(at, zone));
