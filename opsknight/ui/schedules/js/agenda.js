// The same on a phone: a slim strip of the whole time, and day by day who is on call.
import { byDay, final } from "./pieces.js";
import { aloud, clockWords, dayWords, initials, lasting, plural, who, why } from "./words.js";
import { clock, dayOf, longDay } from "./zones.js";

export const Agenda = {
  props: { timeline: Object, colours: Object, by: Object, zone: String, from: Number, to: Number, now: Number, me: Object },
  emits: ["open"],
  template: `
  <div class="ok-agenda">
    <div class="ok-agenda-strip" aria-hidden="true">
      <span v-for="piece in pieces" :key="piece.start_at + ':' + piece.user_id" :style="place(piece)" :data-who="piece.gap ? null : colours[piece.user_id]" :data-gap="piece.gap || null"></span>
      <b v-if="now >= from && now < to" :style="{ left: (now - from) / (to - from) * 100 + '%' }"></b>
    </div>
    <button v-if="earlier.length && !unfolded" type="button" class="ok-button ok-agenda-earlier" @click="unfolded = true"><span>{{ plural(earlier.length, 'earlier day') }}</span></button>
    <section v-for="one in shown" :key="one.day" class="ok-agenda-day" :aria-label="longDay(one.start, zone)">
      <h3 :data-today="one.day === today || null">{{ one.day === today ? 'Today, ' : '' }}{{ longDay(one.start, zone) }}</h3>
      <p v-if="one.change" class="ok-agenda-change"><span class="ok-icon ok-icon-clock" aria-hidden="true"></span>{{ dayWords(one) }}.</p>
      <button v-for="part in one.parts" :key="part.start + ':' + part.piece.user_id" type="button" class="ok-agenda-part" :data-who="part.piece.gap ? null : colours[part.piece.user_id]" :data-gap="part.piece.gap || null"
        :data-now="part.start <= now && part.end > now || null" :aria-label="aloud(part.piece, zone, by)" @click="$emit('open', { piece: part.piece, kind: 'final', part })">
        <span class="ok-agenda-mark" aria-hidden="true">{{ part.piece.gap ? '!' : initials(part.piece.user) }}</span>
        <span class="ok-agenda-who"><b>{{ who(part.piece) }}</b><span v-if="part.piece.user_id === me.id" class="ok-you">you</span><small v-if="part.begins">{{ more(part) }}</small></span>
        <span class="ok-agenda-when ok-tab">{{ when(one, part) }}</span></button>
    </section>
  </div>`,
  data: () => ({ unfolded: false }),
  computed: {
    earlier() { return this.today < this.cells.at(-1).day ? this.cells.filter((one) => one.day < this.today) : []; },
    shown() { return this.unfolded ? this.cells : this.cells.slice(this.earlier.length); },
    pieces() { return final(this.timeline).filter((one) => one.start_at < this.to && one.end_at > this.from); },
    today() { return dayOf(this.now, this.zone); },
    cells() { return byDay(this.pieces, dayOf(this.from, this.zone), dayOf(this.to - 1, this.zone) + 86400, this.zone); },
  },
  watch: { from() { this.unfolded = false; } },
  methods: {
    aloud, dayWords, initials, longDay, plural, who,
    place(piece) {
      const start = Math.max(piece.start_at, this.from), end = Math.min(piece.end_at, this.to), all = this.to - this.from;
      return { left: `${((start - this.from) / all) * 100}%`, width: `${((end - start) / all) * 100}%` };
    },
    more({ piece }) {
      const away = piece.away ? `${who(piece)} is away then. ` : "";
      return `${lasting(piece.end_at - piece.start_at)}. ${away}${why(piece, this.by)} ${clockWords(piece, this.zone)}`.trim();
    },
    when(one, part) {
      if (part.whole) return "all day";
      if (part.start > one.start && part.end < one.end) return `${clock(part.start, this.zone)} to ${clock(part.end, this.zone)}`;
      return part.start > one.start ? `from ${clock(part.start, this.zone)}` : `until ${clock(part.end, this.zone)}`;
    },
  },
};
