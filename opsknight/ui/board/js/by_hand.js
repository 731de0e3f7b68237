// Open an incident by hand: what a person saw before any monitor did. It waits for the server; a page is too loud to foresee.
import { get, newKey, post } from "./http.js";

const EMPTY = { service_id: "", title: "", urgency: "high", severity: "error", who: "", details: "" };

export const OpenSheet = {
  props: { me: Object },
  emits: ["opened"],
  template: `
  <dialog ref="box" class="ok-dialog ok-open" aria-labelledby="ok-open-title">
    <div class="ok-dialog-head"><h2 id="ok-open-title">Open an incident</h2>
      <button type="button" class="ok-tool" aria-label="Close" @click="close"><span class="ok-icon ok-icon-close" aria-hidden="true"></span></button></div>
    <form class="ok-dialog-body" @submit.prevent="send">
      <div class="ok-field"><label for="ok-open-service">Service</label>
        <select id="ok-open-service" autofocus v-model="form.service_id" class="ok-select" required>
          <option value="" disabled>What is affected?</option><option v-for="one in services" :key="one.id" :value="one.id">{{ one.name }}</option></select></div>
      <div class="ok-field"><label for="ok-open-what">What is wrong</label>
        <input id="ok-open-what" ref="field" v-model.trim="form.title" class="ok-input" maxlength="255" required autocomplete="off" placeholder="Checkout answers with errors"></div>
      <div class="ok-open-pair">
        <fieldset class="ok-field"><legend>Urgency</legend><div class="ok-choice">
          <label v-for="one in ['high', 'low']" :key="one"><input v-model="form.urgency" type="radio" name="ok-open-urgency" :value="one"><span>{{ one === 'high' ? 'High' : 'Low' }}</span></label></div></fieldset>
        <div class="ok-field"><label for="ok-open-severity">Severity</label>
          <select id="ok-open-severity" v-model="form.severity" class="ok-select"><option v-for="one in ['critical', 'error', 'warning', 'info']" :key="one" :value="one">{{ one.charAt(0).toUpperCase() + one.slice(1) }}</option></select></div>
      </div>
      <div class="ok-field"><label for="ok-open-who">Page</label>
        <select id="ok-open-who" v-model="form.who" class="ok-select"><option value="">Whom the service’s policy names{{ policy }}</option>
          <option v-for="one in people" :key="one.id" :value="one.id">{{ one.name }}{{ one.id === me.id ? ' (you)' : '' }}{{ one.reachable === false ? ', cannot be paged' : '' }}</option></select></div>
      <p v-if="said" class="ok-error" role="alert">{{ said }}</p>
      <div class="ok-buttons ok-open-deeds"><button class="ok-button ok-button-primary" :aria-busy="busy || null" :disabled="busy">Open and page</button>
        <button type="button" class="ok-button ok-button-quiet" @click="close">Leave it</button></div>
    </form>
  </dialog>`,
  data: () => ({ form: { ...EMPTY }, services: [], people: [], said: "", busy: false, key: "" }),
  computed: {
    policy() {
      const named = this.services.find((one) => one.id === this.form.service_id)?.policy;
      return named ? ` (${named.name ?? named})` : "";
    },
  },
  methods: {
    async open() {
      Object.assign(this, { form: { ...EMPTY, service_id: this.form.service_id }, said: "", key: newKey() });
      if (!this.$refs.box.open) this.$refs.box.showModal();
      const [services, people] = await Promise.all([get("/api/v1/services"), get("/api/v1/people")]);
      if (services.ok) this.services = services.body; else this.said = `The services cannot be read: ${services.sentence}`;
      if (people.ok) this.people = people.body.filter((one) => one.active);
      if (this.services.length === 1) this.form.service_id = this.services[0].id;
      const untouched = document.activeElement?.id === "ok-open-service";
      if (this.form.service_id && untouched) this.$nextTick(() => this.$refs.field.focus());
    },
    close() { this.$refs.box?.close(); },
    async send() {
      const { key, form: { service_id, title, urgency, severity, who } } = this;
      Object.assign(this, { busy: true, said: "" });
      const answer = await post("/api/v1/incidents", { service_id, title, urgency, severity, page: who ? { user_id: who } : null }, key);
      this.busy = false;
      const anew = key !== this.key;                     // left, and opened for another: that one is being written
      if (answer.ok && !anew) this.close();
      if (answer.ok) { this.$emit("opened", answer); return; }
      if (anew) { globalThis.opsknight.toast(answer.sentence, { kind: "bad", for_s: 12 }); return; }
      this.said = `${answer.sentence} What you wrote is kept.`;
      if (answer.status !== 0) this.key = newKey();      // the same key is only for the same question without an answer
    },
  },
};
