// The editor of a schedule: what is written on the left, what would come of it on the right, before it is saved.
import { Agenda } from "opsknight-schedules/agenda.js";
import { Card } from "opsknight-schedules/card.js";
import { Chart } from "opsknight-schedules/chart.js";
import { moved, newLayer, newSchedule, opened, sent } from "opsknight-schedules/draft.js";
import { latest, read } from "opsknight-schedules/http.js";
import { LayerForm } from "opsknight-schedules/layer.js";
import { namesOf, readPeople } from "opsknight-schedules/people.js";
import { bounds, colours } from "opsknight-schedules/pieces.js";
import { clockWords, gapWords, initials, lasting, plural, undoneWords, who } from "opsknight-schedules/words.js";
import { DAY, dateWords, dayOf, known, shortDay, span } from "opsknight-schedules/zones.js";

const PREVIEW_MS = 300, SEEN_DAYS = 14;
const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
let keys = 0;

export default {
  components: { Agenda, Card, Chart, LayerForm },
  props: { schedule: Object, teams: Array, me: Object },
  template: `
  <div class="ok-editor" :data-loaded="doc ? '' : null">
    <p v-if="unread" class="ok-error" role="alert">{{ unread }}</p>
    <form v-if="doc" class="ok-editor-form" novalidate @submit.prevent="save">
      <div class="ok-editor-top">
        <div class="ok-field"><label for="sched-name">Name</label><input id="sched-name" v-model="doc.name" class="ok-input" maxlength="100" placeholder="Platform on call" autocomplete="off" required></div>
        <div class="ok-field"><label for="sched-team">Team</label><select id="sched-team" v-model="doc.team_id" class="ok-select"><option v-for="one in teams" :key="one.id" :value="one.id">{{ one.name }}</option></select></div>
        <div class="ok-field"><label for="sched-zone">By the clock of</label><input id="sched-zone" v-model.lazy.trim="doc.zone" class="ok-input" list="ok-zones" autocomplete="off" spellcheck="false" required><datalist id="ok-zones"><option v-for="one in zones" :key="one" :value="one"></option></datalist></div>
      </div>
      <div v-for="part in parts" :key="part.list" class="ok-layers">
        <div class="ok-asked-head"><h2>{{ part.title }}</h2><button type="button" class="ok-button ok-button-small" @click="grow(part.list)"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>{{ part.add }}</span></button></div>
        <p class="ok-muted">{{ part.says }}</p>
        <div v-for="(layer, i) in doc[part.list]" :key="layer.key" @dragover.prevent @drop="drop(part.list, i)">
          <LayerForm :id="'layer-' + layer.key" :layer="layer" :first="i === 0" :last="i === doc[part.list].length - 1" :shadow="part.list === 'shadow_layers'" :people="active" :names="names" :colours="colour" :zones="zones" :zone="doc.zone" :open="unfolded === layer.key"
            @toggle="unfolded = unfolded === layer.key ? 0 : layer.key" @change="put(part.list, i, $event)" @move="move(part.list, i, i + $event)" @remove="remove(part.list, i)" @shadow="shade(part.list, i)" @grab="held = [part.list, i]"></LayerForm></div>
      </div>
      <details class="ok-more"><summary>Leave and public holidays</summary><div class="ok-layer-body">
        <div class="ok-field"><label for="sched-leave">Who is away without a substitute</label><select id="sched-leave" v-model="doc.on_leave" class="ok-select"><option value="warn">stays on call, with a warning</option><option value="remove">is off call: that may leave a gap</option></select></div>
        <div class="ok-cover-own"><label>Holidays of the country<input v-model.lazy.trim="doc.country" class="ok-input" placeholder="DE" maxlength="10" autocomplete="off"></label><label>and its part<input v-model.lazy.trim="doc.subdivision" class="ok-input" placeholder="BY" maxlength="30" autocomplete="off"></label></div>
        <div class="ok-field"><label for="sched-dates">Other dates, one a line</label><textarea id="sched-dates" v-model.lazy="dates" class="ok-input" rows="3" placeholder="2026-12-24" spellcheck="false"></textarea></div></div></details>
      <p v-for="one in ending" :key="one" class="ok-schedule-away" role="status"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>Saving ends the import of the calendar “{{ one }}”: its layer is gone from this draft.</span></p>
      <p v-if="refusal" class="ok-error" role="alert">{{ refusal }}</p>
      <div class="ok-buttons ok-editor-end"><button class="ok-button ok-button-primary" :aria-busy="busy || null"><span>{{ schedule ? 'Save' : 'Make the schedule' }}</span></button><a class="ok-button ok-button-quiet" :href="schedule ? '/schedules/' + schedule.id : '/schedules'"><span>Cancel</span></a>
        <button v-if="schedule" type="button" class="ok-button ok-button-danger ok-editor-delete" @click="typed = ''; $refs.gone.showModal()"><span>Delete…</span></button></div>
    </form>
    <section v-if="doc" class="ok-editor-preview" aria-labelledby="ok-preview-title">
      <div class="ok-asked-head"><h2 id="ok-preview-title">What would come of it</h2>
        <div class="ok-schedule-step"><button type="button" class="ok-tool" aria-label="Two weeks earlier" :disabled="from <= today" @click="day -= 14 * day_s"><span class="ok-icon ok-icon-chevron ok-turned-left" aria-hidden="true"></span></button><span class="ok-tab ok-muted">{{ dateWords(days[0]) }} – {{ dateWords(days[1] - day_s) }}</span><button type="button" class="ok-tool" aria-label="Two weeks later" @click="day += 14 * day_s"><span class="ok-icon ok-icon-chevron ok-turned-right" aria-hidden="true"></span></button></div></div>
      <p v-if="hint" class="ok-muted" role="status">{{ hint }}</p>
      <p v-if="problem" class="ok-error" role="status">{{ problem }}</p>
      <template v-if="preview">
        <div role="status"><p v-if="gaps.length" class="ok-schedule-gaps"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ gapWords(gaps, clock) }}{{ beyond && ' Looked at' + beyond + '.' }}</span></p><p v-else class="ok-editor-good"><span class="ok-icon ok-icon-check" aria-hidden="true"></span><span>Somebody is on call all the time in {{ weeks }}{{ beyond && ', and' + beyond }}.</span></p>
          <p v-for="one in unreachable" :key="one.user_id" class="ok-schedule-away"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ one.user }} has no verified contact method: a page cannot reach them.</span></p>
          <p v-for="one in undone" :key="one" class="ok-schedule-away"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ one }}</span></p></div>
        <details v-if="narrow" class="ok-more"><summary>Day by day, two weeks</summary><Agenda :timeline="preview.timeline" :colours="colour" :by="{}" :zone="clock" :from="span[0]" :to="span[1]" :now="now" :me="me"></Agenda></details>
        <Chart v-else :timeline="preview.timeline" :names="names" :colours="colour" :by="{}" :zone="clock" :from="span[0]" :to="span[1]" view="fortnight" :now="now" readonly @show="shown = $event"></Chart>
        <h3>In {{ weeks }}</h3><p v-if="compared">{{ compared }}</p>
        <div class="ok-loads" role="list"><div v-for="one in preview.load" :key="one.user_id" role="listitem" class="ok-load"><i :data-who="colour[one.user_id]" aria-hidden="true">{{ initials(one.user) }}</i><span>{{ one.user }}</span><span class="ok-load-bar" aria-hidden="true"><b :data-who="colour[one.user_id]" :style="{ width: share(one) }"></b></span><span class="ok-tab">{{ lasting(one.on_call_s) }}</span><span class="ok-muted ok-tab">{{ schedule ? more(one) : plural(one.shifts, 'shift') }}</span></div></div>
        <p v-for="one in clockWords" :key="one" class="ok-editor-clock"><span class="ok-icon ok-icon-clock" aria-hidden="true"></span><span>{{ one }}</span></p>
      </template>
      <Card :shown="shown" :colours="colour" :by="{}" :zone="clock"></Card>
    </section>
    <dialog ref="gone" class="ok-dialog" aria-labelledby="ok-gone-title"><div class="ok-dialog-head"><h2 id="ok-gone-title">Delete “{{ schedule?.name }}”?</h2><button type="button" class="ok-tool" aria-label="Close" @click="$refs.gone.close()"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></div>
      <form class="ok-dialog-body" @submit.prevent="erase"><p>Nobody is on call by it any more. Who was stays recorded. While an escalation policy asks it, it cannot be deleted.</p><div class="ok-field"><label for="gone-name">Type its name to delete it</label><input id="gone-name" v-model="typed" class="ok-input" autocomplete="off"></div>
        <div class="ok-buttons"><button class="ok-button ok-button-danger" :disabled="typed !== schedule?.name"><span>Delete</span></button><button type="button" class="ok-button ok-button-quiet" @click="$refs.gone.close()"><span>Keep it</span></button></div></form></dialog>
  </div>`,

  data: () => ({ doc: null, people: [], preview: null, problem: "", hint: "", refusal: "", unread: "", busy: false, shown: null, narrow: matchMedia("(max-width: 720px)").matches, unfolded: 0, held: null, typed: "", now: opsknight.times.now() / 1000, day: dayOf(opsknight.times.now() / 1000, LOCAL), day_s: DAY, before: "", imports: [],
    parts: [{ list: "layers", title: "Layers", add: "Add a layer", says: "The highest counts where it covers; the others show where it does not." }, { list: "shadow_layers", title: "Shadows", add: "Add a shadow", says: "They see what happens and are never paged." }] }),
  computed: {
    zones: () => Intl.supportedValuesOf?.("timeZone") ?? [LOCAL, "UTC"],
    active() { return this.people.filter((one) => one.active); },
    names() { return namesOf(this.people); },
    colour() { return colours(this.doc ? [...this.doc.layers, ...this.doc.shadow_layers].flatMap((one) => [...(one.groups ?? []).flat(), ...(one.shifts ?? []).flatMap((shift) => shift.user_ids)]) : []); },
    days() { return [this.day, this.day + SEEN_DAYS * DAY]; },
    today() { return dayOf(this.now, LOCAL); },
    from() { return this.day; },
    clock() { return known(this.doc.zone) ? this.doc.zone : LOCAL; },
    span() { return [bounds("day", this.day, this.clock)[0], bounds("day", this.day + (SEEN_DAYS - 1) * DAY, this.clock)[1]]; },
    weeks() { return this.day === this.today ? "the next 13 weeks" : "these 13 weeks"; },
    compared() {
      const { handoffs, handoffs_now, covered_s, covered_now_s, until_at } = this.preview.difference;
      if (handoffs_now === null) return "";
      const all = until_at - this.span[0], percent = (part) => `${Math.round((part / all) * 1000) / 10} %`;
      const covered = covered_s === covered_now_s ? `covered ${percent(covered_s)} of the time, as before` : `covered ${percent(covered_s)} of the time instead of ${percent(covered_now_s)}`;
      return `${plural(handoffs, "handoff")}${handoffs === handoffs_now ? ", as before" : ` instead of ${handoffs_now}`}; ${covered}.`;
    },
    clockWords() {
      const same = (one, other) => one.user_id === other.user_id && one.start_at === other.start_at && one.end_at === other.end_at;
      const before = (shifts, shifts_now) => {
        if (!shifts_now || (shifts.length === shifts_now.length && shifts.every((one) => shifts_now.some((other) => same(one, other))))) return "";
        return ` As it stands: ${shifts_now.map((one) => `${who(one)} ${span(one.start_at, one.end_at, this.clock)}`).join(", ") || "nobody"}.`;
      };
      const where = (zones) => (zones.length === 1 && zones[0] === this.clock ? "" : `, the clocks of ${zones.join(" and ")}`);
      return this.preview.clock_changes.map(({ at, zones, shifts, shifts_now }) => `${shortDay(at, this.clock)} ${new Date(at * 1000).getFullYear()}${where(zones)}: ${shifts.map((one) => `${who(one)} is on call ${span(one.start_at, one.end_at, this.clock)}. ${clockWords(one, known(zones[0]) ? zones[0] : this.clock)}`).join(" ") || "the clocks change, and nobody is on call."}${before(shifts, shifts_now)}`);
    },
    dates: { get() { return this.doc.holidays.join("\n"); }, set(text) { this.doc.holidays = text.split(/\s+/).filter(Boolean); } },
    wish() { return { ...this.doc, layers: this.doc.layers.map(sent), shadow_layers: this.doc.shadow_layers.map(sent) }; },
    asked() { return this.doc ? JSON.stringify([this.wish, this.day]) : ""; },
    beyond() { const { until_at } = this.preview.until_clocks; return until_at > this.preview.difference.until_at ? ` until ${shortDay(until_at, this.clock)} ${new Date(until_at * 1000).getFullYear()}, a week after the second change of the clocks` : ""; },
    gaps() { return this.preview.until_clocks.gaps.filter(([, end]) => end > this.now).map(([start, end]) => [Math.max(start, this.now), end]); },
    ending() { return this.imports.filter((one) => !this.doc.layers.some((layer) => layer.id === one.id)).map((one) => one.imported); },
    unreachable() { return this.preview.load.filter((one) => !one.reachable); },
    undone() { return undoneWords(this.preview.undone, this.clock); },
    changed() { return this.doc !== null && JSON.stringify(this.wish) !== this.before; },
  },
  watch: {
    asked() { clearTimeout(this.timer); this.timer = setTimeout(this.foresee, PREVIEW_MS); },
  },
  methods: {
    dateWords, gapWords, initials, lasting, plural,
    more({ on_call_s, on_call_now_s }) {
      const by = on_call_s - on_call_now_s;
      return Math.abs(by) < 60 ? "as before" : `${by > 0 ? "+" : "−"}${lasting(Math.abs(by))}`;
    },
    share(one) { const most = Math.max(...this.preview.load.map((other) => other.on_call_s), 1); return `${(one.on_call_s / most) * 100}%`; },
    put(list, i, layer) { this.doc[list] = this.doc[list].map((one, n) => (n === i ? layer : one)); },
    move(list, from, to) { this.doc[list] = moved(this.doc[list], from, to); },
    drop(list, to) { if (this.held?.[0] === list) this.move(list, this.held[1], to); this.held = null; },
    remove(list, i) {
      const layer = this.doc[list][i];
      this.doc[list] = this.doc[list].filter((_, n) => n !== i);
      const back = () => { this.doc[list] = [...this.doc[list].slice(0, i), layer, ...this.doc[list].slice(i)]; };
      opsknight.toast(`Removed “${layer.name}” from this draft${layer.imported ? `; once saved, the calendar “${layer.imported}” is not imported any more` : ""}.`, { action: { label: "Undo", run: back }, for_s: 8, id: "layer" });
    },
    shade(list, i) {
      const other = list === "layers" ? "shadow_layers" : "layers", layer = this.doc[list][i];
      this.doc[list] = this.doc[list].filter((_, n) => n !== i);
      this.doc[other] = [...this.doc[other], layer];
    },
    grow(list) {
      const taken = [...this.doc.layers, ...this.doc.shadow_layers].map((one) => one.name);
      let number = this.doc[list].length + 1;
      const called = () => (list === "layers" ? `Layer ${number}` : `Shadow ${number}`);
      while (taken.includes(called())) number += 1;
      const layer = { ...newLayer(called(), this.now, this.clock), key: ++keys };
      this.doc[list] = list === "layers" ? [layer, ...this.doc[list]] : [...this.doc[list], layer];
      this.unfolded = layer.key;
    },
    async foresee() {
      const empty = [...this.wish.layers, ...this.wish.shadow_layers].find((one) => one.kind !== "fixed" && !one.groups.length);
      this.hint = empty ? `“${empty.name}” has nobody yet: add people, and here is who would be on call.` : "";
      if (empty) { this.problem = ""; return; }
      const { seen_version, ...wish } = this.wish;
      const answer = await this.asking({ ...wish, schedule_id: this.schedule?.id ?? null, from_at: this.span[0], to_at: this.span[1] });
      if (!answer) return;
      this.problem = answer.ok ? "" : answer.body.detail ?? answer.sentence;
      if (answer.ok) this.preview = answer.body;
    },
    async save() {
      if (this.busy) return;
      this.busy = true;
      const answer = this.schedule ? await opsknight.send("PUT", `/api/v1/schedules/${this.schedule.id}`, this.wish) : await opsknight.post("/api/v1/schedules", this.wish);
      this.busy = false;
      if (!answer.ok) { this.refusal = answer.sentence; return; }
      this.before = JSON.stringify(this.wish);
      sessionStorage.setItem("ok-schedule-said", answer.sentence);
      location.assign(`/schedules/${answer.body.schedule.id}`);
    },
    async erase() {
      const answer = await opsknight.send("DELETE", `/api/v1/schedules/${this.schedule.id}`);
      if (!answer.ok) { this.$refs.gone.close(); this.refusal = answer.sentence; return; }
      this.before = JSON.stringify(this.wish);
      location.assign("/schedules");
    },
    onNarrow({ matches }) { this.narrow = matches; },
    onLeave(event) { if (this.changed) event.preventDefault(); },
    async begin() {
      if (!this.schedule) return newSchedule(this.teams[0]?.id ?? null, this.now, LOCAL);
      const { ok, body, sentence } = await read(`/api/v1/schedules/${this.schedule.id}`);
      if (!ok) { this.unread = sentence; return null; }
      const { id, team, version, ...rest } = body.schedule;
      return { ...rest, seen_version: version, layers: rest.layers.map(opened), shadow_layers: rest.shadow_layers.map(opened) };
    },
  },
  created() { this.asking = latest((wish) => opsknight.post("/api/v1/schedules/preview", wish)); },
  async mounted() {
    addEventListener("beforeunload", this.onLeave);
    this.media = matchMedia("(max-width: 720px)");
    this.media.addEventListener("change", this.onNarrow);
    readPeople().then((people) => { this.people = people; });
    const doc = await this.begin();
    if (!doc) return;
    for (const layer of [...doc.layers, ...doc.shadow_layers]) layer.key = ++keys;
    this.doc = doc;
    this.imports = doc.layers.filter((one) => one.imported);
    this.unfolded = doc.layers[0]?.key ?? 0;
    this.before = JSON.stringify(this.wish);
  },
  unmounted() { this.media?.removeEventListener("change", this.onNarrow); removeEventListener("beforeunload", this.onLeave); clearTimeout(this.timer); },
};
