// What a verb asks before it acts: until when, to whom. A dialog on a desk, a sheet from below on a phone.
import { get } from "./http.js";

const CROSS = `<button type="button" class="ok-tool" aria-label="Close" @click="close"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button>`;
const opening = {
  methods: {
    show() { if (!this.$refs.box.open) this.$refs.box.showModal(); },
    close() { this.$refs.box?.close(); },
    // 1…9 choose; the arrows walk, as in a menu.
    steer(event) {
      const buttons = [...this.$refs.list.querySelectorAll("button")];
      const at = buttons.indexOf(document.activeElement);
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (move) { event.preventDefault(); buttons[(at + move + buttons.length) % buttons.length]?.focus(); return; }
      if (/^[1-9]$/.test(event.key) && event.target.tagName !== "INPUT") { event.preventDefault(); buttons[Number(event.key) - 1]?.click(); }
    },
  },
};

export const SnoozeSheet = {
  mixins: [opening],
  emits: ["pick"],
  template: `
  <dialog ref="box" class="ok-dialog ok-sheet-dialog" aria-labelledby="ok-snooze-title" @keydown="steer">
    <div class="ok-dialog-head"><h2 id="ok-snooze-title">Snooze {{ what }}</h2>${CROSS}</div>
    <div ref="list" class="ok-menu ok-sheet-list">
      <button v-for="(one, i) in choices" :key="one.says" type="button" @click="pick(one.body)"><kbd class="ok-key">{{ i + 1 }}</kbd><span>{{ one.says }}</span><span class="ok-sheet-hint">{{ one.at }}</span></button>
    </div>
    <form class="ok-sheet-foot" @submit.prevent="pickOwn"><label class="ok-muted" for="ok-snooze-own">Until</label>
      <input id="ok-snooze-own" v-model="own" class="ok-input" type="datetime-local" required><button class="ok-button">Snooze</button></form>
  </dialog>`,
  data: () => ({ what: "", choices: [], own: "" }),
  methods: {
    open(what) {
      Object.assign(this, { what, choices: this.plan(globalThis.opsknight.times.now()), own: "" });
      this.show();
      this.$nextTick(() => this.$refs.list.querySelector("button")?.focus());
    },
    plan(now) {
      const morning = new Date(now);
      morning.setHours(8, 0, 0, 0);
      if (morning - now < 3600000) morning.setDate(morning.getDate() + 1);
      const clock = globalThis.opsknight.times.clock;
      const spans = [["30 minutes", 1800], ["1 hour", 3600], ["2 hours", 7200], ["4 hours", 14400]];
      return [...spans.map(([says, for_s]) => ({ says, at: clock(now + for_s * 1000), body: { for_s } })),
        { says: "Until the morning", at: clock(morning.getTime()), body: { until: morning.getTime() / 1000 } }];
    },
    pick(body) { this.close(); this.$emit("pick", body); },
    pickOwn() {
      const at = new Date(this.own).getTime();
      if (at > globalThis.opsknight.times.now()) this.pick({ until: at / 1000 });
      else globalThis.opsknight.toast("Choose a time to come; this one is over.", { kind: "bad" });
    },
  },
};

export const ReassignSheet = {
  mixins: [opening],
  props: { me: Object },
  emits: ["pick"],
  template: `
  <dialog ref="box" class="ok-dialog ok-sheet-dialog" aria-labelledby="ok-reassign-title" @keydown="steer">
    <div class="ok-dialog-head"><h2 id="ok-reassign-title">Reassign {{ what }}</h2>${CROSS}</div>
    <div class="ok-sheet-find"><input ref="field" v-model="q" class="ok-input" type="search" placeholder="Name" aria-label="Find a person by name" @keydown.enter.prevent="first"></div>
    <div ref="list" class="ok-menu ok-sheet-list">
      <p v-if="said" class="ok-muted">{{ said }}</p>
      <button v-for="one in found" :key="one.id" type="button" @click="pick(one)">
        <span class="ok-person"><span class="ok-avatar" aria-hidden="true">{{ initials(one.name) }}</span><span>{{ one.name }}</span><span v-if="one.id === me.id" class="ok-you">you</span></span>
        <span v-if="one.reachable === false" class="ok-sheet-hint">cannot be paged</span></button>
    </div>
  </dialog>`,
  data: () => ({ what: "", people: [], q: "", said: "", hasty: false }),
  computed: {
    found() {
      const words = this.q.toLowerCase().split(/\s+/).filter(Boolean);
      return this.people.filter((one) => words.every((word) => one.name.toLowerCase().includes(word)));
    },
  },
  methods: {
    async open(what) {
      Object.assign(this, { what, q: "", hasty: false, said: this.people.length ? "" : "Reading who is there…" });
      this.show();
      this.$nextTick(() => this.$refs.field.focus());
      const answer = await get("/api/v1/people");
      if (answer.ok) this.people = answer.body.filter((one) => one.active).sort((a, b) => (b.id === this.me.id) - (a.id === this.me.id) || a.name.localeCompare(b.name));
      this.said = answer.ok || this.people.length ? "" : `Nobody can be shown: ${answer.sentence}`;
      if (this.hasty && this.$refs.box.open) this.first();
    },
    // Enter takes the first that matches; pressed before anybody was read, it takes him as soon as he is.
    first() {
      if (this.found.length) this.pick(this.found[0]); else this.hasty = !this.people.length;
    },
    pick(one) { this.close(); this.$emit("pick", { to: one.id, name: one.name }); },
    initials: (name) => name.trim().split(/\s+/).map((word) => word[0]).filter((_, i, all) => i === 0 || i === all.length - 1).join("").toUpperCase(),
  },
};
