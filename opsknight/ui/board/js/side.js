// Beside the list on wide screens: who is on call now, and what burns where.
const SEVERITIES = ["critical", "error", "warning", "info"];

export const OnCall = {
  props: { duties: Array },
  template: `
  <section class="ok-side-part"><h2>On call now</h2>
    <p v-if="!duties.length" class="ok-muted">There is no schedule yet, so nobody is on call.</p>
    <dl v-else class="ok-side-duties"><div v-for="duty in duties" :key="duty.schedule_id ?? duty.schedule">
      <dt>{{ duty.schedule }}</dt>
      <dd v-if="duty.user"><b>{{ duty.user }}</b><span v-if="duty.you" class="ok-you">you</span>
        <span v-if="duty.until" class="ok-faint">until <time :datetime="iso(duty.until)" data-as="clock">{{ clock(duty.until) }}</time></span></dd>
      <dd v-else class="ok-nobody">nobody</dd>
    </div></dl>
  </section>`,
  methods: {
    iso: (at) => new Date(at * 1000).toISOString(),
    clock: (at) => globalThis.opsknight.times.clock(at * 1000),
  },
};

export const ByService = {
  props: { services: Array, most: { type: Number, default: 12 }, chosen: String, quiet: Boolean },
  emits: ["choose"],
  template: `
  <section v-if="services.length" class="ok-side-part"><h2>Open by service</h2>
    <div class="ok-side-services">
      <component :is="quiet ? 'div' : 'button'" v-for="one in shown" :key="one.service" class="ok-side-service" :type="quiet ? null : 'button'"
        :aria-pressed="quiet ? null : String(chosen === one.service)" :title="explained(one)" @click="quiet || $emit('choose', one.service)">
        <span class="ok-cut">{{ one.service }}</span>
        <span class="ok-bar" aria-hidden="true"><span v-for="severity in severities" :key="severity" :data-severity="severity" :style="{ width: share(one[severity]) }"></span></span>
        <b class="ok-tab">{{ sum(one) }}</b><span class="ok-hide">open: {{ explained(one) }}</span>
      </component>
    </div>
    <p v-if="services.length > most" class="ok-faint">and {{ services.length - most }} more services</p>
  </section>`,
  data: () => ({ severities: SEVERITIES }),
  computed: {
    shown() { return this.services.slice(0, this.most); },
    largest() { return Math.max(1, ...this.services.map(this.sum)); },
  },
  methods: {
    sum: (one) => SEVERITIES.reduce((total, severity) => total + one[severity], 0),
    share(count) { return `${100 * count / this.largest}%`; },
    explained: (one) => SEVERITIES.filter((severity) => one[severity]).map((severity) => `${one[severity]} ${severity}`).join(", "),
  },
};
