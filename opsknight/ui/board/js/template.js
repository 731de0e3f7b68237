// What the board looks like. Rows compare by identity (v-memo): of 300 only those that changed are rendered.
import { CELLS, HEADINGS } from "./line.js";

const HEAD = HEADINGS.map(([name, word]) => `<span role="columnheader" class="ok-line-${name}"${word ? "" : ' aria-label="Selected"'}>${word}</span>`).join("");
const DEEDS = [["acknowledge", "a", "check"], ["resolve", "r", "status-resolved"], ["snooze", "s", "clock"], ["escalate", "e", "escalate"], ["reassign", "t", "person"]];
const FOOT = DEEDS.map(([verb, key, icon]) => `<button type="button" class="ok-foot-deed" data-verb="${verb}" :disabled="!may('${verb}')" @click="act('${verb}')"><span class="ok-icon ok-icon-${icon}" aria-hidden="true"></span><span>{{ word('${verb}') }}</span><kbd class="ok-key" aria-hidden="true">${key}</kbd></button>`).join("");
const OVER = DEEDS.slice(0, 4).map(([verb, , icon], i) => `<button type="button" class="ok-button ok-button-small" tabindex="-1" :title="word('${verb}', [hoveredRow()])" @click="act('${verb}', [hoveredRow()])">${i < 2 ? `<span>{{ word('${verb}', [hoveredRow()]) }}</span>` : `<span class="ok-icon ok-icon-${icon}"></span>`}</button>`).join("");

const count = (name, label, { kind = "", filter, value }) => `<button type="button" class="ok-count ok-count-${name}"${kind ? ` :data-kind="${kind}"` : ""} :aria-pressed="String(${filter.test})" @click="${filter.run}"><b class="ok-tab">${value}</b><span>${label}</span></button>`;
const COUNTS = [
  count("high", "High, unacknowledged", { kind: "counts?.high_unacknowledged ? 'bad' : null", filter: { test: "filter.urgency === 'high'", run: "only({ status: 'open', urgency: 'high' })" }, value: "{{ counts?.high_unacknowledged ?? '–' }}" }),
  count("open", "Unacknowledged", { filter: { test: "filter.status === 'open' && !filter.urgency", run: "only({ status: 'open' })" }, value: "{{ counts?.open ?? '–' }}" }),
  `<div class="ok-count ok-count-oldest"><b class="ok-tab">{{ summary?.oldest_unacknowledged_at ? span(clock - summary.oldest_unacknowledged_at) : '–' }}</b><span>Oldest unacknowledged</span></div>`,
  count("acknowledged", "Acknowledged", { filter: { test: "filter.status === 'acknowledged'", run: "only({ status: 'acknowledged' })" }, value: "{{ counts?.acknowledged ?? '–' }}" }),
  count("all", "Open incidents", { filter: { test: "!filter.status", run: "only({ status: '' })" }, value: "{{ summary?.total ?? '–' }}" }),
].join("");

export const TEMPLATE = `
<section class="ok-board" aria-label="Board" :data-loaded="loaded || null">
  <div class="ok-board-top">
    <div class="ok-board-counts" role="group" aria-label="Counts; press one to see only those">${COUNTS}</div>
    <div class="ok-board-tools">
      <label class="ok-board-filter"><span class="ok-icon ok-icon-search" aria-hidden="true"></span><span class="ok-hide">Filter by words, service or number</span>
        <input v-model="filter.q" data-ok-filter type="search" placeholder="Filter" autocomplete="off" spellcheck="false" @input="type" @keydown.esc.prevent="clear(); grid?.focus()" @keydown.enter.prevent="grid?.focus()"><kbd class="ok-key" aria-hidden="true">/</kbd></label>
      <button v-if="!observer" type="button" class="ok-button ok-board-open" @click="byHand" aria-label="Open an incident" aria-keyshortcuts="n"><span class="ok-icon ok-icon-plus" aria-hidden="true"></span><span>Open incident</span><kbd class="ok-key" aria-hidden="true">n</kbd></button>
    </div>
  </div>
  <div v-if="waiting.length && !stale.length" class="ok-board-note" data-kind="wait" role="status"><span class="ok-icon ok-icon-clock" aria-hidden="true"></span><span>{{ waiting.length }} waiting to send. It goes out by itself when OpsKnight answers.</span></div>
  <div v-if="stale.length" class="ok-board-note" data-kind="warn" role="status"><span class="ok-icon ok-icon-clock" aria-hidden="true"></span>
    <span>Not sent, and asked for {{ span(clock - stale[0].at) }} ago: {{ stale.slice(0, 3).map((one) => one.verb + ' #' + one.n + ' “' + one.title + '”').join(', ') }}{{ stale.length > 3 ? ' and ' + (stale.length - 3) + ' more' : '' }}. Send it still?</span>
    <button type="button" class="ok-button ok-button-small" @click="sendStale">Send</button><button type="button" class="ok-button ok-button-small ok-button-quiet" @click="dropStale">Drop</button></div>
  <div v-if="unread" class="ok-board-note" data-kind="bad" role="status"><span>The board could not be read: {{ unread }} Trying again by itself.</span></div>
  <div class="ok-board-body">
    <div class="ok-board-scroll" @pointermove="onPointer" @pointerdown="onPointer" @pointerleave="onLeave">
      <button v-if="fresh.length" type="button" class="ok-board-new" :data-severity="fresh[0].severity" :data-high="fresh[0].urgency === 'high' && fresh[0].status === 'open' || null" @click="showFresh">
        <span class="ok-shape" :class="'ok-shape-' + fresh[0].severity" aria-hidden="true"></span><span>{{ fresh.length }} new</span><kbd class="ok-key" aria-hidden="true">.</kbd></button>
      <div v-if="rows.length" ref="grid" class="ok-grid" role="grid" tabindex="0" aria-label="Incidents, worst first" aria-multiselectable="true" :aria-rowcount="found + 1" :aria-colcount="9"
        :aria-activedescendant="active ? 'inc-' + active : null" :data-marking="marked.size ? '' : null" @keydown="onKey" @click="onClick" @dblclick="open(rowOf($event))">
        <div class="ok-line ok-line-head" role="row" aria-rowindex="1">${HEAD}</div>
        <div v-for="(row, i) in rows" :key="row.id" v-memo="[row, row.id === active, marked.has(row.id)]" role="row" class="ok-line" :id="'inc-' + row.id" :data-id="row.id" :data-severity="row.severity" :data-status="row.status"
          :data-urgency="row.urgency" :data-active="row.id === active ? '' : null" :data-pending="row.pending" :data-waiting="row.waiting || null" :data-refused="row.refused ? '' : null"
          :aria-selected="String(marked.has(row.id))" :aria-rowindex="i + 2">${CELLS}</div>
      </div>
      <div v-if="hovered && !observer" class="ok-line-deeds" aria-hidden="true" :style="{ top: hovered.top + 'px' }"><div>${OVER}</div></div>
      <p v-if="loaded && found > rows.length + fresh.length" class="ok-board-rest">{{ plural(found - rows.length - fresh.length, 'more incident') }}, none worse than these. Filter to see them.</p>
      <Empty v-if="loaded && !rows.length && !fresh.length" :key="String(filtered)" :filtered="filtered" :curl="curl" :observer="observer" @clear="clear" @by_hand="byHand"></Empty>
      <p v-if="!loaded" class="ok-board-rest ok-board-loading">Reading the board…</p>
    </div>
    <aside v-if="summary" class="ok-board-side" aria-label="On call and services"><OnCall :duties="duties"></OnCall><ByService :services="summary.by_service ?? []" :chosen="filter.q" @choose="service"></ByService></aside>
  </div>
  <div v-if="!observer" class="ok-board-foot" role="toolbar" aria-label="Act on what is selected" :data-on="chosen().length ? '' : null">
    <span v-if="marked.size" class="ok-foot-many">{{ marked.size }} selected</span>${FOOT}
    <button type="button" class="ok-foot-deed ok-foot-open" :disabled="!active" @click="open(active)"><span>Open</span><kbd class="ok-key" aria-hidden="true">⏎</kbd></button>
    <span class="ok-foot-zone">Times in {{ zone }}</span>
  </div>
  <SnoozeSheet ref="snoozing" @pick="pick"></SnoozeSheet><ReassignSheet ref="reassigning" :me="me" @pick="pick"></ReassignSheet><OpenSheet ref="opening" :me="me" @opened="opened"></OpenSheet>
</section>`;
