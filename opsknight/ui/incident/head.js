// The head of an incident's page: what it is, who has it, what happens next, and the verbs.
// A verb paints first and posts second, one after the other; a refusal paints back what the server last said, with its
// reason. Whoever presses the next has seen what his former deeds make of the incident, answered or not.
const WORDS = { open: "Open", acknowledged: "Acknowledged", snoozed: "Snoozed", suppressed: "Suppressed", resolved: "Resolved" };
const NEXT = {
  escalation: (step) => (step ? `Step ${step} pages` : "The policy pages"),
  safety_net: () => "The safety net pages the managers", snooze_end: () => "Wakes", suppress_end: () => "Ends its silence",
  ack_timeout: () => "Its owner is asked “still on it?”", ack_reminder: () => "Unacknowledged, without an answer,", pause: () => "Pages, if it has not cleared,",
};
const ALLOWED = {
  open: ["acknowledge", "resolve", "snooze", "escalate", "reassign", "suppress"],
  acknowledged: ["resolve", "snooze", "escalate", "reassign", "suppress", "unacknowledge"],
  snoozed: ["acknowledge", "wake", "resolve", "snooze", "escalate", "reassign", "suppress"],
  suppressed: ["acknowledge", "wake", "resolve", "escalate", "reassign"],
  resolved: ["reopen"],
};
const PATCH = {
  acknowledge: (row, me) => ({ status: "acknowledged", assignee: me.name, assignee_id: me.id, next: null, until: null }),
  unacknowledge: () => ({ status: "open", assignee: null, assignee_id: null, next: null }),
  resolve: () => ({ status: "resolved", next: null, until: null }),
  reopen: () => ({ status: "open", assignee: null, assignee_id: null, next: null }),
  wake: () => ({ status: "open", next: null, until: null }),
  snooze: (row, me, body) => ({ status: "snoozed", until: body.until ?? Date.now() / 1000 + body.for_s, next: null }),
  suppress: (row, me, body) => ({ status: "suppressed", until: Date.now() / 1000 + body.for_s, next: null }),
  reassign: (row, me, body) => ({ status: body.to === me.id ? "acknowledged" : "open", assignee: body.name, assignee_id: body.to, next: null }),
  escalate: () => ({}),
  "keep-quiet": () => ({ status: "suppressed", next: null, until: null }),
};
const DONE = { acknowledge: "acknowledged", unacknowledge: "unacknowledged", resolve: "resolved", reopen: "reopened", wake: "woken",
  snooze: "snoozed", suppress: "suppressed", reassign: "reassigned", escalate: "escalated", "keep-quiet": "kept quiet until it clears" };

export default {
  props: { incident: Object, me: Object, keep_quiet: Boolean },
  emits: ["changed"],
  template: `
  <section class="ok-incident-head" :data-refused="refused || null" :data-pending="pending || null">
    <div class="ok-incident-line">
      <span class="ok-badge" :class="{ 'ok-badge-solid': row.status === 'open' }" :data-severity="row.severity">
        <span class="ok-shape" :class="'ok-shape-' + row.severity" aria-hidden="true"></span><span>{{ capital(row.severity) }}</span></span>
      <span class="ok-status" :data-status="row.status"><span class="ok-icon" :class="'ok-icon-status-' + row.status" aria-hidden="true"></span><span>{{ words[row.status] }}</span></span>
      <span class="ok-faint">{{ row.urgency === 'high' ? 'High urgency' : 'Low urgency' }}</span>
      <span v-if="row.priority" class="ok-badge ok-badge-plain">{{ row.priority }}</span>
      <span class="ok-mono ok-faint">#{{ row.n }}</span>
      <span v-if="pending" class="ok-pending"><span class="ok-spin" aria-hidden="true"></span>{{ pending }}</span>
    </div>
    <h1>{{ row.title }}</h1>
    <p class="ok-incident-next">
      <span v-if="row.status === 'resolved'">{{ row.assignee ? 'It was in the hands of ' + row.assignee : 'Nobody owned it' }}</span>
      <span v-else-if="row.assignee"><b>{{ row.assignee }}</b> {{ row.assignee_id === me.id ? '(you) ' : '' }}{{ row.status === 'open' ? 'is asked to take it' : 'has it' }}</span>
      <span v-else-if="row.status === 'acknowledged'">Acknowledged by its monitor; nobody owns it</span>
      <span v-else-if="row.status === 'open'"><b>Nobody has it yet</b></span>
      <span v-if="row.until && (row.status === 'snoozed' || row.status === 'suppressed')">Quiet until <time :datetime="iso(row.until)" data-as="clock">{{ clock(row.until) }}</time></span>
      <span v-else-if="row.status === 'suppressed'">{{ row.quiet ? 'Quiet until that is over' : 'Quiet until its alert resolves' }}</span>
      <span v-if="row.status === 'suppressed' && row.quiet">Because of: <b>{{ row.quiet.reason }}</b></span>
      <span v-if="can('keep-quiet')">Its monitor still fires: the next trigger opens a new incident</span>
      <span v-if="row.next">{{ next }} <time class="ok-tab" :datetime="iso(row.next.at)" data-as="in">{{ clock(row.next.at) }}</time></span>
    </p>
    <a v-if="runbook" class="ok-outward ok-runbook" :href="runbook" target="_blank" rel="noopener noreferrer"><span class="ok-icon ok-icon-book" aria-hidden="true"></span><span>Open the runbook</span></a>
    <div class="ok-actions" role="group" aria-label="What to do">
      <button v-if="can('acknowledge')" type="button" class="ok-button ok-button-primary" @click="act('acknowledge')"><span>{{ asked ? 'I am still on it' : 'Acknowledge' }}</span><kbd class="ok-key">a</kbd></button>
      <button v-if="row.status === 'acknowledged' && row.assignee_id !== me.id" type="button" class="ok-button ok-button-primary" @click="reassign(me)"><span>Take over</span></button>
      <button v-if="can('reopen')" type="button" class="ok-button ok-button-primary" @click="act('reopen')"><span>Reopen</span></button>
      <button v-if="can('keep-quiet')" type="button" class="ok-button" @click="act('keep-quiet')"><span>Keep quiet until it clears</span></button>
      <button v-if="can('wake')" type="button" class="ok-button" @click="act('wake')"><span>Wake</span></button>
      <button v-if="can('resolve')" type="button" class="ok-button" @click="act('resolve')"><span>Resolve</span><kbd class="ok-key">r</kbd></button>
      <button v-if="can('snooze')" type="button" class="ok-button ok-second" popovertarget="ok-snooze" aria-haspopup="true"><span>Snooze</span><kbd class="ok-key">s</kbd></button>
      <button v-if="can('escalate')" type="button" class="ok-button ok-second" @click="act('escalate')"><span>Escalate</span><kbd class="ok-key">e</kbd></button>
      <button v-if="can('reassign')" type="button" class="ok-button ok-second" popovertarget="ok-reassign" aria-haspopup="true" @click="people"><span>Reassign</span><kbd class="ok-key">t</kbd></button>
      <button v-if="row.status !== 'resolved'" type="button" class="ok-button ok-second" aria-haspopup="dialog" @click="askForHelp"><span>Ask for help</span><kbd class="ok-key">h</kbd></button>
      <button type="button" class="ok-button ok-button-quiet ok-more-button" popovertarget="ok-more" aria-haspopup="true" aria-label="More"><span class="ok-icon ok-icon-more" aria-hidden="true"></span></button>
    </div>
    <div class="ok-pop ok-sheet" id="ok-snooze" popover="auto" role="group" aria-label="Snooze"><h2>Snooze</h2><div class="ok-menu">
      <button v-for="one in snoozes" :key="one.says" type="button" @click="close('ok-snooze'); act('snooze', one.body)"><span>{{ one.says }}</span><time>{{ clock(one.at) }}</time></button></div></div>
    <div class="ok-pop ok-sheet" id="ok-reassign" popover="auto" role="group" aria-label="Reassign to"><h2>Reassign to</h2><div class="ok-menu">
      <p v-if="!persons" class="ok-muted">Reading who is there…</p>
      <button v-for="one in persons || []" :key="one.id" type="button" @click="close('ok-reassign'); reassign(one)">
        <span class="ok-person"><span class="ok-avatar" aria-hidden="true">{{ initials(one.name) }}</span><span>{{ one.name }}</span><span v-if="one.id === me.id" class="ok-you">you</span></span>
        <time v-if="!one.reachable">cannot be paged</time></button></div></div>
    <div class="ok-pop ok-sheet" id="ok-more" popover="auto" role="group" aria-label="More"><div class="ok-menu">
      <template v-for="one in more" :key="one.says"><button type="button" :class="{ 'ok-only-phone': one.phone }" @click="close('ok-more'); one.run()">
        <span class="ok-icon" :class="'ok-icon-' + one.icon" aria-hidden="true"></span><span>{{ one.says }}</span></button></template></div></div>
  </section>`,

  data() {
    return { base: this.incident, fires: this.keep_quiet, deeds: [], refused: false, persons: null, words: WORDS, snoozes: [] };
  },
  computed: {
    row() { return this.deeds.length ? Object.assign({}, this.base, ...this.deeds.map((deed) => deed.patch)) : this.base; },
    // Whether the owner, who looks, is asked “still on it?”: acknowledging is the answer then.
    asked() { return this.row.status === "acknowledged" && this.row.assignee_id === this.me.id && this.row.next?.kind === "ack_reminder"; },
    pending() { return this.deeds.at(-1)?.words ?? ""; },
    next() { return (NEXT[this.row.next.kind] ?? (() => "Something happens"))(this.row.next.step); },
    runbook() { return /^https?:\/\//.test(this.row.runbook_url ?? "") ? this.row.runbook_url : null; },
    more() {
      const copy = async () => { if (await opsknight.copy(location.href)) opsknight.toast("Address copied"); };
      return [
        this.can("snooze") && { says: "Snooze…", icon: "clock", phone: true, run: () => this.open("ok-snooze") },
        this.can("escalate") && { says: "Escalate", icon: "escalate", phone: true, run: () => this.act("escalate") },
        this.can("reassign") && { says: "Reassign…", icon: "person", phone: true, run: () => { this.people(); this.open("ok-reassign"); } },
        this.row.status !== "resolved" && { says: "Ask for help…", icon: "team", phone: true, run: this.askForHelp },
        { says: "Watch it, or watch it no more", icon: "bell", run: this.watchIt },
        this.can("unacknowledge") && { says: "Unacknowledge: page again from the first step", icon: "undo", run: () => this.act("unacknowledge") },
        this.can("suppress") && { says: "Suppress for a day", icon: "bell", run: () => this.act("suppress", { for_s: 86400 }) },
        { says: "Copy the address of this page", icon: "link", run: copy },
      ].filter(Boolean);
    },
  },
  watch: { incident(fresh) { this.take(fresh); } },

  methods: {
    can(verb) {
      if (verb === "keep-quiet") return this.row.status === "resolved" && this.fires;
      return ALLOWED[this.row.status].includes(verb) || (verb === "acknowledge" && this.asked);
    },
    capital: (word) => word.charAt(0).toUpperCase() + word.slice(1),
    iso: (at) => new Date(at * 1000).toISOString(),
    clock: (at) => opsknight.times.clock(at * 1000),
    initials: (name) => { const words = name.trim().split(/\s+/); return (words[0]?.[0] ?? "?").toUpperCase() + (words.length > 1 ? words.at(-1)[0].toUpperCase() : ""); },
    close: (id) => document.getElementById(id)?.hidePopover(),
    open: (id) => setTimeout(() => { const pop = document.getElementById(id); if (pop && !pop.matches(":popover-open")) pop.showPopover(); }),

    // `fires` tells whether it was resolved although its monitor still fires; nobody knows that from a line alone.
    take(fresh, fires = false) {
      if (!fresh || fresh.version < this.base.version) return false;
      if (fires || fresh.version > this.base.version) this.fires = fires;
      this.base = fresh;
      return true;
    },
    async act(verb, body = {}) {
      if (!this.can(verb) && verb !== "reassign") return;
      const said = JSON.stringify([verb, body]), words = verb === "escalate" ? "Escalating" : "Saving";
      if (this.deeds.at(-1)?.said === said) return;      // pressed twice
      this.refused = false;
      const { name, ...sent } = body, stands = verb === "acknowledge" && this.asked;   // an answer is not taken back
      const answer = await this.send({ verb, said, words, patch: PATCH[verb](this.row, this.me, body), body: sent });
      if (answer.ok) {
        const undo = this.deeds.length || stands ? null : { label: "Undo", run: () => this.undo(verb) };
        opsknight.toast(answer.sentence === "Done." ? `#${this.base.n} ${DONE[verb]}` : answer.sentence, { kind: "good", action: undo, for_s: 5, id: "incident" });
        this.$emit("changed");
      } else {
        this.refused = true;
        setTimeout(() => { this.refused = false; }, 2500);
        opsknight.toast(answer.sentence, { kind: "bad", for_s: 12, id: "incident" });
        if (answer.status === 409) this.read();
      }
    },
    // Post a deed once those before it are answered: the server takes back the last, and each changes the version.
    async send(deed) {
      deed.seen = this.base.version;
      this.deeds.push(deed);
      const before = this.turn, url = `/api/v1/incidents/${this.base.id}/${deed.verb}`;
      this.turn = (async () => {
        await before;
        const seen = deed.seen, answer = await opsknight.post(url, deed.body ? { ...deed.body, seen_version: seen } : {});
        const after = answer.body.incident?.version;
        this.deeds = this.deeds.slice(1);
        if (answer.ok && after > seen) for (const one of this.deeds) if (one.seen === seen) one.seen = after;
        this.take(answer.body.incident, answer.body.offer === "keep_quiet");
        return answer;
      })();
      return this.turn;
    },
    async undo(verb) {
      const answer = await this.send({ verb: "undo", words: "Taking it back", patch: {} });
      opsknight.toast(answer.sentence === "Done." ? `Taken back: #${this.base.n} is no longer ${DONE[verb]}` : answer.sentence, { kind: answer.ok ? "good" : "bad", id: "incident" });
      this.$emit("changed");
    },
    watchIt() { document.getElementById("ok-watch")?.click(); },
    askForHelp() { dispatchEvent(new Event("ok:ask-for-help")); },
    reassign(person) { this.act("reassign", { to: person.id, name: person.name }); },
    async people() {
      const answer = await fetch("/api/v1/people", { headers: { Accept: "application/json" } }).catch(() => null);
      const all = answer?.ok ? await answer.json() : [];
      const first = (one) => (one.id === this.me.id ? 0 : 1);
      this.persons = all.filter((one) => one.active).sort((a, b) => first(a) - first(b) || a.name.localeCompare(b.name));
    },
    plan() {
      const now = Date.now() / 1000;
      const morning = new Date();
      morning.setHours(8, 0, 0, 0);
      if (morning.getTime() / 1000 < now + 3600) morning.setDate(morning.getDate() + 1);
      const spans = [["30 minutes", 1800], ["1 hour", 3600], ["2 hours", 7200], ["4 hours", 14400]];
      this.snoozes = [...spans.map(([says, for_s]) => ({ says, at: now + for_s, body: { for_s } })),
        { says: "Until the morning", at: morning.getTime() / 1000, body: { until: morning.getTime() / 1000 } }];
    },
    async read() {
      const answer = await fetch(`/api/v1/incidents/${this.base.id}`, { headers: { Accept: "application/json" } }).catch(() => null);
      if (!answer?.ok) return;
      const said = await answer.json();
      if (this.take(said.incident, said.keep_quiet)) { this.fires = said.keep_quiet; this.$emit("changed"); }
    },
    onBoard(change) {
      const line = change.u?.find((one) => one.id === this.base.id);
      if (line) { this.take(line); this.$emit("changed"); }
      else if (change.d?.includes(this.base.id)) this.read();
      else if (this.rev !== undefined && change.base !== undefined && change.base !== this.rev) this.read();
      this.rev = change.rev;
    },
    onLive({ detail }) { if (detail.state === "live" && detail.before !== "connecting") this.read(); },
  },

  async mounted() {
    this.plan();
    this.planning = setInterval(() => this.plan(), 30000);
    const group = "This incident";
    const key = (letter, says, run) => opsknight.keys.add({ keys: [letter], says, group, run });
    this.undoKeys = [key("a", "Acknowledge", () => this.act("acknowledge")), key("r", "Resolve", () => this.act("resolve")),
      key("s", "Snooze", () => this.can("snooze") && this.open("ok-snooze")), key("e", "Escalate", () => this.act("escalate")),
      key("t", "Reassign", () => { if (this.can("reassign")) { this.people(); this.open("ok-reassign"); } }),
      key("w", "Watch it, or watch it no more", () => this.watchIt())];
    addEventListener("ok:live", this.onLive);
    await this.$nextTick();
    window.socket.on("board", this.onBoard);
  },
  unmounted() {
    clearInterval(this.planning);
    this.undoKeys?.forEach((undo) => undo());
    removeEventListener("ok:live", this.onLive);
    window.socket?.off("board", this.onBoard);
  },
};
