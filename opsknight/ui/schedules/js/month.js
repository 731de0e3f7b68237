// A month as a calendar: a week a row, in each day whoever is on call then.
import { byDay, final } from "./pieces.js";
import { aloud, dayWords, who } from "./words.js";
import { clock, dayNumber, dayOf, monthOf, weekdayName } from "./zones.js";

const WEEK_S = 7 * 86400;

export const Month = {
  props: { timeline: Object, colours: Object, by: Object, zone: String, from: Number, to: Number, day: Number, now: Number },
  emits: ["open", "show"],
  template: `
  <div class="ok-month" role="group" aria-label="Calendar. Arrows walk from time to time, Enter opens." @keydown="steer" @pointerleave="$emit('show', null)">
    <div class="ok-month-head" aria-hidden="true"><span v-for="one in cells.slice(0, 7)" :key="one.day">{{ weekdayName(one.day) }}</span></div>
    <div class="ok-month-days">
      <section v-for="one in cells" :key="one.day" class="ok-month-day" :data-weekend="one.weekend || null" :data-other="one.day < month[0] || one.day >= month[1] || null" :data-today="one.day === today || null"
        :aria-label="weekdayName(one.day, 'long') + ' ' + dayNumber(one.day) + (one.change ? '. ' + dayWords(one) : '')">
        <header aria-hidden="true"><b class="ok-tab">{{ dayNumber(one.day) }}</b><em v-if="one.change" :title="dayWords(one)">{{ (one.end - one.start) / 3600 }} h</em></header>
        <button v-for="part in one.parts" :key="keyOf(one, part)" type="button" class="ok-month-part" :data-who="part.piece.gap ? null : colours[part.piece.user_id]" :data-gap="part.piece.gap || null" :data-past="part.end <= now || null" :data-away="part.piece.away || null"
          :data-key="keyOf(one, part)" :tabindex="keyOf(one, part) === active ? 0 : -1" :aria-label="aloud(part.piece, zone, by)" @click="$emit('show', null); $emit('open', { piece: part.piece, kind: 'final', part })"
          @focus="active = keyOf(one, part); $emit('show', { piece: part.piece, at: $event.target })" @blur="$emit('show', null)" @pointerenter="$emit('show', { piece: part.piece, at: $event.currentTarget })" @pointerleave="$emit('show', null)">
          <span class="ok-month-who">{{ who(part.piece) }}</span><span v-if="!part.whole" class="ok-month-when ok-tab">{{ when(one, part) }}</span></button>
      </section>
    </div>
  </div>`,
  data: () => ({ active: "" }),
  computed: {
    cells() { return byDay(final(this.timeline), dayOf(this.from, this.zone), dayOf(this.to - 1, this.zone) + 86400, this.zone); },
    month() { return monthOf(this.day); },
    today() { return dayOf(this.now, this.zone); },
    parts() { return this.cells.flatMap((one) => one.parts.map((part) => ({ key: this.keyOf(one, part), at: part.start }))); },
  },
  watch: { parts() { this.settle(); } },
  methods: {
    aloud, dayNumber, dayWords, weekdayName, who,
    keyOf: (one, part) => `${one.day}:${part.start}:${part.piece.user_id ?? "gap"}`,
    when(one, part) {
      if (part.start > one.start && part.end < one.end) return `${clock(part.start, this.zone)}–${clock(part.end, this.zone)}`;
      return part.start > one.start ? `from ${clock(part.start, this.zone)}` : `until ${clock(part.end, this.zone)}`;
    },
    settle() {
      if (this.parts.some(({ key }) => key === this.active)) return;
      this.active = (this.parts.findLast(({ at }) => at <= this.now) ?? this.parts[0])?.key ?? "";
    },
    steer(event) {
      const at = this.parts.findIndex(({ key }) => key === this.active), here = this.parts[at];
      const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key], down = { ArrowUp: -WEEK_S, ArrowDown: WEEK_S }[event.key];
      if (!here || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || !(sideways || down)) return;
      event.preventDefault();
      const target = sideways ? this.parts[at + sideways] : this.parts.reduce((best, one) => (Math.abs(one.at - here.at - down) < Math.abs(best.at - here.at - down) ? one : best), here);
      if (target) this.$el.querySelector(`[data-key="${CSS.escape(target.key)}"]`)?.focus();
    },
  },
  mounted() { this.settle(); },
};
