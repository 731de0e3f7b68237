// Shifts that are offered, and who is away: short lists with what one can do about each.
import { latest, read } from "./http.js";
import { turnsOf } from "./turns_of.js";
import { gapWords, lasting } from "./words.js";
import { dayOf, DAY, fromField, moment, span, startOf, toField } from "./zones.js";

const PREVIEW_MS = 150;
const ENDED = { taken: "taken", withdrawn: "withdrawn", expired: "expired: nobody took it" };

export const Asked = {
  props: { schedule: Object, people: Array, names: Object, zone: String, me: Object, own: Array, mayCover: Boolean, mayEdit: Boolean, schedules: Object },
  emits: ["changed"],
  template: `
  <section class="ok-asked" aria-labelledby="ok-swaps-title">
    <h2 id="ok-swaps-title">Offered shifts</h2>
    <p v-if="!open.length" class="ok-muted">Nobody asks for cover or a swap. Press a shift of yours and choose “Ask others” to offer it.</p>
    <div v-for="one in open" :key="one.id" class="ok-asked-line">
      <div><p><b>{{ one.user_id === me.id ? 'You offer' : (names[one.user_id] ?? 'Somebody') + ' offers' }}</b> {{ span(one.start_at, one.end_at, zone) }} <span class="ok-muted">· {{ lasting(one.end_at - one.start_at) }}</span></p>
        <p class="ok-muted">{{ wanted(one) }}{{ schedules ? ' In “' + (schedules[one.schedule_id] ?? one.schedule_id) + '”.' : '' }} Open until {{ moment(one.expires_at, zone) }}; untaken it stays as it is.{{ one.note ? ' “' + one.note + '”' : '' }}</p></div>
      <div v-if="mayCover" class="ok-buttons"><button v-if="may_take(one)" type="button" class="ok-button ok-button-small ok-button-primary" @click="take(one)"><span>Take it</span></button>
        <button v-if="may_take(one) && !one.return_start_at" type="button" class="ok-button ok-button-small" aria-haspopup="dialog" @click="choose(one, true)"><span>Take a part</span></button>
        <button v-if="one.user_id === me.id || mayEdit" type="button" class="ok-button ok-button-small" @click="end('/api/v1/swaps/' + one.id)"><span>Withdraw</span></button></div>
    </div>
    <details v-if="ended.length" class="ok-more"><summary>Before: {{ ended.length }}</summary>
      <p v-for="one in ended" :key="one.id" class="ok-muted">{{ names[one.user_id] ?? 'Somebody' }}: {{ span(one.start_at, one.end_at, zone) }}, {{ words[one.status] ?? one.status }}{{ one.taken_by ? ' by ' + (names[one.taken_by] ?? 'somebody') : '' }}</p></details>
  </section>
  <section class="ok-asked" aria-labelledby="ok-away-title">
    <div class="ok-asked-head"><h2 id="ok-away-title">Away</h2><button v-if="mayCover" type="button" class="ok-button ok-button-small" @click="ask(null)"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>I am away</span></button></div>
    <p v-if="!gone.length" class="ok-muted">Nobody has noted leave.</p>
    <div v-for="one in gone" :key="one.id" class="ok-asked-line">
      <div><p><b>{{ names[one.user_id] ?? 'Somebody' }}</b> {{ span(one.start_at, one.end_at, zone) }}</p>
        <p :class="one.substitute_id ? 'ok-muted' : 'ok-asked-warn'">{{ one.substitute_id ? (names[one.substitute_id] ?? 'Somebody') + ' has their shifts.' : 'Nobody has their shifts: name a substitute, or override them.' }}{{ one.note ? ' “' + one.note + '”' : '' }}</p></div>
      <div v-if="mayCover && (one.user_id === me.id || mayEdit)" class="ok-buttons"><button type="button" class="ok-button ok-button-small" aria-haspopup="dialog" @click="ask(one)"><span>Change</span></button><button type="button" class="ok-button ok-button-small" @click="end('/api/v1/leaves/' + one.id)"><span>Withdraw</span></button></div>
    </div>
  </section>
  <dialog ref="give" class="ok-dialog" aria-labelledby="ok-give-title">
    <div class="ok-dialog-head"><h2 id="ok-give-title">{{ taking?.part ? 'Take a part of this shift' : 'Swap for which of yours?' }}</h2><button type="button" class="ok-tool" aria-label="Close" @click="$refs.give.close()"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></div>
    <form v-if="taking" class="ok-dialog-body" @submit.prevent="give">
      <p class="ok-muted">{{ names[taking.one.user_id] ?? 'Somebody' }} offers {{ span(taking.one.start_at, taking.one.end_at, zone) }}.</p>
      <div v-if="taking.part" class="ok-cover-own"><label>From<input v-model="taking.from" class="ok-input" type="datetime-local" required></label><label>To<input v-model="taking.to" class="ok-input" type="datetime-local" required></label></div>
      <p v-if="taking.part" :class="left.bad ? 'ok-error' : 'ok-muted'" role="status">{{ left.words }}</p>
      <template v-if="wants_own"><p v-if="!mine.length">You have no shift in the next 8 weeks on this schedule that you could give in return.</p>
        <div v-else class="ok-field"><label for="give-shift">Your shift that they get</label><select id="give-shift" v-model="given" class="ok-select"><option v-for="(one, i) in mine" :key="one.start_at" :value="i">{{ span(one.start_at, one.end_at, zone) }}</option></select><small v-if="taking.part && !left.bad">They get all of it, {{ lasting(mine[given].end_at - mine[given].start_at) }}, for {{ lasting(times[1] - times[0]) }} of theirs.</small></div></template>
      <p v-else-if="taking.one.kind === 'swap'">They get {{ span(taking.one.return_start_at, taking.one.return_end_at, zone) }} of yours in return.</p>
      <p v-if="refusal" class="ok-error" role="alert">{{ refusal }}</p>
      <div class="ok-buttons"><button class="ok-button ok-button-primary" :disabled="(wants_own && !mine.length) || left.bad"><span>{{ taking.one.kind === 'swap' ? 'Swap' : 'Take it' }}</span></button><button type="button" class="ok-button ok-button-quiet" @click="$refs.give.close()"><span>Cancel</span></button></div></form>
  </dialog>
  <dialog ref="leave" class="ok-dialog" aria-labelledby="ok-leave-title" @close="leaving = false">
    <div class="ok-dialog-head"><h2 id="ok-leave-title">{{ !changing ? 'I am away' : changing.user_id === me.id ? 'When you are away' : 'When ' + (names[changing.user_id] ?? 'somebody') + ' is away' }}</h2><button type="button" class="ok-tool" aria-label="Close" @click="$refs.leave.close()"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></div>
    <form class="ok-dialog-body" @submit.prevent="leave">
      <div v-if="mayEdit && !changing" class="ok-field"><label for="leave-who">Who</label><select id="leave-who" v-model="wish.user_id" class="ok-select"><option v-for="one in active" :key="one.id" :value="one.id">{{ one.id === me.id ? one.name + ' (you)' : one.name }}</option></select></div>
      <div class="ok-cover-own"><label>From<input v-model="wish.from" class="ok-input" type="datetime-local" required></label><label>To<input v-model="wish.to" class="ok-input" type="datetime-local" required></label></div>
      <div class="ok-field"><label for="leave-sub">Who has the shifts meanwhile</label><select id="leave-sub" v-model="wish.substitute_id" class="ok-select"><option :value="null">Nobody: warn of them</option><option v-for="one in active" :key="one.id" :value="one.id" :disabled="one.id === wish.user_id">{{ one.name }}{{ one.reachable ? '' : ' (cannot be paged)' }}</option></select></div>
      <div class="ok-cover-preview ok-leave-preview" role="status">
        <template v-if="foreseen"><p>{{ foreseen.sentence }}</p>
          <template v-for="one in foreseen.schedules" :key="one.schedule_id"><ul v-if="one.taken.length" class="ok-leave-taken"><li v-for="part in one.taken.slice(0, 5)" :key="part.user_id + ':' + part.start_at"><b>{{ part.user }}</b> {{ span(part.start_at, part.end_at, zone) }} <span class="ok-muted">{{ one.schedule }}{{ part.away ? ', though away' : '' }}</span></li><li v-if="one.taken.length > 5" class="ok-muted">and {{ one.taken.length - 5 }} more in {{ one.schedule }}</li></ul>
            <p v-if="one.gaps.length" class="ok-schedule-gaps"><span class="ok-icon ok-icon-bell" aria-hidden="true"></span><span>{{ one.schedule }}: {{ gapWords(one.gaps, zone) }}</span></p></template></template>
        <p v-else class="ok-muted">Before it is saved, what comes of it is shown here.</p></div>
      <div class="ok-field"><label for="leave-note">Note</label><input id="leave-note" v-model="wish.note" class="ok-input" maxlength="500" autocomplete="off"></div>
      <p v-if="refusal" class="ok-error" role="alert">{{ refusal }}</p>
      <div class="ok-buttons"><button class="ok-button ok-button-primary"><span>Save</span></button><button type="button" class="ok-button ok-button-quiet" @click="$refs.leave.close()"><span>Cancel</span></button></div></form>
  </dialog>`,

  data: () => ({ swaps: [], leaves: [], mine: [], given: 0, taking: null, refusal: "", foreseen: null, leaving: false, changing: null, waiting: new Set(), wish: { user_id: null, from: "", to: "", substitute_id: null, note: "" }, words: ENDED }),
  computed: {
    here() {                                                     // who manages schedules reads what others offer to others, too: on one's own page it is out of place
      return this.swaps.filter((one) => (this.schedule ? one.schedule_id === this.schedule.id : one.user_id === this.me.id || one.taken_by === this.me.id || this.may_take(one)));
    },
    open() { return this.here.filter((one) => one.status === "open"); },
    ended() { return this.here.filter((one) => one.status !== "open").slice(0, 20); },
    gone() { return this.own ? this.leaves.filter((one) => this.own.includes(one.user_id)) : this.leaves; },
    active() { return this.people.filter((one) => one.active); },
    wants_own() { return this.taking?.one.kind === "swap" && !this.taking.one.return_start_at; },
    leave_wish() {
      const { user_id, substitute_id, note } = this.wish;
      return { user_id, substitute_id, note, start_at: fromField(this.wish.from, this.zone), end_at: fromField(this.wish.to, this.zone, { last: true }) };
    },
    away() {                                                     // the leave that is being written, once it can be one
      const { note, ...wish } = this.leaving ? this.leave_wish : {};
      return wish.start_at != null && wish.end_at > Math.max(wish.start_at, opsknight.times.now() / 1000) ? JSON.stringify(wish) : "";
    },
    times() { return [fromField(this.taking.from, this.zone), fromField(this.taking.to, this.zone, { last: true })]; },
    left() {                                                     // what stays offered of a shift of which a part is taken
      if (!this.taking?.part) return { bad: false, words: "" };
      const { start_at, end_at } = this.taking.one, [from, to] = this.times, now = opsknight.times.now() / 1000;
      if (from === null || to === null || to <= from) return { bad: true, words: "It must end after it begins." };
      if (from < Math.floor(start_at / 60) * 60 || to > end_at) return { bad: true, words: `Choose a part of ${span(start_at, end_at, this.zone)}.` };
      const rest = [[Math.max(start_at, now), from], [to, end_at]].filter(([start, end]) => end - start >= 60);
      if (!rest.length) return { bad: false, words: "That is all of it." };
      return { bad: false, words: `Still offered: ${rest.map(([start, end]) => span(start, end, this.zone)).join("; and ")}.` };
    },
  },
  watch: {
    away(wish) {
      clearTimeout(this.timer);
      if (!wish) { this.foreseen = null; return; }
      this.timer = setTimeout(() => this.foresee(JSON.parse(wish)), PREVIEW_MS);
    },
  },
  methods: {
    gapWords, lasting, moment, span,
    async look() {
      const [swaps, leaves] = await Promise.all([this.mayCover ? read("/api/v1/swaps") : { ok: true, body: { swaps: [] } }, read("/api/v1/leaves")]);
      if (swaps.ok) this.swaps = swaps.body.swaps;
      if (leaves.ok) this.leaves = leaves.body.leaves;
    },
    may_take(one) { return one.user_id !== this.me.id && (!one.offered_to.length || one.offered_to.includes(this.me.id)); },
    wanted(one) {
      const to = one.offered_to.length ? ` Asked: ${one.offered_to.map((id) => this.names[id] ?? id).join(", ")}.` : "";
      if (one.kind === "cover") return `Wants cover, nothing in return.${to}`;
      return one.return_start_at ? `Wants ${span(one.return_start_at, one.return_end_at, this.zone)} in return.${to}` : `Wants a shift in return.${to}`;
    },
    async take(one) {
      if (one.kind === "swap" && !one.return_start_at) await this.choose(one, false);
      else await this.done("POST", `/api/v1/swaps/${one.id}/take`, {});
    },
    async choose(one, part) {
      const now = Math.floor(opsknight.times.now() / 1000);
      this.taking = { one, part, from: toField(Math.max(one.start_at, now), this.zone), to: toField(one.end_at, this.zone) };
      Object.assign(this, { given: 0, mine: [], refusal: "" });
      if (this.wants_own) {
        const mine = await turnsOf(one.schedule_id, this.me.id, now);
        if (this.taking.one.id !== one.id) return;        // another was pressed since
        this.mine = mine;
      }
      if (!this.$refs.give.open) this.$refs.give.showModal();
    },
    async give() {
      const { one, part } = this.taking, wish = {}, now = Math.floor(opsknight.times.now() / 1000);
      if (part) Object.assign(wish, { start_at: Math.max(this.times[0], one.start_at), end_at: Math.min(this.times[1], one.end_at) });
      if (this.wants_own) Object.assign(wish, { return_start_at: Math.max(this.mine[this.given].start_at, now), return_end_at: this.mine[this.given].end_at });
      const answer = await this.once("POST", `/api/v1/swaps/${one.id}/take`, wish);
      if (!answer) return;
      if (!answer.ok) { this.refusal = answer.sentence; return; }
      this.$refs.give.close();
      opsknight.toast(answer.sentence, { kind: "good", for_s: 6 });
      this.look();
      this.$emit("changed");
    },
    ask(one) {                                                   // leave that is noted anew, or one that is changed
      const now = opsknight.times.now() / 1000, tomorrow = dayOf(now, this.zone) + DAY;
      const [from, to] = [startOf(tomorrow, this.zone), startOf(tomorrow + 7 * DAY, this.zone)];
      const wish = one ?? { user_id: this.me.id, start_at: from, end_at: to, substitute_id: null, note: "" };
      this.wish = { user_id: wish.user_id, from: toField(wish.start_at, this.zone), to: toField(wish.end_at, this.zone), substitute_id: wish.substitute_id, note: wish.note };
      Object.assign(this, { changing: one, refusal: "", foreseen: null, leaving: true });
      this.$refs.leave.showModal();
    },
    async leave() {
      const answer = this.changing ? await this.once("PUT", `/api/v1/leaves/${this.changing.id}`, this.leave_wish) : await this.once("POST", "/api/v1/leaves", this.leave_wish);
      if (!answer) return;
      if (!answer.ok) { this.refusal = answer.sentence; return; }
      this.$refs.leave.close();
      opsknight.toast(answer.sentence, { kind: "good", for_s: 12 });
      this.look();
      this.$emit("changed");
    },
    // Pressed again while its answer is awaited it is the same press: nothing is sent twice.
    async once(method, url, body) {
      const what = `${method} ${url}`;
      if (this.waiting.has(what)) return null;
      this.waiting.add(what);
      const answer = await opsknight.send(method, url, body);
      this.waiting.delete(what);
      return answer;
    },
    end(url) { return this.done("DELETE", url); },
    async done(method, url, body) {
      const answer = await this.once(method, url, body);
      if (!answer) return null;
      opsknight.toast(answer.sentence, { kind: answer.ok ? "good" : "bad", for_s: answer.ok ? 6 : 12 });
      this.look();
      this.$emit("changed");
      return answer;
    },
  },
  created() {
    const ask = latest((wish) => opsknight.post(`/api/v1/leaves/preview${this.changing ? `?instead_of=${this.changing.id}` : ""}`, wish));
    this.foresee = async (wish) => {
      const answer = await ask(wish);
      if (!answer || !this.leaving) return;
      this.foreseen = answer.ok ? answer.body : null;
      this.refusal = answer.ok ? "" : answer.body.detail ?? answer.sentence;
    };
  },
  mounted() { this.look(); },
  unmounted() { clearTimeout(this.timer); },
};
