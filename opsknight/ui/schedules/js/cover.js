// Changing who is on call for a while: press a shift, choose who, save. What comes of it is shown before it is saved.
import { latest } from "./http.js";
import { choices, Choose } from "./people.js";
import { turnsOf } from "./turns_of.js";
import { clockWords, gapWords, lasting, who, why } from "./words.js";
import { DAY, dayOf, fromField, shortDay, span, startOf, toField } from "./zones.js";

const PREVIEW_MS = 150;
const WAYS = { replace: "Somebody instead", add: "Somebody as well", remove: "Take off call", ask: "Ask others" };

export const Cover = {
  components: { Choose },
  props: { schedule: Object, timeline: Object, people: Array, names: Object, colours: Object, by: Object, zone: String, me: Object, mayEdit: Boolean, mayChange: Boolean, mayCover: Boolean },
  emits: ["changed"],
  template: `
  <dialog ref="box" class="ok-dialog ok-dialog-wide ok-cover" aria-labelledby="ok-cover-title" @close="shown = false">
    <div class="ok-dialog-head"><h2 id="ok-cover-title">{{ title }}</h2><button type="button" class="ok-tool" aria-label="Close" @click="close"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></div>
    <form v-if="shown" class="ok-dialog-body" @submit.prevent="save">
      <div class="ok-cover-what"><p><b>{{ span(piece.start_at, piece.end_at, zone) }}</b><span class="ok-muted"> · {{ lasting(piece.end_at - piece.start_at) }}</span></p>
        <p class="ok-muted">{{ why(piece, by) }} {{ clockWords(piece, zone) }}</p></div>
      <p v-if="over" class="ok-muted">This is over, and what was cannot be changed.</p>
      <div v-if="(mine_to_end || replaced) && !changing" class="ok-buttons"><a v-if="replaced" class="ok-button" :href="'/schedules/' + schedule.id + '/temporary/' + piece.temporary_id"><span>Edit this temporary schedule</span></a><button v-if="changeable" type="button" class="ok-button" @click="amend"><span>Change this override</span></button><button v-if="mine_to_end" type="button" class="ok-button ok-button-danger" :aria-busy="busy || null" @click="withdraw"><span class="ok-icon ok-icon-undo" aria-hidden="true"></span><span>{{ piece.temporary_id && !piece.override_id ? 'Withdraw this temporary schedule' : 'Withdraw this override' }}</span></button></div>
      <template v-if="mayCover && !over">
        <div class="ok-choice" role="radiogroup" aria-label="What is to change"><label v-for="(word, name) in ways" :key="name"><input v-model="way" type="radio" name="cover-way" :value="name"><span>{{ word }}</span></label></div>
        <Choose v-if="way === 'replace' || way === 'add'" v-model="user" name="cover-user" :label="way === 'add' ? 'Who is on call as well' : 'Who is on call instead'" :people="able" :colours="colours" :me="me"></Choose>
        <div v-if="(way === 'replace' && those.length) || way === 'remove'" class="ok-field"><label for="cover-replaces">{{ way === 'remove' ? 'Who is not on call' : 'Instead of' }}</label>
          <select id="cover-replaces" v-model="replaces" class="ok-select"><option v-if="way === 'replace'" :value="null">Everybody, and nobody in a gap</option><option v-for="one in those" :key="one" :value="one">{{ names[one] ?? one }}</option></select></div>
        <template v-if="way === 'ask'">
          <div class="ok-choice" role="radiogroup" aria-label="What you want in return"><label><input v-model="kind" type="radio" name="cover-kind" value="cover"><span>Cover, nothing in return</span></label><label><input v-model="kind" type="radio" name="cover-kind" value="swap"><span>Swap for a shift of theirs</span></label></div>
          <div class="ok-field"><label for="cover-offered">Whom you ask</label><select id="cover-offered" v-model="offered" class="ok-select"><option :value="null">Everybody</option><option v-for="one in able" :key="one.id" :value="one.id">{{ one.name }}</option></select>
            <small>Until somebody takes it, {{ piece.user_id === me.id ? 'you stay' : names[piece.user_id] + ' stays' }} on call and {{ piece.user_id === me.id ? 'are' : 'is' }} paged as before.</small></div>
          <div v-if="kind === 'swap' && offered" class="ok-field"><label for="cover-return">The shift you want</label><select id="cover-return" v-model="wanted" class="ok-select"><option value="">One of theirs that they choose</option><option v-for="(one, i) in theirs" :key="one.start_at" :value="i">{{ span(one.start_at, one.end_at, zone) }}</option></select>
            <small v-if="wanted !== ''">It is given for all that you offer: no part of it can be taken.</small></div>
          <div class="ok-field"><label for="cover-by">To be taken by</label><input id="cover-by" v-model="by_when" class="ok-input" type="datetime-local"><small>{{ by_when ? 'Untaken by then, the offer ends.' : times && times[0] > now() ? 'Empty: until it begins.' : 'Empty: until it ends.' }}</small></div>
        </template>
        <div class="ok-cover-span"><div class="ok-choice" role="radiogroup" aria-label="For how long"><label v-for="one in spans" :key="one.name"><input type="radio" name="cover-span" :value="one.name" :checked="one.name === length" @change="choose(one)"><span>{{ one.word }}</span></label></div>
          <div v-if="length === 'own'" class="ok-cover-own"><label>From<input v-model="from" class="ok-input" type="datetime-local" required></label><label>To<input v-model="to" class="ok-input" type="datetime-local" required></label></div>
          <p v-else-if="length !== 'whole'" class="ok-tab">{{ times ? span(times[0], times[1], zone) : '' }}<span v-if="times" class="ok-muted"> · {{ lasting(times[1] - times[0]) }}</span></p></div>
        <div class="ok-field"><label for="cover-note">Note</label><input id="cover-note" v-model="note" class="ok-input" maxlength="500" placeholder="Why, for those who look later" autocomplete="off"></div>
        <div v-if="way !== 'ask'" class="ok-cover-preview" role="status" :data-changes="preview?.changes ?? null">
          <template v-if="preview">
            <div v-for="side in ['before', 'after']" :key="side" class="ok-cover-line"><span>{{ side === 'before' ? 'Now' : 'Then' }}</span><div class="ok-cover-strip"><i v-for="one in strip(side)" :key="one.start_at + ':' + one.user_id" :style="place(one)" :data-who="one.gap ? null : colours[one.user_id]" :data-gap="one.gap || null">{{ one.gap ? 'Nobody' : one.user }}</i></div></div>
            <p>{{ preview.sentence }}</p><p v-if="preview.gaps.length" class="ok-error">{{ gapWords(preview.gaps, zone) }}</p>
          </template><p v-else class="ok-muted">Before it is saved, what changes is shown here.</p></div>
        <p v-if="refusal" class="ok-error" role="alert">{{ refusal }}</p>
        <div class="ok-buttons"><button class="ok-button ok-button-primary" :aria-busy="busy || null" :disabled="!complete"><span>{{ way === 'ask' ? 'Ask' : 'Save' }}</span></button><button type="button" class="ok-button ok-button-quiet" @click="close"><span>Cancel</span></button></div>
      </template>
    </form>
  </dialog>`,

  data: () => ({ shown: false, changing: null, piece: {}, row: "final", day: 0, way: "replace", user: null, replaces: null, kind: "cover", offered: null, theirs: [], wanted: "", by_when: "", length: "whole", from: "", to: "", note: "", preview: null, refusal: "", busy: false }),
  computed: {
    over() { return this.piece.end_at <= this.now(); },
    changeable() { const one = this.by[this.piece.override_id]; return Boolean(this.mayCover && one && !one.swap_id); },
    title() {
      if (this.changing) return "Change this override";
      if (this.row === "override") return this.piece.whole ? `“${this.piece.user}”` : `Override: ${this.piece.user} ${this.piece.word}`;
      return this.piece.gap ? "Nobody is on call" : this.piece.selected ? "Change who is on call" : `${who(this.piece)} ${this.over ? "had this shift" : this.piece.start_at <= this.now() ? "is on call" : "has this shift"}`;
    },
    replaced() { return this.mayChange && !this.over && Boolean(this.piece.temporary_id); },
    mine_to_end() { return !this.over && ((this.mayCover && this.piece.override_id) || (this.row === "override" && this.piece.temporary_id && this.mayChange)); },
    ways() {
      const fixed = { ...WAYS };
      if (!this.those.length) delete fixed.remove;
      if (this.changing || this.piece.gap || this.piece.selected || !(this.piece.user_id === this.me.id || this.mayEdit)) delete fixed.ask;
      return fixed;
    },
    those() {                                                    // who is on call in that time, and so can be replaced
      const [start, end] = this.times ?? [this.piece.start_at, this.piece.end_at];
      const own = this.changing ? this.changing.replaces_id : this.piece.user_id;
      return [...new Set([own, ...this.timeline.final.filter((one) => one.start_at < end && one.end_at > start).map((one) => one.user_id)])].filter((id) => id && (this.changing ? id !== this.changing.user_id : !this.piece.off));
    },
    able() { return choices(this.people, { own: new Set(Object.keys(this.colours).map(Number)), me: this.me, without: this.way === "add" ? null : this.way === "ask" ? this.piece.user_id : this.replaces }); },
    spans() {
      const { start_at, end_at } = this.piece, day = [startOf(this.day, this.zone), startOf(this.day + DAY, this.zone)], all = [{ name: "whole", word: this.piece.selected ? "As selected" : this.piece.gap ? "The whole gap" : "The whole shift", times: [start_at, end_at] }];
      if (start_at < day[0] || end_at > day[1]) all.push({ name: "day", word: `Only ${shortDay(day[0], this.zone)}`, times: [Math.max(start_at, day[0]), Math.min(end_at, day[1])] });
      return [...all, { name: "own", word: "Another time" }];
    },
    times() {
      const found = this.length === "own" ? [fromField(this.from, this.zone), fromField(this.to, this.zone, { last: true })] : this.spans.find((one) => one.name === this.length)?.times ?? null;
      if (!found || found[0] === null || found[1] === null || found[1] <= found[0]) return null;
      return [Math.max(found[0], Math.floor(this.now())), found[1]];
    },
    complete() { return this.times !== null && (this.way === "ask" || this.way === "remove" ? this.way === "ask" || this.replaces !== null : this.user !== null); },
    wish() {
      const wish = { change: this.way, start_at: this.times?.[0], end_at: this.times?.[1], note: this.note };
      if (this.way !== "remove") wish.user_id = this.user;
      if (this.way !== "add") wish.replaces_id = this.replaces;
      return wish;
    },
    offer() {                                                    // what is asked of others, without what was left open
      const offer = { kind: this.kind, start_at: this.times?.[0], end_at: this.times?.[1], user_id: this.piece.user_id, offered_to: this.offered ? [this.offered] : [], note: this.note };
      const back = this.kind === "swap" && this.offered && this.wanted !== "" ? this.theirs[this.wanted] : null;
      if (back) Object.assign(offer, { return_start_at: Math.max(back.start_at, Math.floor(this.now())), return_end_at: back.end_at });
      const by = this.by_when ? fromField(this.by_when, this.zone, { last: true }) : null;
      return by === null ? offer : { ...offer, expires_at: by };
    },
    whose() { return this.shown && this.way === "ask" && this.kind === "swap" ? this.offered : null; },
    asked() { return this.shown && this.complete && this.way !== "ask" ? JSON.stringify({ ...this.wish, note: "" }) : ""; },
  },
  watch: {
    asked(wish) {
      clearTimeout(this.timer);
      if (!wish) { this.preview = null; return; }
      this.timer = setTimeout(() => this.foresee(JSON.parse(wish)), PREVIEW_MS);
    },
    async whose(user) {
      Object.assign(this, { theirs: [], wanted: "" });
      if (user === null) return;
      const theirs = await turnsOf(this.schedule.id, user, Math.floor(this.now()));
      if (this.whose === user) this.theirs = theirs;          // another was chosen since
    },
    way() { if (this.way === "remove" && this.replaces === null) this.replaces = this.those[0] ?? null; if (this.user === this.replaces && this.way === "replace") this.user = null; },
    replaces() { if (this.user === this.replaces && this.way === "replace") this.user = null; },
  },
  methods: {
    clockWords, gapWords, lasting, span, why,
    now: () => opsknight.times.now() / 1000,
    // `piece` is what was pressed, in a row of `kind`; `part` the part of it on one day; `way` what is likely to be wanted.
    open({ piece, kind = "final", part = null, way = null }) {
      const users = piece.selected ? [...new Set(this.timeline.final.filter((one) => one.start_at < piece.end_at && one.end_at > piece.start_at).map((one) => one.user_id))] : [piece.user_id];
      const replaces = piece.gap || piece.off || users.length > 1 ? null : users[0] ?? null;
      Object.assign(this, { changing: null, piece, row: kind, refusal: "", note: "", preview: null, length: "whole", kind: "cover", offered: null, by_when: "", replaces, shown: true });
      this.day = dayOf(Math.max(part?.start ?? piece.start_at, Math.min(this.now(), piece.end_at - 1)), this.zone);
      this.way = way ?? (piece.gap ? "add" : "replace");
      this.user = this.me.id !== replaces ? this.me.id : null;
      if (!this.$refs.box.open) this.$refs.box.showModal();
      const first = [".ok-choose input:checked", ".ok-choose input", ".ok-choice input:checked", "button"];
      this.$nextTick(() => first.map((one) => this.$refs.box.querySelector(one)).find(Boolean)?.focus());
    },
    amend() {                                                    // what the override says stands in the form, and is sent instead of it
      const one = this.by[this.piece.override_id];
      Object.assign(this, { changing: one, refusal: "", preview: null, way: one.change, user: one.user_id, replaces: one.replaces_id, note: one.note, length: "own", from: toField(one.start_at, this.zone), to: toField(one.end_at, this.zone) });
      this.$nextTick(() => this.$refs.box.querySelector(".ok-choice input:checked")?.focus());
    },
    close() { this.$refs.box.close(); },
    choose(one) {
      if (one.name === "own" && this.times) { this.from = toField(this.times[0], this.zone); this.to = toField(this.times[1], this.zone); }
      this.length = one.name;
    },
    strip(side) {
      const gaps = side === "after" ? this.preview.gaps : this.preview.gaps_before;
      return [...this.preview[side], ...gaps.map(([start_at, end_at]) => ({ gap: true, start_at, end_at }))].filter((one) => one.end_at > this.times?.[0] && one.start_at < this.times?.[1]);
    },
    place(one) {
      const [start, end] = this.times, left = Math.max(one.start_at, start), right = Math.min(one.end_at, end);
      return { left: `${((left - start) / (end - start)) * 100}%`, width: `${((right - left) / (end - start)) * 100}%` };
    },
    async save() {
      if (!this.complete || this.busy) return;
      this.busy = true;
      const ask = this.way === "ask", url = `/api/v1/schedules/${this.schedule.id}/${ask ? "swaps" : "overrides"}`;
      const was = this.changing, place = was && `/api/v1/overrides/${was.id}`;
      const answer = was ? await opsknight.send("PUT", place, this.wish) : await opsknight.post(url, ask ? this.offer : this.wish);
      this.busy = false;
      if (!answer.ok) { this.refusal = answer.sentence; return; }
      this.close();
      const undo = was ? { label: "Undo", run: () => this.back(place, was) } : { label: "Undo", run: () => this.end(ask ? `/api/v1/swaps/${answer.body.swap.id}` : `/api/v1/overrides/${answer.body.override.id}`) };
      opsknight.toast(answer.sentence, { kind: "good", action: undo, for_s: 10, id: "cover" });
      this.$emit("changed");
    },
    async back(place, { change, start_at, end_at, note, user_id, replaces_id }) {
      const answer = await opsknight.send("PUT", place, { change, start_at, end_at, note, user_id, replaces_id });
      opsknight.toast(answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12, id: "cover" });
      this.$emit("changed");
    },
    async withdraw() {
      if (this.busy) return;
      this.busy = true;
      const { override_id, temporary_id } = this.piece;
      const done = await this.end(override_id ? `/api/v1/overrides/${override_id}` : `/api/v1/temporary-schedules/${temporary_id}`);
      this.busy = false;
      if (done) this.close();
    },
    async end(url) {
      const answer = await opsknight.send("DELETE", url);
      opsknight.toast(answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12, id: "cover" });
      this.$emit("changed");
      return answer.ok;
    },
  },
  created() {
    const ask = latest((wish) => opsknight.post(`/api/v1/schedules/${this.schedule.id}/overrides/preview${this.changing ? `?instead_of=${this.changing.id}` : ""}`, wish));
    this.foresee = async (wish) => {
      const answer = await ask(wish);
      if (!answer || !this.shown) return;
      this.preview = answer.ok ? answer.body : null;
      this.refusal = answer.ok ? "" : answer.body.detail ?? answer.sentence;
    };
  },
};
