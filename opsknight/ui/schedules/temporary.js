// A temporary schedule: shifts one by one, or people who take turns, instead of all there is for a while.
import { Agenda } from "opsknight-schedules/agenda.js";
import { Card } from "opsknight-schedules/card.js";
import { Chart } from "opsknight-schedules/chart.js";
import { newLayer, opened, sent } from "opsknight-schedules/draft.js";
import { latest, read } from "opsknight-schedules/http.js";
import { LayerForm } from "opsknight-schedules/layer.js";
import { namesOf, readPeople } from "opsknight-schedules/people.js";
import { colours } from "opsknight-schedules/pieces.js";
import { clipped, meant, nextShift, openShifts, readShifts } from "opsknight-schedules/stand_in.js";
import { gapWords, initials, lasting, plural, undoneWords } from "opsknight-schedules/words.js";
import { DAY, dayField, dayOf, startOf, toField } from "opsknight-schedules/zones.js";

const PREVIEW_MS = 300, SEEN_S = 14 * DAY, WEEK = 7 * DAY;
let keys = 0;

export default {
  components: { Agenda, Card, Chart, LayerForm },
  props: { schedule: Object, me: Object, temporary: Number },        // the number of the one that is changed
  template: `
  <div class="ok-editor" :data-loaded="doc ? '' : null">
    <p v-if="unread" class="ok-error" role="alert">{{ unread }}</p>
    <form v-if="doc" class="ok-editor-form" novalidate @submit.prevent="save">
      <div class="ok-field"><label for="temp-name">Name</label><input id="temp-name" v-model="name" class="ok-input" maxlength="100" placeholder="Moving day" autocomplete="off" required></div>
      <div class="ok-cover-own"><label>From<input v-model="from" class="ok-input" type="datetime-local" required></label><label>To<input v-model="to" class="ok-input" type="datetime-local" required></label></div>
      <p class="ok-muted">By the clock of {{ zone }}. In this time nothing else counts, overrides neither; what it does not cover is a gap.</p>
      <div class="ok-choice" role="radiogroup" aria-label="Who is on call"><label><input v-model="way" type="radio" name="temp-way" value="shifts"><span>Shifts, one by one</span></label><label><input v-model="way" type="radio" name="temp-way" value="turns"><span>People take turns</span></label></div>
      <fieldset v-if="way === 'shifts'" class="ok-stand-in"><legend class="ok-hide">Shifts</legend>
        <div v-for="(one, i) in shifts" :key="one.key" class="ok-stand-in-shift">
          <label class="ok-stand-in-who">Who<select v-model="one.user" class="ok-select" :aria-label="'Who has shift ' + (i + 1)"><option :value="null">Choose…</option><option v-for="person in able(one.user)" :key="person.id" :value="person.id">{{ person.name }}{{ person.active ? person.reachable ? '' : ' (cannot be paged)' : ' (deactivated)' }}</option></select></label>
          <label>From<input v-model="one.from" class="ok-input" type="datetime-local" :aria-label="'Shift ' + (i + 1) + ' from'"></label><label>To<input v-model="one.to" class="ok-input" type="datetime-local" :aria-label="'Shift ' + (i + 1) + ' to'"></label>
          <button type="button" class="ok-tool" :aria-label="'Remove shift ' + (i + 1)" :disabled="shifts.length === 1" @click="shifts.splice(i, 1)"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></div>
        <div class="ok-buttons"><button type="button" class="ok-button ok-button-small" @click="grow"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>Add a shift</span></button></div></fieldset>
      <div v-else class="ok-layers"><LayerForm v-for="(layer, i) in layers" :id="'layer-' + layer.key" :key="layer.key" :layer="layer" :first="i === 0" :last="i === layers.length - 1" alone :people="active" :names="names" :colours="colour" :zones="[]" :zone="zone" :open="unfolded === layer.key"
          @toggle="unfolded = unfolded === layer.key ? 0 : layer.key" @change="layers.splice(i, 1, $event)" @move="swap(i, i + $event)" @remove="layers.length > 1 && layers.splice(i, 1)"></LayerForm>
        <div class="ok-buttons"><button type="button" class="ok-button ok-button-small" @click="stack"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>Add a layer</span></button></div></div>
      <p v-if="refusal" class="ok-error" role="alert">{{ refusal }}</p>
      <div class="ok-buttons ok-editor-end"><button class="ok-button ok-button-primary" :aria-busy="busy || null"><span>{{ temporary ? 'Save' : 'Let it replace the schedule' }}</span></button><a class="ok-button ok-button-quiet" :href="'/schedules/' + schedule.id"><span>Cancel</span></a></div>
    </form>
    <section v-if="doc" class="ok-editor-preview" aria-labelledby="ok-preview-title">
      <div class="ok-asked-head"><h2 id="ok-preview-title">What would come of it</h2></div>
      <p v-if="hint" class="ok-muted" role="status">{{ hint }}</p><p v-if="problem" class="ok-error" role="status">{{ problem }}</p>
      <template v-if="preview && times">
        <div role="status"><p v-if="gaps.length" class="ok-schedule-gaps"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ gapWords(gaps, zone) }}</span></p><p v-else class="ok-editor-good"><span class="ok-icon ok-icon-check" aria-hidden="true"></span>Somebody is on call all the time{{ told.to_at < times[1] ? ' in its first 100 days' : '' }}.</p>
          <p v-if="away" class="ok-schedule-away"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ away }}</span></p>
          <p v-for="one in undone" :key="one" class="ok-schedule-away"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ one }}</span></p></div>
        <details v-if="narrow" class="ok-more"><summary>Day by day</summary><Agenda :timeline="preview" :colours="colour" :by="{}" :zone="zone" :from="bounds[0]" :to="bounds[1]" :now="now" :me="me"></Agenda></details>
        <Chart v-else :timeline="preview" :names="names" :colours="colour" :by="{}" :zone="zone" :from="bounds[0]" :to="bounds[1]" view="fortnight" :now="now" readonly @show="shown = $event"></Chart>
        <div class="ok-loads" role="list"><div v-for="one in load" :key="one.user_id" role="listitem" class="ok-load"><i :data-who="colour[one.user_id]" aria-hidden="true">{{ initials(one.user) }}</i><span>{{ one.user }}</span><span class="ok-load-bar" aria-hidden="true"><b :data-who="colour[one.user_id]" :style="{ width: (one.on_call_s / load[0].on_call_s) * 100 + '%' }"></b></span><span class="ok-tab">{{ lasting(one.on_call_s) }}</span><span class="ok-muted ok-tab">{{ plural(one.shifts, 'shift') }}</span></div></div>
      </template>
      <Card :shown="shown" :colours="colour" :by="{}" :zone="zone"></Card>
    </section>
  </div>`,

  data: () => ({ doc: null, people: [], name: "", from: "", to: "", way: "shifts", shifts: [], layers: [], unfolded: 0, preview: null, told: null, undone: [], hint: "", problem: "", refusal: "", unread: "", busy: false, saved: false, was: [], layerName: "", shown: null, narrow: matchMedia("(max-width: 720px)").matches, now: opsknight.times.now() / 1000, begun: "" }),
  computed: {
    zone() { return this.schedule.zone; },
    active() { return this.people.filter((one) => one.active); },
    names() { return namesOf(this.people); },
    colour() { return colours([...this.shifts.map((one) => one.user).filter(Boolean), ...this.layers.flatMap((one) => [...(one.groups ?? []).flat(), ...(one.shifts ?? []).flatMap((shift) => shift.user_ids)])]); },
    times() {
      const found = [meant(this.from, this.zone, this.was[0]), meant(this.to, this.zone, this.was[1], { last: true })];
      return found[0] === null || found[1] === null || found[1] <= found[0] ? null : found;
    },
    seen() { const start = Math.max(this.times[0], this.now); return [start, Math.min(this.times[1], start + SEEN_S)]; },
    bounds() { return [startOf(dayOf(this.seen[0], this.zone), this.zone), startOf(dayOf(this.seen[1] - 1, this.zone) + DAY, this.zone)]; },
    written() { return this.way === "shifts" ? [{ name: this.layerName || this.name.trim() || "Shifts", kind: "fixed", shifts: readShifts(this.shifts, this.zone) }] : this.layers.map(sent); },
    wish() { return { name: this.name, start_at: this.times?.[0], end_at: this.times?.[1], layers: this.written }; },
    asked() { return this.doc && this.times ? JSON.stringify(this.wish) : ""; },
    away() {                                                     // whom the schedule leaves on call though they are away
      const spans = this.told.away.filter((one) => one.end_at > this.now), names = [...new Set(spans.map((one) => one.user))];
      return names.length ? `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} on call while away, ${plural(spans.length, "time")}: name a substitute, or choose somebody else.` : "";
    },
    gaps() { return this.told.gaps.filter(([, end]) => end > this.now).map(([start, end]) => [Math.max(start, this.now), end]); },
    load() {
      const spent = new Map();
      for (const one of this.preview.final) spent.set(one.user_id, { ...one, on_call_s: (spent.get(one.user_id)?.on_call_s ?? 0) + one.end_at - one.start_at, shifts: (spent.get(one.user_id)?.shifts ?? 0) + 1 });
      return [...spent.values()].sort((a, b) => b.on_call_s - a.on_call_s);
    },
    changed() { return this.doc !== null && !this.saved && JSON.stringify(this.wish) !== this.begun; },
  },
  watch: { asked() { clearTimeout(this.timer); this.timer = setTimeout(this.foresee, PREVIEW_MS); } },
  methods: {
    gapWords, initials, lasting, plural,
    able(user) { return this.people.filter((one) => one.active || one.id === user); },
    grow() { this.shifts.push({ ...nextShift(this.shifts.at(-1), this.to, this.zone), key: ++keys }); },
    stack() {
      const layer = { ...newLayer(`Layer ${this.layers.length + 1}`, this.now, this.zone), starts_at: this.from, unit: "days", key: ++keys };
      this.layers.unshift(layer);
      this.unfolded = layer.key;
    },
    swap(from, to) { if (to >= 0 && to < this.layers.length) this.layers.splice(to, 0, ...this.layers.splice(from, 1)); },
    lacking() {
      if (!this.times) return "It ends before it begins: choose another time.";
      if (this.way === "shifts" && !readShifts(this.shifts, this.zone).length) return "Say who is on call from when to when, and here is what comes of it.";
      const empty = this.way === "turns" && this.layers.find((one) => one.kind !== "fixed" && !one.groups.length);
      return empty ? `“${empty.name}” has nobody yet: add people, and here is who would be on call.` : "";
    },
    async foresee() {
      this.hint = this.lacking();
      if (this.hint) { this.preview = null; this.problem = ""; return; }
      const [from, to] = this.seen, answer = await this.asking({ ...this.wish, name: this.name.trim() || "Temporary" });
      if (!answer) return;
      this.problem = answer.ok ? "" : answer.body.detail ?? answer.sentence;
      this.preview = answer.ok ? clipped(answer.body.timeline, from, to) : null;
      this.told = answer.ok ? answer.body.timeline : null;
      this.undone = answer.ok ? undoneWords(answer.body.undone, this.zone) : [];
    },
    async save() {
      if (this.busy) return;
      this.refusal = this.name.trim() ? this.lacking() : "Give it a name, such as “Moving day”.";
      if (this.refusal) return;
      this.busy = true;
      const answer = this.temporary ? await opsknight.send("PUT", `/api/v1/temporary-schedules/${this.temporary}`, { ...this.wish, seen_version: this.doc.version }) : await opsknight.post(`/api/v1/schedules/${this.schedule.id}/temporary`, this.wish);
      this.busy = false;
      if (!answer.ok) { this.refusal = answer.sentence; return; }
      this.saved = true;
      sessionStorage.setItem("ok-schedule-said", answer.sentence);
      location.assign(`/schedules/${this.schedule.id}?day=${dayField(dayOf(this.seen[0], this.zone))}`);
    },
    onNarrow({ matches }) { this.narrow = matches; },
    onLeave(event) { if (this.changed) event.preventDefault(); },
    aWeek() { const day = dayOf(this.now, this.zone) + DAY; return { start_at: startOf(day, this.zone), end_at: startOf(day + WEEK, this.zone) }; },
    fill({ name, start_at, end_at, layers }) {
      const byHand = layers.length < 2 && layers.every((one) => one.kind === "fixed");
      Object.assign(this, { name, was: [start_at, end_at], way: byHand ? "shifts" : "turns" });
      if (!byHand) { this.layers = layers.map((one) => ({ ...opened(one), key: ++keys })); this.unfolded = this.layers[0].key; return; }
      const shifts = layers.flatMap((one) => openShifts(one.shifts, this.zone));
      if (shifts.length) this.shifts = shifts.map((one) => ({ ...one, key: ++keys }));
      if (layers.length && layers[0].name !== name) this.layerName = layers[0].name;      // else it is called as this is
    },
  },
  created() { this.asking = latest((wish) => opsknight.post(`/api/v1/schedules/${this.schedule.id}/temporary/preview${this.temporary ? `?instead_of=${this.temporary}` : ""}`, wish)); },
  async mounted() {
    addEventListener("beforeunload", this.onLeave);
    this.media = matchMedia("(max-width: 720px)");
    this.media.addEventListener("change", this.onNarrow);
    readPeople().then((people) => { this.people = people; });
    const { ok, body, sentence } = await read(this.temporary ? `/api/v1/temporary-schedules/${this.temporary}` : `/api/v1/schedules/${this.schedule.id}`);
    if (!ok) { this.unread = sentence; return; }
    const { start_at: start, end_at: end } = body.temporary ?? this.aWeek();
    [this.from, this.to] = [toField(start, this.zone), toField(end, this.zone)];
    this.shifts = [{ user: null, from: this.from, to: toField(Math.min(startOf(dayOf(start, this.zone) + DAY, this.zone), end), this.zone), key: ++keys }];
    this.doc = body.temporary ?? body.schedule;
    this.stack();
    if (this.temporary) this.fill(body.temporary);
    this.begun = JSON.stringify(this.wish);
  },
  unmounted() { this.media?.removeEventListener("change", this.onNarrow); removeEventListener("beforeunload", this.onLeave); clearTimeout(this.timer); },
};
