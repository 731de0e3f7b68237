// The board for a wall, read from five metres: worst first, as many as fit, the rest counted, never a page to turn.
import { computed, nextTick, onMounted, onUnmounted, ref, shallowRef } from "vue";
import { capital, iso, nextMove, plural, span, statusWord, timeWords } from "opsknight-board/format.js";
import { Link } from "opsknight-board/link.js";
import { summarise, worstFirst } from "opsknight-board/rows.js";
import { ByService, OnCall } from "opsknight-board/side.js";
import { Store } from "opsknight-board/store.js";
import { keepTimes } from "opsknight-board/times.js";

const EVERYTHING = ["", "all"];
const REST_EM = 2;               // the height of “+N more”

export default {
  name: "Wall",
  components: { ByService, OnCall },
  props: { snapshot_url: String, board: String },
  template: `
  <section class="ok-wall" :data-calm="loaded && !total ? '' : null" aria-label="Wall display">
    <header class="ok-wall-top">
      <a class="ok-wall-brand" href="/incidents" aria-label="OpsKnight, to the incidents"><span class="ok-mark" aria-hidden="true"></span><b>OpsKnight</b></a>
      <span class="ok-wall-name">{{ name }}</span>
      <span id="ok-live" class="ok-live" role="status"><span>Connecting</span></span>
      <button v-if="canFill" type="button" class="ok-wall-fill" @click="fill">Full screen</button>
      <time class="ok-wall-clock ok-tab" :data-stopped="stopped || null" :title="stopped ? 'The server’s time when it was last heard' : 'The server’s time'">{{ clock }} <span>{{ zone }}</span></time>
    </header>
    <div id="ok-stale" class="ok-stale" role="status" hidden></div>
    <div class="ok-wall-counts">
      <div :data-kind="counts.high_unacknowledged ? 'bad' : null"><b class="ok-tab">{{ counts.high_unacknowledged }}</b><span>High, unacknowledged</span></div>
      <div><b class="ok-tab">{{ counts.open }}</b><span>Unacknowledged</span></div>
      <div><b class="ok-tab">{{ oldest ? span(at - oldest) : '–' }}</b><span>Oldest unacknowledged</span></div>
      <div><b class="ok-tab">{{ counts.acknowledged }}</b><span>Acknowledged</span></div>
      <div><b class="ok-tab">{{ missing ? "–" : total }}</b><span>Open incidents</span></div>
    </div>
    <div class="ok-wall-body">
      <div ref="list" class="ok-wall-list">
        <ol v-if="shown.length" class="ok-wall-rows" aria-label="Incidents, worst first">
          <li v-for="row in shown" :key="row.id" v-memo="[row]" class="ok-wall-row" :data-severity="row.severity" :data-status="row.status">
            <span class="ok-badge" :class="{ 'ok-badge-solid': row.status === 'open' }" :data-severity="row.severity"><span class="ok-shape" :class="'ok-shape-' + row.severity" aria-hidden="true"></span><span>{{ capital(row.severity) }}</span></span>
            <span class="ok-wall-title">{{ row.title }}</span>
            <time class="ok-wall-age ok-tab" :datetime="iso(row.created_at)" :data-of="row.created_at" data-say="age">{{ words('age', row.created_at) }}</time>
            <span class="ok-wall-more"><span class="ok-mono">#{{ row.n }}</span><span class="ok-wall-service">{{ row.service }}</span><span v-if="row.count > 1">×{{ row.count }}</span></span>
            <span class="ok-wall-who"><span class="ok-status" :data-status="row.status"><span class="ok-icon" :class="'ok-icon-status-' + row.status" aria-hidden="true"></span><span>{{ statusWord(row) }}</span></span>
              <template v-for="move in [nextMove(row)]"><b v-if="move.who">{{ move.who }}</b><span v-if="move.what">{{ move.what }} <time v-if="move.at" class="ok-tab" :data-of="move.at" data-say="left">{{ words('left', move.at) }}</time></span></template></span>
          </li>
        </ol>
        <p v-if="rest" class="ok-wall-rest">+{{ rest }} more, none worse</p>
        <div v-if="loaded && !total" class="ok-wall-calm"><span class="ok-icon ok-icon-check" aria-hidden="true"></span><h1>All is well</h1><p>Nothing is open{{ name === 'All services' ? '' : ' in ' + name }}. New incidents appear here by themselves.</p></div>
        <div v-if="missing" class="ok-wall-missing" role="alert"><h1>Nothing is shown here</h1><p>{{ said }}</p></div>
        <p v-else-if="said" class="ok-wall-rest">{{ said }}</p>
      </div>
      <aside class="ok-wall-side" aria-label="On call and services"><OnCall :duties="duties"></OnCall><ByService :services="services" :most="serviceRoom" quiet></ByService></aside>
    </div>
  </section>`,

  setup(props) {
    const page = globalThis.opsknight;
    const now = () => page.times.now() / 1000;
    const whole = EVERYTHING.includes(props.board);
    const filter = () => (whole ? {} : { board: props.board });
    const store = new Store();
    const rows = shallowRef([]), summary = shallowRef(null), duties = shallowRef([]), room = ref({ all: 1, most: 1 }), loaded = ref(false), missing = ref(false), said = ref("");
    const at = ref(now()), clock = ref(""), stopped = ref(false), list = ref(null), serviceRoom = ref(8), canFill = ref(document.fullscreenEnabled && !document.fullscreenElement);
    const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });

    function paint() {
      if (missing.value) return;                       // what is kept of a board that has this name no more is not told
      rows.value = store.rows({ now: now() }).filter((row) => !row.gone).sort(worstFirst);
      summary.value = whole ? store.summary : summarise(rows.value);
    }
    const link = new Link({
      store, now, filter, url: () => `${props.snapshot_url}?board=${encodeURIComponent(props.board)}`,
      on: {
        snapshot(body) { duties.value = body.on_call ?? []; loaded.value = true; missing.value = false; said.value = ""; paint(); measure(); page.strip.take({ ...body, next_shift: null }); },
        change() { paint(); if (store.wanting) link.readSoon(1500); },
        back() { /* nothing waits to be sent from a wall */ },
        unread(answer) {
          if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
          else if (answer.status) said.value = answer.sentence;
          if (answer.status === 404) { missing.value = true; loaded.value = false; rows.value = []; summary.value = null; }
        },
      },
    });

    // As many whole rows as there is height for, and below them the count of the rest.
    function measure() {
      nextTick(() => {
        const row = list.value?.querySelector(".ok-wall-row");
        if (!row) return;
        const high = list.value.clientHeight + 1, more = parseFloat(getComputedStyle(list.value).fontSize) * REST_EM;
        room.value = { all: Math.floor(high / row.offsetHeight), most: Math.max(1, Math.floor((high - more) / row.offsetHeight)) };
        const side = list.value.parentElement.querySelector(".ok-wall-side");
        const line = side?.querySelector(".ok-side-service")?.offsetHeight ?? 0, duty = side?.querySelector("section")?.offsetHeight ?? 0;
        if (line) serviceRoom.value = Math.max(1, Math.floor((side.clientHeight - duty - 4 * line) / line));
      });
    }
    const shown = computed(() => (total.value <= room.value.all ? rows.value : rows.value.slice(0, room.value.most)));
    const total = computed(() => (missing.value ? 0 : whole ? summary.value?.total ?? 0 : Math.max(store.found, rows.value.length)));
    const rest = computed(() => total.value - shown.value.length);

    // The clock is the server's and stops with it, so that nobody trusts a picture that only seems alive.
    function tick() {
      at.value = now();
      stopped.value = !["live", "connecting"].includes(page.live.state());
      if (stopped.value) return;
      const parts = time.formatToParts(at.value * 1000);
      clock.value = parts.filter((part) => part.type !== "timeZoneName").map((part) => part.value).join("").trim();
    }
    let times, second, watching;
    onMounted(async () => {
      tick();
      times = keepTimes(() => list.value, now);
      second = setInterval(tick, 1000);
      watching = new ResizeObserver(measure);
      watching.observe(list.value);
      document.addEventListener("fullscreenchange", () => { canFill.value = document.fullscreenEnabled && !document.fullscreenElement; });
      await nextTick();
      page.strip.through(() => link.read());
      link.start();
    });
    onUnmounted(() => { link.stop(); times?.stop(); clearInterval(second); page.strip.stop(); watching?.disconnect(); });

    return {
      shown, rest, total, loaded, missing, said, duties, list, at, clock, stopped, canFill, serviceRoom,
      counts: computed(() => summary.value?.counts ?? { high_unacknowledged: "–", open: "–", acknowledged: "–" }),
      oldest: computed(() => summary.value?.oldest_unacknowledged_at), services: computed(() => summary.value?.by_service ?? []),
      zone: time.formatToParts().find((part) => part.type === "timeZoneName")?.value ?? "",
      name: whole ? "All services" : capital(props.board), fill: () => document.documentElement.requestFullscreen?.(),
      capital, iso, nextMove, plural, span, statusWord, words: (as, of) => timeWords(as, of, now()),
    };
  },
};
