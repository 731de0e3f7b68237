// Wall clocks of zones. Instants are epoch seconds; a day is the wall clock's midnight as if it were UTC, in seconds.
export const DAY = 86400, WEEK = 7 * DAY;
const makers = new Map(), offsets = new Map();

const maker = (zone, options, locale) => {
  const key = `${locale ?? ""}|${zone}|${JSON.stringify(options)}`;
  if (!makers.has(key)) makers.set(key, new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }));
  return makers.get(key);
};
const NUMBERS = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" };

// How far the clock of `zone` is ahead of UTC at an instant, in seconds. Clocks are changed on whole quarters of an hour.
export function offset(at, zone) {
  const quarter = Math.floor(at / 900), key = `${zone}|${quarter}`;
  let found = offsets.get(key);
  if (found === undefined) {
    const said = Object.fromEntries(maker(zone, NUMBERS, "en-US").formatToParts(quarter * 900_000).map(({ type, value }) => [type, Number(value)]));
    found = Date.UTC(said.year, said.month - 1, said.day, said.hour, said.minute, said.second) / 1000 - quarter * 900;
    if (offsets.size > 20_000) offsets.clear();
    offsets.set(key, found);
  }
  return found;
}
// Whether this browser has the zone: it may be older than the server's.
export const known = (zone) => { try { return Boolean(maker(zone, {})); } catch { return false; } };
// What the clock shows, as if that were UTC.
export const wall = (at, zone) => at + offset(at, zone);

// The instant of a wall-clock time: the first where it occurs twice (`last`: the last), the end of the gap where it does not.
export function instant(shown, zone, { last = false } = {}) {
  const candidates = [shown - offset(shown - DAY, zone), shown - offset(shown + DAY, zone)].sort((a, b) => a - b);
  const fitting = candidates.filter((at) => wall(at, zone) === shown);
  if (fitting.length) return last ? fitting.at(-1) : fitting[0];
  let [low, high] = candidates;
  const after = offset(high, zone);
  while (high - low > 60) {
    const middle = Math.floor((low + high) / 120) * 60;
    if (offset(middle, zone) === after) high = middle; else low = middle;
  }
  return high;
}

export const dayOf = (at, zone) => Math.floor(wall(at, zone) / DAY) * DAY;
export const startOf = (day, zone) => instant(day, zone);
export const weekday = (day) => (((day / DAY + 3) % 7) + 7) % 7;      // Monday is 0
export const monday = (day) => day - weekday(day) * DAY;
export function monthOf(day) {                                          // its first day and the one after its last
  const date = new Date(day * 1000);
  return [Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / 1000, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / 1000];
}
export function nextMonth(day, by) {
  const date = new Date(day * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by, 1) / 1000;
}

// The days of [from, to), both days: when each begins and ends, and by how much its clock is changed, in seconds.
export function days(from, to, zone) {
  const found = [];
  for (let day = from; day < to; day += DAY) {
    const start = startOf(day, zone), end = startOf(day + DAY, zone);
    found.push({ day, start, end, change: end - start - DAY, weekend: weekday(day) > 4 });
  }
  return found;
}

const spoken = (options) => (at, zone) => maker(zone, options).format(at * 1000);
export const clock = spoken({ hour: "2-digit", minute: "2-digit" });
export const shortDay = spoken({ weekday: "short", day: "numeric", month: "short" });
export const longDay = spoken({ weekday: "long", day: "numeric", month: "long" });
export const monthName = (day) => maker("UTC", { month: "long", year: "numeric" }).format(day * 1000);
export const weekdayName = (day, length = "short") => maker("UTC", { weekday: length }).format(day * 1000);
export const dayNumber = (day) => String(new Date(day * 1000).getUTCDate());
export const dateWords = (day) => maker("UTC", { day: "numeric", month: "short" }).format(day * 1000);
export const moment = (at, zone) => `${shortDay(at, zone)} ${clock(at, zone)}`;
export const zoneName = (at, zone) =>
  maker(zone, { timeZoneName: "short" }).formatToParts(at * 1000).find(({ type }) => type === "timeZoneName")?.value ?? zone;

// 09:00 to 17:00 on one day, with both days where there are two.
export function span(start, end, zone) {
  const same = dayOf(start, zone) === dayOf(end - 1, zone) || (end - start < DAY && dayOf(end, zone) - dayOf(start, zone) <= 0);
  if (!same) return `${moment(start, zone)} to ${moment(end, zone)}`;
  return `${shortDay(start, zone)}, ${clock(start, zone)} to ${clock(end, zone)}`;
}

const two = (number) => String(number).padStart(2, "0");
// What a field of type datetime-local holds, and back.
export function toField(at, zone) {
  const date = new Date(wall(at, zone) * 1000);
  return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}T${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}
export function fromField(text, zone, how) {
  const shown = Date.parse(`${text}Z`) / 1000;
  return Number.isNaN(shown) ? null : instant(shown, zone, how);
}
export const dayField = (day) => new Date(day * 1000).toISOString().slice(0, 10);
export const fromDayField = (text) => { const at = Date.parse(`${text}T00:00Z`) / 1000; return Number.isNaN(at) ? null : at; };
