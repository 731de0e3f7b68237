// A schedule on screen: who is on call when and why, in the reader's zone or another, and the ways to change it.
import { Agenda } from "opsknight-schedules/agenda.js";
import { Asked } from "opsknight-schedules/asked.js";
import { Card } from "opsknight-schedules/card.js";
import { Chart } from "opsknight-schedules/chart.js";
import { Cover } from "opsknight-schedules/cover.js";
import { latest, read } from "opsknight-schedules/http.js";
import { Month } from "opsknight-schedules/month.js";
import { namesOf, readPeople } from "opsknight-schedules/people.js";
import { bounds, colours, final, range } from "opsknight-schedules/pieces.js";
import { answer, gapWords, plural } from "opsknight-schedules/words.js";
import { DAY, dateWords, dayField, dayOf, fromDayField, fromField, known, longDay, monthName, nextMonth, startOf, toField, zoneName } from "opsknight-schedules/zones.js";

const VIEWS = { day: "Day", week: "Week", fortnight: "2 weeks", month: "Month" };
const KEPT = "ok-schedule-view", AGAIN_MS = 60_000, TICK_MS = 20_000;
const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const kept = () => { try { return localStorage[KEPT]; } catch { return null; } };

export default {
  components: { Agenda, Asked, Card, Chart, Cover, Month },
  props: { schedule: Object, own: Array, me: Object, may_cover: Boolean, may_edit: Boolean, may_change: Boolean },
  template: `
  <div class="ok-schedule" :data-loaded="timeline ? '' : null">
    <div class="ok-schedule-bar">
      <div class="ok-choice" role="radiogroup" aria-label="How much is shown"><label v-for="(word, name) in views" :key="name"><input type="radio" name="schedule-view" :value="name" :checked="view === name" @change="show(name, day)"><span>{{ word }}</span></label></div>
      <div class="ok-schedule-step"><button type="button" class="ok-tool" :aria-label="'Previous ' + unit" @click="step(-1)"><span class="ok-icon ok-icon-chevron ok-turned-left" aria-hidden="true"></span></button>
        <button type="button" class="ok-button" @click="show(view, today)"><span>Today</span></button>
        <button type="button" class="ok-tool" :aria-label="'Next ' + unit" @click="step(1)"><span class="ok-icon ok-icon-chevron ok-turned-right" aria-hidden="true"></span></button></div>
      <h2 class="ok-tab" aria-live="polite">{{ called }}</h2>
      <label class="ok-schedule-zone"><span class="ok-hide">Times in the zone</span><select v-model="zone" class="ok-select"><option v-for="one in zones" :key="one.zone" :value="one.zone">{{ one.word }}</option></select></label>
      <button v-if="may_cover" type="button" class="ok-button ok-button-primary ok-schedule-cover" aria-keyshortcuts="o" @click="cover()"><span>Override</span><kbd class="ok-key" aria-hidden="true">o</kbd></button>
    </div>
    <p v-if="unread" class="ok-error" role="alert">The time line could not be read: {{ unread }}</p>
    <template v-if="timeline">
      <p v-if="gaps.length" class="ok-schedule-gaps" role="status"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ gapWords(gaps, zone) }}</span></p>
      <p v-if="timeline.away.length" class="ok-schedule-away" role="status"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ awayWords }}</span></p>
      <Agenda v-if="narrow" :timeline="timeline" :colours="colour" :by="by" :zone="zone" :from="bounds[0]" :to="bounds[1]" :now="now" :me="me" @open="open"></Agenda>
      <Month v-else-if="view === 'month'" :timeline="timeline" :colours="colour" :by="by" :zone="zone" :from="bounds[0]" :to="bounds[1]" :day="day" :now="now" @open="open" @show="shown = $event"></Month>
      <Chart v-else ref="chart" :timeline="timeline" :names="names" :colours="colour" :by="by" :zone="zone" :from="bounds[0]" :to="bounds[1]" :view="view" :now="now" :readonly="!may_cover" @open="open" @select="select" @show="shown = $event"></Chart>
    </template>
    <div v-else class="ok-schedule-waiting" aria-hidden="true"></div>
    <Card :shown="shown" :colours="colour" :by="by" :zone="zone"></Card>
    <div class="ok-schedule-below">
      <section class="ok-who-at" aria-labelledby="ok-who-at-title"><h2 id="ok-who-at-title">Who is on call at …?</h2>
        <form @submit.prevent="ask"><label class="ok-hide" for="who-at">Date and time, {{ zoneWord }}</label><input id="who-at" v-model="asking" class="ok-input" type="datetime-local" required @change="ask"><button class="ok-button"><span>Who?</span></button></form>
        <p role="status" :class="{ 'ok-error': answered && answered.gap }">{{ answered ? answered.words : 'Choose a date and a time, past or to come, in ' + zoneWord + '.' }}</p></section>
      <Asked ref="asked" :schedule="schedule" :people="people" :names="names" :zone="zone" :me="me" :own="own" :may-cover="may_cover" :may-edit="may_edit" @changed="look"></Asked>
    </div>
    <Cover v-if="timeline" ref="cover" :schedule="schedule" :timeline="timeline" :people="people" :names="names" :colours="colour" :by="by" :zone="zone" :me="me" :may-edit="may_edit" :may-change="may_change" :may-cover="may_cover" @changed="changed"></Cover>
  </div>`,

  data() {
    const now = opsknight.times.now() / 1000, asked = new URLSearchParams(location.search), zone = LOCAL;
    const view = [asked.get("view"), kept()].find((one) => one in VIEWS) ?? "fortnight";
    const day = fromDayField(asked.get("day") ?? "") ?? dayOf(Math.max(Number(asked.get("ask")) || now, now), zone);
    return { view, day, zone, now, timeline: null, people: [], shown: null, unread: "", asking: toField(startOf(dayOf(now, zone) + DAY, zone) + 3 * 3600, zone), answered: null, narrow: matchMedia("(max-width: 720px)").matches, views: VIEWS };
  },
  computed: {
    bounds() { return bounds(this.view, this.day, this.zone); },
    today() { return dayOf(this.now, this.zone); },
    unit() { return { day: "day", week: "week", fortnight: "2 weeks", month: "month" }[this.view]; },
    zoneWord() { return this.zone === LOCAL ? `your time, ${this.zone}` : this.zone; },
    zones() {
      const all = [[LOCAL, "Your time"], [this.schedule.zone, "The schedule’s time"], ["UTC", ""]];
      return all.filter(([zone], i) => known(zone) && all.findIndex(([other]) => other === zone) === i).map(([zone, says]) => ({ zone, word: says ? `${says}: ${zone} (${zoneName(this.now, zone)})` : zone }));
    },
    called() {
      if (this.view === "month") return monthName(this.day);
      const [from, to] = range(this.view, this.day), year = new Date(to * 1000).getUTCFullYear();
      return this.view === "day" ? `${longDay(startOf(from, this.zone), this.zone)} ${year}` : `${dateWords(from)} – ${dateWords(to - DAY)} ${year}`;
    },
    names() { return { ...Object.fromEntries((this.timeline?.final ?? []).map((one) => [one.user_id, one.user])), ...namesOf(this.people) }; },
    colour() {
      const seen = this.timeline ? [...this.timeline.final, ...[...this.timeline.layers, ...this.timeline.shadows].flatMap((one) => one.turns)].map((one) => one.user_id) : [];
      const first = colours(this.own), rest = [...new Set(seen)].filter((id) => !(id in first)).sort((a, b) => a - b);
      return { ...first, ...Object.fromEntries(rest.map((id, i) => [id, (this.own.length + i) % 8])) };
    },
    by() { return Object.fromEntries((this.timeline?.overrides ?? []).map((one) => [one.id, { ...one, by: this.names[one.created_by] }])); },
    gaps() { return this.timeline.gaps.filter(([, end]) => end > this.now).map(([start, end]) => [Math.max(start, this.now), end]); },
    awayWords() {
      const names = [...new Set(this.timeline.away.map((one) => one.user))];
      return `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} on call while away, ${plural(this.timeline.away.length, "time")} here. Name a substitute, or override it.`;
    },
  },
  watch: { zone() { this.shown = null; this.look(); } },
  methods: {
    gapWords, dateWords,
    show(view, day) {
      Object.assign(this, { view, day, shown: null });
      try { localStorage[KEPT] = view; } catch { /* it is forgotten */ }
      const place = new URL(location.href);
      place.searchParams.set("view", view);
      if (day === this.today) place.searchParams.delete("day"); else place.searchParams.set("day", dayField(day));
      place.searchParams.delete("ask");
      history.replaceState(history.state, "", place);
      this.look();
    },
    step(by) {
      const day = this.view === "month" ? nextMonth(this.day, by) : this.day + by * { day: 1, week: 7, fortnight: 14 }[this.view] * DAY;
      this.show(this.view, day);
    },
    open(what) { this.$refs.cover.open(what); },
    select({ start_at, end_at }) { this.$refs.cover.open({ piece: { start_at, end_at, selected: true, user_id: this.timeline.final.find((one) => one.start_at <= start_at && one.end_at > start_at)?.user_id ?? null, layer: "" } }); },
    // What the focus is on, else what is on call now, or comes first in what is shown.
    cover() {
      if (!this.timeline || document.querySelector("dialog[open]")) return;
      const found = this.$refs.chart?.find(), pieces = final(this.timeline).filter((one) => one.end_at > this.now);
      if (this.$refs.chart?.selected) { this.$refs.chart.finish(); return; }
      const focused = found && this.$el.contains(document.activeElement) && found.row.kind !== "shadow" ? { piece: found.piece, kind: found.row.kind } : null;
      const piece = pieces.find((one) => one.start_at <= this.now) ?? pieces[0];
      if (focused) this.open(focused); else if (piece) this.open({ piece });
    },
    async look() {
      this.now = opsknight.times.now() / 1000;
      const found = await this.reading(...this.bounds);
      if (!found) return;
      this.unread = found.ok ? "" : found.sentence;
      if (found.ok) this.timeline = found.body.timeline;
    },
    changed() {
      this.look();
      this.$refs.asked?.look();
      document.getElementById("ok-temporary")?.dispatchEvent(new CustomEvent("changed"));
    },
    async ask() {
      const at = fromField(this.asking, this.zone);
      if (at === null) return;
      const mine = this.questions = (this.questions ?? 0) + 1;
      const found = await read(`/api/v1/oncall?schedule=${this.schedule.id}&at=${at}`);
      if (mine !== this.questions) return;                // another time is asked for by now
      if (!found.ok) { this.answered = { words: found.sentence, gap: true }; return; }
      const [line] = found.body.schedules;
      const overrides = line.on_call.some((one) => one.override_id) ? (await read(`/api/v1/schedules/${this.schedule.id}/timeline?from=${at}&to=${at + 1}`)).body.timeline?.overrides ?? [] : [];
      if (mine !== this.questions) return;
      const by = Object.fromEntries(overrides.map((one) => [one.id, { ...one, by: this.names[one.created_by] }]));
      this.answered = { words: answer(line.on_call, at, this.zone, by, line.next), gap: !line.on_call.length };
    },
    onLive({ detail }) { if (detail.state === "live" && detail.before !== "connecting") this.look(); },
    onNarrow({ matches }) { this.narrow = matches; },
    // ?ask=<instant> comes from one's own page: the shift of that instant is to be offered to others.
    offer() {
      const at = Number(new URLSearchParams(location.search).get("ask"));
      const piece = at && this.timeline?.final.find((one) => one.user_id === this.me.id && one.start_at <= at && one.end_at > at);
      if (piece) this.$nextTick(() => this.open({ piece, way: "ask" }));
    },
  },
  created() { this.reading = latest((from, to) => read(`/api/v1/schedules/${this.schedule.id}/timeline?from=${from}&to=${to}`)); },
  async mounted() {
    const said = sessionStorage.getItem("ok-schedule-said");   // what the editor was answered
    if (said) { sessionStorage.removeItem("ok-schedule-said"); opsknight.toast(said, { kind: "good", for_s: 8 }); }
    this.media = matchMedia("(max-width: 720px)");
    this.media.addEventListener("change", this.onNarrow);
    this.ticking = setInterval(() => { this.now = opsknight.times.now() / 1000; }, TICK_MS);
    this.again = setInterval(() => { if (!document.hidden) this.look(); }, AGAIN_MS);
    addEventListener("ok:live", this.onLive);
    addEventListener("ok:schedule", this.look);          // what else stands on the page has changed it
    const group = "This schedule", key = (letter, says, run) => opsknight.keys.add({ keys: [letter], says, group, run });
    this.undoKeys = [
      this.may_cover ? key("o", "Override: change who is on call", () => this.cover()) : null, key("t", "Today", () => this.show(this.view, this.today)),
      key("n", "Next", () => this.step(1)), key("p", "Previous", () => this.step(-1)),
      ...Object.entries({ d: "day", w: "week", f: "fortnight", m: "month" }).map(([letter, view]) => key(letter, `Show ${VIEWS[view].toLowerCase()}`, () => this.show(view, this.day))),
      opsknight.keys.add({ keys: ["Shift", "← →"], says: "Select a time by the hour; ↑ ↓ by the day", group }),
    ].filter(Boolean);
    readPeople().then((people) => { this.people = people; });
    await this.look();
    this.offer();
  },
  unmounted() {
    clearInterval(this.ticking);
    clearInterval(this.again);
    this.media?.removeEventListener("change", this.onNarrow);
    removeEventListener("ok:live", this.onLive);
    removeEventListener("ok:schedule", this.look);
    this.undoKeys?.forEach((undo) => undo());
  },
};
