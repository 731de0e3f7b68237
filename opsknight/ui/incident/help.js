// Asking for help with an incident: people by name, whoever is on call on a schedule, a team; with a note for them.
// The head's button opens it. It waits for the server: who is asked is paged at once.
const get = async (url) => {
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? answer.json() : null;
};

export default {
  props: { incident_id: String, me: Object },
  emits: ["changed"],
  template: `
  <dialog ref="box" class="ok-dialog ok-asking" aria-labelledby="ok-asking-title">
    <div class="ok-dialog-head"><h2 id="ok-asking-title">Ask for help</h2><button type="button" class="ok-tool" aria-label="Close" @click="close"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></div>
    <form class="ok-dialog-body" @submit.prevent="send">
      <p class="ok-muted">They are paged now and can accept or decline on this page. Who has the incident keeps it.</p>
      <fieldset class="ok-field"><legend>People</legend>
        <input v-model.trim="find" class="ok-input" type="search" aria-label="Find a person" placeholder="Find a person" autocomplete="off" autofocus @keydown.enter.prevent="first">
        <p v-if="!people" class="ok-muted" role="status">Reading who is there…</p>
        <div v-else class="ok-asking-people"><label v-for="one in found" :key="one.id" class="ok-asking-person" :data-off="!one.reachable || null">
          <input type="checkbox" :value="one.id" v-model="chosen" :disabled="!one.reachable">
          <span class="ok-person"><span class="ok-avatar" aria-hidden="true">{{ initials(one.name) }}</span><span class="ok-cut">{{ one.name }}</span></span>
          <small class="ok-cut">{{ about(one) }}</small></label>
          <p v-if="!found.length" class="ok-muted">Nobody here is called that.</p></div></fieldset>
      <div class="ok-asking-pair">
        <div class="ok-field"><label for="ok-asking-schedule">Who is on call on</label><select id="ok-asking-schedule" v-model="schedule_id" class="ok-select"><option :value="null">No schedule</option><option v-for="one in schedules" :key="one.id" :value="one.id">{{ one.name }}</option></select></div>
        <div class="ok-field"><label for="ok-asking-team">Everybody in the team</label><select id="ok-asking-team" v-model="team_id" class="ok-select"><option :value="null">No team</option><option v-for="one in teams" :key="one.id" :value="one.id">{{ one.name }}</option></select></div>
      </div>
      <div class="ok-field"><label for="ok-asking-note">Note</label><textarea id="ok-asking-note" v-model="note" class="ok-input" maxlength="1000" rows="2" placeholder="What you need, and where to find you"></textarea></div>
      <p v-if="refusal" class="ok-error" role="alert">{{ refusal }}</p>
      <div class="ok-buttons"><button class="ok-button ok-button-primary" :disabled="!whom || busy" :aria-busy="busy || null"><span>{{ whom ? 'Ask ' + whom : 'Ask' }}</span></button>
        <button type="button" class="ok-button ok-button-quiet" @click="close"><span>Cancel</span></button></div>
    </form>
  </dialog>`,

  data: () => ({ people: null, schedules: [], teams: [], find: "", chosen: [], schedule_id: null, team_id: null, note: "", refusal: "", busy: false, key: "" }),
  computed: {
    found() {
      const wanted = this.find.toLowerCase();
      return this.people.filter((one) => !wanted || one.name.toLowerCase().includes(wanted) || this.chosen.includes(one.id));
    },
    whom() {
      const names = this.chosen.map((id) => this.people?.find((one) => one.id === id)?.name).filter(Boolean);
      const more = [this.schedules.find((one) => one.id === this.schedule_id), this.teams.find((one) => one.id === this.team_id)].filter(Boolean);
      const all = [...names, ...more.map((one) => one.name)];
      return all.length > 2 ? `${all[0]} and ${all.length - 1} more` : all.join(" and ");
    },
  },
  methods: {
    initials: (name) => { const words = name.trim().split(/\s+/); return (words[0]?.[0] ?? "?").toUpperCase() + (words.length > 1 ? words.at(-1)[0].toUpperCase() : ""); },
    about: (one) => (one.reachable ? one.on_call?.length ? `on call: ${one.on_call.map((duty) => duty.schedule).join(", ")}` : "" : "cannot be paged"),
    first() {
      const one = this.found.find((each) => each.reachable && !this.chosen.includes(each.id));
      if (this.find && one) { this.chosen.push(one.id); this.find = ""; }
    },
    async open() {
      Object.assign(this, { find: "", chosen: [], schedule_id: null, team_id: null, refusal: "", key: crypto.randomUUID() });
      if (!this.$refs.box.open) this.$refs.box.showModal();
      const [people, schedules, teams] = await Promise.all([get("/api/v1/people"), get("/api/v1/schedules"), get("/api/v1/teams")]);
      const busy = (one) => (one.on_call?.length ? 0 : 1);
      this.people = (people ?? []).filter((one) => one.active && one.id !== this.me.id).sort((a, b) => busy(a) - busy(b) || a.name.localeCompare(b.name));
      this.schedules = schedules?.schedules ?? [];
      this.teams = teams?.teams ?? [];
      if (!people) this.refusal = "Who is there could not be read; close this and try again.";
    },
    close() { this.$refs.box?.close(); },
    async send() {
      if (!this.whom || this.busy) return;
      Object.assign(this, { busy: true, refusal: "" });
      const wish = { user_ids: this.chosen, schedule_id: this.schedule_id, team_id: this.team_id, note: this.note };
      const { key } = this;
      const answer = await opsknight.send("POST", `/api/v1/incidents/${this.incident_id}/responders`, wish, key);
      const anew = key !== this.key;                     // left, and opened for others: that is being written
      this.busy = false;
      if (!answer.ok) {
        if (anew) { opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 }); return; }
        this.refusal = answer.sentence;
        if (answer.status !== 0) this.key = crypto.randomUUID();      // the same key is only for the same question without an answer
        return;
      }
      if (!anew) { this.note = ""; this.close(); }
      opsknight.toast(answer.sentence, { kind: "good", for_s: 8 });
      this.$emit("changed");
    },
  },
  mounted() {
    addEventListener("ok:ask-for-help", this.open);
    this.undoKey = opsknight.keys.add({ keys: ["h"], says: "Ask for help", group: "This incident", run: () => dispatchEvent(new Event("ok:ask-for-help")) });
  },
  unmounted() { removeEventListener("ok:ask-for-help", this.open); this.undoKey?.(); },
};
