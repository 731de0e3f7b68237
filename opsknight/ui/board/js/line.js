// One incident as a row of the grid. It stands inside the board's v-for, where `row` is the incident.
export const CELLS = `
<span role="gridcell" class="ok-line-tick"><span class="ok-tick" aria-hidden="true"></span></span>
<span role="gridcell" class="ok-line-sev"><span class="ok-badge" :class="{ 'ok-badge-solid': row.status === 'open' }" :data-severity="row.severity">
  <span class="ok-shape" :class="'ok-shape-' + row.severity" aria-hidden="true"></span><span>{{ capital(row.severity) }}</span></span></span>
<span role="gridcell" class="ok-line-n ok-mono">#{{ row.n }}</span>
<span role="gridcell" class="ok-line-title"><a :href="'/incidents/' + row.n" tabindex="-1">{{ row.title }}</a>
  <span v-if="row.priority" class="ok-line-mark">{{ row.priority }}</span><span v-if="row.urgency === 'low'" class="ok-line-mark">low urgency</span>
  <span v-if="row.count > 1" class="ok-line-count" :title="row.count + ' occurrences'">×{{ row.count }}</span></span>
<span role="gridcell" class="ok-line-service">{{ row.service }}</span>
<span role="gridcell" class="ok-line-status"><span class="ok-status" :data-status="row.status"><span class="ok-icon" :class="'ok-icon-status-' + row.status" aria-hidden="true"></span>
  <span>{{ statusWord(row) }}</span></span></span>
<span role="gridcell" class="ok-line-who"><template v-for="move in [nextMove(row)]"><span v-if="move.who" class="ok-line-owner">{{ move.who }}</span>
  <span v-if="move.what" class="ok-line-next">{{ move.what }} <time v-if="move.at" class="ok-tab" :datetime="iso(move.at)" :data-of="move.at" data-say="left">{{ words('left', move.at) }}</time></span></template>
  <span v-if="row.pending" class="ok-line-pending" :data-waiting="row.waiting || null">{{ row.waiting ? 'not sent yet' : row.pending === 'escalate' ? 'escalating' : '' }}</span></span>
<span role="gridcell" class="ok-line-last ok-tab"><time :datetime="iso(row.last_event_at)" :data-of="row.last_event_at" data-say="age">{{ words('age', row.last_event_at) }}</time></span>
<span role="gridcell" class="ok-line-age ok-tab"><time :datetime="iso(row.created_at)" :data-of="row.created_at" data-say="age">{{ words('age', row.created_at) }}</time></span>
<span v-if="row.refused" role="gridcell" class="ok-line-why" :title="row.refused"><span class="ok-icon ok-icon-undo" aria-hidden="true"></span><span>{{ row.refused }}</span></span>`;

export const HEADINGS = [
  ["tick", ""], ["sev", "Severity"], ["n", "Number"], ["title", "Incident"], ["service", "Service"], ["status", "Status"],
  ["who", "Owner or next step"], ["last", "Last event"], ["age", "Age"],
];
