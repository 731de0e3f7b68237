// A schedule while it is written: what a new layer begins with, its words, and the order of things.
import { plural } from "./words.js";
import { DAY, dayField, dayOf, monday } from "./zones.js";

export const UNITS = { hours: "hours", days: "days", weeks: "weeks", months: "months", weekdays: "handoffs at weekdays" };
export const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const short = (number) => WEEKDAYS[number - 1].slice(0, 3);

// A turn a week from this Monday at 09:00, so that somebody is on call from now on.
export function newLayer(name, now, zone) {
  return { name, kind: "rotation", zone: null, starts_at: `${dayField(monday(dayOf(now, zone) - DAY / 2))}T09:00`, ends_at: null, unit: "weeks", length: 1, handoffs: [], groups: [], hours: [], holidays: "any", active_only: false };
}
export function newSchedule(team_id, now, zone) {
  return { name: "", team_id, zone, layers: [newLayer("Weekly", now, zone)], shadow_layers: [], on_leave: "warn", country: "", subdivision: "", holidays: [] };
}

// The API tells hours day by day; people read Mon to Fri, 08:00 to 20:00.
export function gathered(hours) {
  const found = [];
  for (const one of hours) {
    const same = one.to_weekday ? null : found.find((other) => !other.to_weekday && other.start === one.start && other.end === one.end);
    if (same) same.weekdays = [...new Set([...same.weekdays, ...one.weekdays])].sort((a, b) => a - b);
    else found.push({ to_weekday: null, ...one, weekdays: [...one.weekdays] });
  }
  return found;
}
const minute = (at) => (at ?? "").slice(0, 16);
export function opened(layer) {
  if (layer.kind === "fixed") return { ...layer };
  return { ...layer, starts_at: minute(layer.starts_at), ends_at: layer.ends_at ? minute(layer.ends_at) : null, hours: gathered(layer.hours), groups: layer.groups.map((group) => [...group]), handoffs: layer.handoffs.map((one) => ({ ...one })) };
}

// What is sent: without what the form alone knows, and without empty groups.
export function sent(layer) {
  const { key, ...plain } = layer;
  if (plain.kind === "fixed") return plain;
  return { ...plain, zone: plain.zone || null, ends_at: plain.ends_at || null, starts_at: plain.starts_at || null, length: Number(plain.length) || 0,
    handoffs: plain.unit === "weekdays" ? plain.handoffs : [], groups: plain.groups.filter((group) => group.length), hours: plain.hours.filter((one) => one.weekdays.length) };
}

export function moved(list, from, to) {
  if (to < 0 || to >= list.length || from === to) return list;
  const rest = list.filter((_, i) => i !== from);
  return [...rest.slice(0, to), list[from], ...rest.slice(to)];
}

function days(weekdays) {
  const run = weekdays.length > 2 && weekdays.every((day, i) => i === 0 || day === weekdays[i - 1] + 1);
  if (weekdays.length === 7) return "every day";
  return run ? `${short(weekdays[0])} to ${short(weekdays.at(-1))}` : weekdays.map(short).join(", ");
}
export function hourWords(one) {
  const until = one.to_weekday ? `${short(one.to_weekday)} ${one.end}` : one.end;
  return `${days(one.weekdays)}, ${one.start} to ${until}${!one.to_weekday && one.end <= one.start ? " the next day" : ""}`;
}

// “Every week, 3 people, Mon to Fri, 08:00 to 20:00.”
export function layerWords(layer) {
  if (layer.kind === "fixed") return `${plural(layer.shifts.length, "fixed shift")}`;
  const single = { hours: "hour", days: "day", weeks: "week", months: "month" }[layer.unit];
  const many = Number(layer.length) || 1;
  const turn = layer.unit === "weekdays" ? `Hands over ${layer.handoffs.map((one) => `${short(one.weekday)} ${one.at}`).join(", ") || "never yet"}` : many === 1 ? `Every ${single}` : `Every ${many} ${layer.unit}`;
  const groups = layer.groups.filter((group) => group.length), people = new Set(groups.flat()).size;
  const hours = layer.hours.length ? layer.hours.map(hourWords).join("; ") : "around the clock";
  const holidays = { not: ", not on holidays", only: ", on holidays only" }[layer.holidays] ?? "";
  return `${turn}, ${people ? plural(people, "person", "people") : "nobody yet"}, ${hours}${holidays}.`;
}
