// Somebody's shifts on a schedule from now on, as far ahead as shifts are swapped.
import { read } from "./http.js";
import { DAY } from "./zones.js";

const AHEAD_S = 56 * DAY;

export async function turnsOf(schedule_id, user_id, now) {
  const { ok, body } = await read(`/api/v1/schedules/${schedule_id}/timeline?from=${now}&to=${now + AHEAD_S}`);
  return ok ? body.timeline.final.filter((one) => one.user_id === user_id) : [];
}
