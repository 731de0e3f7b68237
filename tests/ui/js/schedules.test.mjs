import assert from "node:assert/strict";
import { test } from "node:test";
import { gathered, hourWords, layerWords, moved, newLayer, opened, sent } from "../../../opsknight/ui/schedules/js/draft.js";
import { bands, byDay, colours, final, laned, nearest, range } from "../../../opsknight/ui/schedules/js/pieces.js";
import { clipped, nextShift, openShifts, readShifts } from "../../../opsknight/ui/schedules/js/stand_in.js";
import { aloud, answer, clockWords, dayWords, fitting, gapWords, lasting, why } from "../../../opsknight/ui/schedules/js/words.js";
import { days, dayOf, fromField, instant, monday, offset, startOf, toField, weekday } from "../../../opsknight/ui/schedules/js/zones.js";

const at = (text) => Date.parse(text) / 1000;
const H = 3600, DAY = 24 * H, BERLIN = "Europe/Berlin", HOWE = "Australia/Lord_Howe";
const shift = (user_id, user, start_at, end_at, more = {}) => ({ user_id, user, start_at, end_at, layer: "Weekly", ...more });

test("a wall-clock time that occurs twice is its first instant, or its last where that is asked for", () => {
  const shown = at("2026-10-25T02:30Z");
  assert.equal(instant(shown, BERLIN), at("2026-10-25T00:30Z"));
  assert.equal(instant(shown, BERLIN, { last: true }), at("2026-10-25T01:30Z"));
});

test("a wall-clock time that does not exist is the first instant after the gap", () => {
  assert.equal(instant(at("2027-03-28T02:30Z"), BERLIN), at("2027-03-28T01:00Z"));
  assert.equal(instant(at("2026-10-04T02:10Z"), HOWE), at("2026-10-03T15:30Z"));    // a change of half an hour
});

test("a day lasts as long as its clock says, also where midnight is skipped", () => {
  const long = (day, zone) => { const [one] = days(at(`${day}T00:00Z`), at(`${day}T00:00Z`) + DAY, zone); return [(one.end - one.start) / H, one.change / H]; };
  assert.deepEqual(long("2026-10-25", BERLIN), [25, 1]);
  assert.deepEqual(long("2027-03-28", BERLIN), [23, -1]);
  assert.deepEqual(long("2026-10-04", HOWE), [23.5, -0.5]);
  assert.deepEqual(long("2022-09-11", "America/Santiago"), [23, -1]);
  assert.deepEqual(long("2011-12-30", "Pacific/Apia"), [0, -24]);
  assert.equal(offset(at("2026-11-29T00:00Z"), "Asia/Kathmandu"), 5.75 * H);
});

test("days and weeks begin at midnight and on Monday, by the clock of the zone", () => {
  const sunday = at("2026-11-29T23:30Z");
  assert.equal(dayOf(sunday, "UTC"), at("2026-11-29T00:00Z"));
  assert.equal(dayOf(sunday, BERLIN), at("2026-11-30T00:00Z"));
  assert.equal(startOf(dayOf(sunday, BERLIN), BERLIN), at("2026-11-29T23:00Z"));
  assert.deepEqual([weekday(at("2026-11-29T00:00Z")), weekday(monday(at("2026-11-29T00:00Z")))], [6, 0]);
  assert.deepEqual(range("month", at("2026-11-29T00:00Z")), [at("2026-10-26T00:00Z"), at("2026-12-07T00:00Z")]);
});

test("what a field holds comes back as the same instant", () => {
  for (const text of ["2026-07-01T03:15Z", "2026-12-31T23:45Z"]) assert.equal(fromField(toField(at(text), "Asia/Kathmandu"), "Asia/Kathmandu"), at(text));
  assert.equal(fromField("", BERLIN), null);
});

test("a span is said in two units at most", () => {
  assert.deepEqual([45 * 60, 9 * H, 7.5 * H, 7 * DAY, 7 * DAY + H, 0].map(lasting), ["45 min", "9 h", "7 h 30 min", "7 d", "7 d 1 h", "0 min"]);
});

test("a shift over a clock change says why it is longer or shorter", () => {
  assert.equal(clockWords(shift(1, "Ada", at("2026-10-24T20:00Z"), at("2026-10-25T05:00Z")), BERLIN), "It lasts 9 h because the clocks go back.");
  assert.equal(clockWords(shift(1, "Ada", at("2027-03-27T21:00Z"), at("2027-03-28T04:00Z")), BERLIN), "It lasts 7 h because the clocks go forward.");
  assert.equal(clockWords(shift(1, "Ada", at("2026-10-26T20:00Z"), at("2026-10-27T04:00Z")), BERLIN), "");
  const [day] = days(at("2026-10-25T00:00Z"), at("2026-10-26T00:00Z"), BERLIN);
  assert.equal(dayWords(day), "The clocks go back: this day has 25 h");
});

test("why somebody is on call names the layer, the override and its maker, the leave and the temporary schedule", () => {
  const by = { 7: { by: "Noor", note: "Dentist", change: "replace" } };
  assert.equal(why(shift(1, "Ada", 0, H)), "By the layer “Weekly”.");
  assert.equal(why(shift(1, "Ada", 0, H, { override_id: 7, instead_of: "Bo" }), by), "By the layer “Weekly”, an override by Noor: instead of Bo (“Dentist”).");
  assert.equal(why(shift(1, "Ada", 0, H, { layer: "override", override_id: 9 })), "An override: in addition.");
  assert.match(why(shift(1, "Ada", 0, H, { leave_id: 3, instead_of: "Bo" })), /substitute of Bo, who is on leave/);
  assert.match(why(shift(1, "Ada", 0, H, { temporary: "Moving day" })), /^By the temporary schedule “Moving day”, its layer “Weekly”/);
  assert.match(aloud({ gap: true, start_at: 0, end_at: H }, "UTC"), /^Nobody, .* 1 h\. No layer and no override covers this time\.$/);
});

test("a question is answered with a sentence, also in a gap", () => {
  const found = [shift(1, "Ada", at("2026-11-30T08:00Z"), at("2026-12-07T08:00Z"))];
  assert.match(answer(found, at("2026-12-06T02:00Z"), BERLIN, {}, []), /03:00.* Ada is on call, until .*09:00.* By the layer “Weekly”\.$/);
  assert.match(answer([], at("2026-12-06T02:00Z"), BERLIN, {}, found), /nobody is on call\. Next is Ada, from .*09:00/);
});

test("gaps are named, the rest counted", () => {
  assert.equal(gapWords([], "UTC"), "");
  assert.match(gapWords([[0, H], [DAY, DAY + H], [2 * DAY, 2 * DAY + H]], "UTC"), /^Nobody is on call .* \(1 h\), and .* \(1 h\), and 1 time more\.$/);
});

test("a name is shortened to what there is room for, and a gap keeps its mark", () => {
  assert.deepEqual([200, 70, 42, 26, 8].map((room) => fitting("Ada Moreno", room)), ["Ada Moreno", "Ada M.", "Ada", "AM", ""]);
  assert.deepEqual([100, 30].map((room) => fitting("Nobody", room, { word: "!" })), ["Nobody", "!"]);
});

test("pieces that meet in time lie in lanes of their own, others share one", () => {
  const three = [shift(1, "Ada", 0, 10), shift(2, "Bo", 5, 15), shift(3, "Cy", 10, 20)];
  assert.equal(laned(three), 2);
  assert.deepEqual(three.map((one) => one.lane), [0, 1, 0]);
});

test("the final row holds shifts and gaps in order of time, and marks who is away", () => {
  const timeline = { final: [shift(2, "Bo", 10, 20), shift(1, "Ada", 0, 8)], gaps: [[8, 10]], away: [{ user_id: 2, start_at: 12, end_at: 14 }], layers: [], shadows: [], overrides: [], temporary: [] };
  assert.deepEqual(final(timeline).map((one) => [one.user ?? "gap", Boolean(one.away)]), [["Ada", false], ["gap", false], ["Bo", true]]);
  assert.deepEqual(bands(timeline, {}, 0, 20).map((band) => band.kind), ["final"]);
});

test("a day holds what touches it, cut at midnight", () => {
  const [first, second] = byDay([shift(1, "Ada", 9 * H, DAY + 9 * H)], 0, 2 * DAY, "UTC");
  assert.deepEqual([first.parts[0].start, first.parts[0].end, first.parts[0].begins], [9 * H, DAY, true]);
  assert.deepEqual([second.parts[0].start, second.parts[0].end, second.parts[0].begins], [DAY, DAY + 9 * H, false]);
});

test("people keep their colours, and the nearest piece is found", () => {
  assert.deepEqual(colours([9, 3, 9, 5]), { 3: 0, 5: 1, 9: 2 });
  const pieces = [shift(1, "Ada", 0, 10), shift(2, "Bo", 20, 30)];
  assert.equal(nearest(pieces, 14).user, "Ada");
  assert.equal(nearest(pieces, 25).user, "Bo");
});

test("a layer is said in words, its days gathered and its empty groups left out when it is sent", () => {
  const hours = [1, 2, 3, 4, 5].map((day) => ({ weekdays: [day], start: "20:00", end: "08:00" }));
  assert.deepEqual(gathered(hours), [{ to_weekday: null, weekdays: [1, 2, 3, 4, 5], start: "20:00", end: "08:00" }]);
  assert.equal(hourWords(gathered(hours)[0]), "Mon to Fri, 20:00 to 08:00 the next day");
  const layer = { ...newLayer("Nights", at("2026-11-29T12:00Z"), BERLIN), key: 4, groups: [[1], [], [2, 1]], hours: gathered(hours), length: "2", holidays: "not" };
  assert.equal(layerWords(layer), "Every 2 weeks, 2 people, Mon to Fri, 20:00 to 08:00 the next day, not on holidays.");
  assert.equal(layer.starts_at, "2026-11-23T09:00");
  const written = sent(layer);
  assert.deepEqual([written.groups, written.length, "key" in written], [[[1], [2, 1]], 2, false]);
  assert.equal(opened({ ...layer, starts_at: "2026-11-23T09:00:00", ends_at: null }).starts_at, "2026-11-23T09:00");
});

test("things are moved to where they are dropped, and never out of the list", () => {
  assert.deepEqual(moved(["a", "b", "c"], 0, 2), ["b", "c", "a"]);
  assert.deepEqual(moved(["a", "b", "c"], 2, 0), ["c", "a", "b"]);
  const same = ["a"];
  assert.equal(moved(same, 0, -1), same);
});

test("of shifts that are written one by one, those that are whole are sent, and the next goes on where the last ends", () => {
  const first = { user: 3, from: "2026-10-24T09:00", to: "2026-10-25T09:00" };

  assert.deepEqual(readShifts([first, { user: null, from: "2026-10-25T09:00", to: "2026-10-26T09:00" }, { ...first, to: first.from }], "Europe/Berlin"),
    [{ start_at: Date.UTC(2026, 9, 24, 7) / 1000, end_at: Date.UTC(2026, 9, 25, 8) / 1000, user_ids: [3] }]);
  assert.deepEqual(nextShift({ user: 3, from: "2026-11-01T09:00", to: "2026-11-02T09:00" }, "2026-11-09T00:00", "Europe/Berlin"),
    { user: null, from: "2026-11-02T09:00", to: "2026-11-03T09:00" });
  assert.equal(nextShift({ user: 3, from: "", to: "" }, "2026-11-09T00:00", "UTC").to, "2026-11-09T00:00");
});

test("shifts that were written before come back as they were, also to the second and where the clock shows two alike", () => {
  const twice = at("2026-10-25T00:30Z"), again = at("2026-10-25T01:30Z") + 30;      // both 02:30 in Berlin
  const shifts = [{ start_at: twice, end_at: again, user_ids: [3, 1] }, { start_at: again, end_at: again + DAY, user_ids: [2] }];
  const rows = openShifts(shifts, BERLIN);
  assert.deepEqual(rows.map((one) => [one.user, one.from]), [[3, "2026-10-25T02:30"], [1, "2026-10-25T02:30"], [2, "2026-10-25T02:30"]]);
  assert.deepEqual(readShifts(rows, BERLIN), shifts);
  assert.equal(readShifts([{ ...rows[2], from: "2026-10-25T03:00" }], BERLIN)[0].start_at, at("2026-10-25T02:00Z"));
});

test("a preview of a temporary schedule tells of its own window alone", () => {
  const time = (start_at, end_at) => ({ start_at, end_at, user_id: 1 });
  const timeline = { final: [time(0, 50), time(90, 200), time(300, 400)], layers: [{ name: "A", turns: [time(90, 200)] }], gaps: [[50, 90], [200, 300]], overrides: [{}], temporary: [{}] };

  const found = clipped(timeline, 60, 250);

  assert.deepEqual(found.final, [time(90, 200)]);
  assert.deepEqual(found.gaps, [[60, 90], [200, 250]]);
  assert.deepEqual([found.overrides, found.temporary], [[], []]);
});
