// What is known of one time on call, beside the pointer or the focus.
import { clockWords, lasting, who, why } from "./words.js";
import { span } from "./zones.js";

const GAP_PX = 8;

export const Card = {
  props: { shown: Object, colours: Object, by: Object, zone: String },
  template: `
  <div ref="box" class="ok-tl-card" role="tooltip" :hidden="!shown">
    <template v-if="shown">
      <p class="ok-tl-card-who"><i :data-who="shown.piece.gap || shown.piece.whole ? null : colours[shown.piece.user_id]" :data-gap="shown.piece.gap || null" aria-hidden="true"></i><b>{{ who(shown.piece) }}</b><span v-if="shown.piece.word">{{ shown.piece.word }}</span></p>
      <p class="ok-tab">{{ span(shown.piece.start_at, shown.piece.end_at, zone) }}</p>
      <p class="ok-muted">{{ lasting(shown.piece.end_at - shown.piece.start_at) }}. {{ why(shown.piece, by) }}</p>
      <p v-if="shown.piece.away" class="ok-tl-card-away">{{ who(shown.piece) }} is away in this time.</p>
      <p v-if="clockWords(shown.piece, zone)" class="ok-tl-card-clock"><span class="ok-icon ok-icon-clock" aria-hidden="true"></span>{{ clockWords(shown.piece, zone) }}</p>
    </template>
  </div>`,
  watch: { shown: { flush: "post", handler() { this.place(); } } },
  methods: {
    clockWords, lasting, span, who, why,
    place() {
      const box = this.$refs.box, at = this.shown?.at?.getBoundingClientRect();
      if (!at || !box) return;
      const room = document.documentElement.clientWidth - box.offsetWidth - GAP_PX, below = at.bottom + GAP_PX;
      const left = Math.max(at.left, GAP_PX);
      box.style.left = `${Math.max(GAP_PX, Math.min(left, room))}px`;
      box.style.top = `${below + box.offsetHeight > innerHeight ? Math.max(GAP_PX, at.top - box.offsetHeight - GAP_PX) : below}px`;
    },
  },
};
