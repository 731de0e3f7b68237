// The time line: what counts on top, then what changes it for a while, the layers, and apart from all the shadows.
import { bands, nearest, snapped } from "./pieces.js";
import { aloud, dayWords, fitting, lasting, who } from "./words.js";
import { clock, DAY, dateWords, days, dayOf, span, weekdayName, zoneName } from "./zones.js";

const STEPS = { day: 900, week: 3600, fortnight: 3600 };      // what a dragged edge snaps to, and Shift+arrow moves by
const DRAGGED_PX = 5;

export const Chart = {
  props: { timeline: Object, names: Object, colours: Object, by: Object, zone: String, from: Number, to: Number, view: String, now: Number, readonly: Boolean },
  emits: ["open", "select", "show"],
  template: `
  <div class="ok-tl" role="group" aria-label="Time line. Arrows walk, Enter opens, Shift and arrows select a time." :data-view="view" :data-selecting="dragging || null"
    @keydown="steer" @pointerleave="$emit('show', null)">
    <div class="ok-tl-ground" aria-hidden="true">
      <span v-for="one in cells" :key="one.day" :style="place(one.start, one.end)" :data-weekend="one.weekend || null" :data-change="one.change ? '' : null"></span>
      <i v-for="at in hours" :key="at" :style="{ left: percent(at) }"></i>
      <b v-if="now >= from && now < to" class="ok-tl-now" :style="{ left: percent(now) }"></b>
    </div>
    <div class="ok-tl-head" aria-hidden="true">
      <div class="ok-tl-name">{{ zoneWord }}</div>
      <div ref="track" class="ok-tl-track">
        <template v-if="view === 'day'">
          <span v-for="at in hours" :key="at" class="ok-tl-hour ok-tab" :style="{ left: percent(at) }">{{ clock(at, zone) }}</span>
        </template>
        <span v-else v-for="one in cells" :key="one.day" class="ok-tl-day" :style="place(one.start, one.end)" :data-today="one.day === today || null" :title="dayWords(one) || null">
          <b>{{ weekdayName(one.day) }}</b><span class="ok-tab">{{ dateWords(one.day) }}</span><em v-if="one.change">{{ (one.end - one.start) / 3600 }} h</em></span>
        <b v-if="now >= from && now < to" class="ok-tl-nowword ok-tab" :style="{ left: percent(now) }">{{ clock(now, zone) }}</b>
      </div>
    </div>
    <section v-for="band in drawn" :key="band.kind" class="ok-tl-band" :data-kind="band.kind" :aria-label="band.name">
      <h3 v-if="band.kind !== 'final'">{{ band.name }}</h3>
      <div v-for="row in band.rows" :key="row.key" class="ok-tl-row" :style="{ '--lanes': row.lanes }">
        <div class="ok-tl-name" :title="row.name">{{ row.name }}</div>
        <div class="ok-tl-track" role="group" :aria-label="row.name" @pointerdown="press($event, row)">
          <button v-for="piece in row.pieces" :key="keyOf(row, piece)" type="button" class="ok-tl-piece" :style="style(piece)" :data-who="piece.gap || piece.whole ? null : colours[piece.user_id]"
            :data-kind="row.kind" :data-gap="piece.gap || null" :data-away="piece.away || null" :data-off="piece.off || null" :data-override="row.kind === 'final' && piece.override_id ? '' : null"
            :data-past="piece.end_at <= now || null" :data-narrow="pixels(piece) < 44 || null" :data-before="piece.start_at < from || null" :data-after="piece.end_at > to || null" :data-key="keyOf(row, piece)" :tabindex="keyOf(row, piece) === active ? 0 : -1" :aria-label="aloud(piece, zone, by)"
            @click="click(piece, row)" @focus="focused(piece, row, $event)" @blur="$emit('show', null)" @pointerenter="point(piece, $event)" @pointerleave="$emit('show', null)"><span>{{ label(piece, row) }}</span></button>
          <p v-if="!row.pieces.length" class="ok-tl-none">{{ row.kind === 'final' ? 'No layer has a turn in this time.' : 'No turn in this time' }}</p>
          <div v-if="row.kind === 'final' && selected" class="ok-tl-selection" :style="place(selected.start_at, selected.end_at)" aria-hidden="true"><span>{{ lasting(selected.end_at - selected.start_at) }}</span></div>
        </div>
      </div>
    </section>
    <p v-if="selected" class="ok-tl-said" role="status">Selected: {{ span(selected.start_at, selected.end_at, zone) }}, {{ lasting(selected.end_at - selected.start_at) }}. Enter changes who is on call, Esc lets it go.</p>
  </div>`,

  data: () => ({ active: "", width: 800, selected: null, dragging: false }),
  computed: {
    cells() { return days(dayOf(this.from, this.zone), dayOf(this.to - 1, this.zone) + DAY, this.zone); },
    today() { return dayOf(this.now, this.zone); },
    zoneWord() { return [...new Set([this.from, this.to - 1].map((at) => zoneName(at, this.zone)))].join(" → "); },
    drawn() { return bands(this.timeline, this.names, this.from, this.to); },
    rows() { return this.drawn.flatMap((band) => band.rows).filter((row) => row.pieces.length); },
    step() { return STEPS[this.view] ?? 3600; },
    hours() {
      if (this.view === "fortnight") return [];
      const every = this.view === "week" ? 6 * 3600 : this.width < 700 ? 3 * 3600 : 2 * 3600, found = [];
      for (const { start, end } of this.cells) for (let at = start + (this.view === "week" ? every : 0); at < end; at += every) found.push(at);
      return found;
    },
  },
  watch: {
    drawn() { this.settle(); },
    from() { this.selected = null; },
    view() { this.selected = null; },
  },
  methods: {
    aloud, clock, dateWords, dayWords, lasting, span, weekdayName,
    percent(at) { return `${((at - this.from) / (this.to - this.from)) * 100}%`; },
    place(start, end) {
      const left = Math.max(start, this.from), right = Math.min(end, this.to);
      return { left: this.percent(left), width: `${((right - left) / (this.to - this.from)) * 100}%` };
    },
    style(piece) { return { ...this.place(piece.start_at, piece.end_at), "--lane": piece.lane }; },
    keyOf: (row, piece) => `${row.key}:${piece.start_at}:${piece.user_id ?? ""}:${piece.override_id ?? piece.temporary_id ?? ""}`,
    pixels(piece) { return ((Math.min(piece.end_at, this.to) - Math.max(piece.start_at, this.from)) / (this.to - this.from)) * this.width; },
    label(piece, row) {
      return fitting(who(piece), this.pixels(piece), { bold: row.kind === "final", word: piece.gap ? "!" : piece.word });
    },
    settle() {                                                  // one piece takes part in the tab order: the one that had it, or who is on call now
      const keys = this.rows.flatMap((row) => row.pieces.map((piece) => this.keyOf(row, piece)));
      if (keys.includes(this.active)) return;
      const row = this.rows[0];
      this.active = row ? this.keyOf(row, nearest(row.pieces, this.now)) : "";
    },
    find() {
      for (const row of this.rows) {
        const piece = row.pieces.find((one) => this.keyOf(row, one) === this.active);
        if (piece) return { row, piece };
      }
      return null;
    },
    focus(row, piece) {
      this.active = this.keyOf(row, piece);
      this.$nextTick(() => this.$el.querySelector(`[data-key="${CSS.escape(this.active)}"]`)?.focus());
    },
    focused(piece, row, event) {
      this.active = this.keyOf(row, piece);
      if (event.target.matches(":focus-visible")) this.$emit("show", { piece, at: event.target });
    },
    point(piece, event) { if (!this.dragging && event.pointerType !== "touch") this.$emit("show", { piece, at: event.currentTarget }); },
    click(piece, row) {
      if (this.skipClick) { this.skipClick = false; return; }
      if (this.selected && row.kind === "final") { this.finish(); return; }
      this.$emit("show", null);
      this.$emit("open", { piece, kind: row.kind });
    },
    finish() {
      const selection = this.selected;
      this.selected = null;
      this.$emit("show", null);
      this.$emit("select", selection);
    },

    steer(event) {
      const found = this.find(), sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key], down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (event.key === "Escape" && this.selected) { event.preventDefault(); event.stopPropagation(); this.selected = null; return; }
      if (!found || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter" && this.selected) { event.preventDefault(); this.finish(); return; }
      if (event.shiftKey && (sideways || down)) { event.preventDefault(); this.stretch(found.piece, sideways ? sideways * this.step : down * DAY); return; }
      const { row, piece } = found, at = row.pieces.indexOf(piece);
      const target = { Home: row.pieces[0], End: row.pieces.at(-1) }[event.key] ?? (sideways ? row.pieces[at + sideways] : null);
      if (target) { event.preventDefault(); this.focus(row, target); return; }
      if (sideways) { event.preventDefault(); return; }
      const next = down ? this.rows[this.rows.indexOf(row) + down] : null;
      if (next) { event.preventDefault(); this.focus(next, nearest(next.pieces, Math.max(piece.start_at, this.from))); }
    },
    // The first press takes the piece's beginning (or now), each further one moves the other edge.
    stretch(piece, by) {
      if (this.readonly) return;
      const start = this.selected?.start_at ?? Math.max(piece.start_at, this.from, snapped(this.now, this.step));
      const end = (this.selected?.end_at ?? start) + by;
      if (end > start) this.selected = { start_at: start, end_at: Math.min(end, this.to) };
      else this.selected = null;
    },

    press(event, row) {
      if (row.kind !== "final" || this.readonly || event.button !== 0 || event.pointerType === "touch") return;
      const box = event.currentTarget.getBoundingClientRect(), x = event.clientX;
      const at = (clientX) => snapped(this.from + Math.min(1, Math.max(0, (clientX - box.left) / box.width)) * (this.to - this.from), this.step);
      const first = at(x);
      const move = (moved) => {
        if (!this.dragging && Math.abs(moved.clientX - x) < DRAGGED_PX) return;
        this.dragging = true;
        this.$emit("show", null);
        const last = at(moved.clientX);
        this.selected = { start_at: Math.min(first, last), end_at: Math.max(first, last) };
      };
      const up = () => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", up);
        removeEventListener("pointercancel", up);
        if (!this.dragging) return;
        this.dragging = false;
        this.skipClick = true;
        setTimeout(() => { this.skipClick = false; });
        if (this.selected?.end_at > this.selected?.start_at) this.finish(); else this.selected = null;
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", up);
      addEventListener("pointercancel", up);
    },
  },
  mounted() {
    this.settle();
    this.watching = new ResizeObserver(([{ contentRect }]) => { this.width = contentRect.width; });
    this.watching.observe(this.$refs.track);
  },
  unmounted() { this.watching?.disconnect(); },
};
