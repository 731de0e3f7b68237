// The live board. Rows are worst first, painted before the server has answered, and never moved under a reader's hands.
import { computed, nextTick, onMounted, onUnmounted, onUpdated, ref, shallowRef } from "vue";
import { OpenSheet } from "opsknight-board/by_hand.js";
import { Commands } from "opsknight-board/commands.js";
import { Deeds } from "opsknight-board/deeds.js";
import { Empty } from "opsknight-board/empty.js";
import { useFilter } from "opsknight-board/filter.js";
import { capital, iso, nextMove, plural, span, statusWord, timeWords } from "opsknight-board/format.js";
import { newKey, post } from "opsknight-board/http.js";
import { inList, LETTERS, SHOWN_ONLY, STEPS } from "opsknight-board/keys.js";
import { Link } from "opsknight-board/link.js";
import { useList } from "opsknight-board/list.js";
import { News } from "opsknight-board/news.js";
import { usePointer } from "opsknight-board/pointer.js";
import { Queue } from "opsknight-board/queue.js";
import { Reading } from "opsknight-board/reading.js";
import { ReassignSheet, SnoozeSheet } from "opsknight-board/sheets.js";
import { ByService, OnCall } from "opsknight-board/side.js";
import { Store } from "opsknight-board/store.js";
import { TEMPLATE } from "opsknight-board/template.js";
import { keepTimes } from "opsknight-board/times.js";

const REFILL_MS = 1500;          // how soon the rest is asked for when rows have left a board that shows only some
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });
const LIVE = ["live", "connecting"];

export default {
  name: "Board",
  components: { ByService, Empty, OnCall, OpenSheet, ReassignSheet, SnoozeSheet },
  props: { snapshot_url: String, me: Object, curl: String },
  template: TEMPLATE,

  setup(props) {
    const page = globalThis.opsknight, me = props.me, observer = me.role === "observer";
    const now = () => page.times.now() / 1000;
    const store = new Store(), reading = new Reading(), queue = new Queue({ storage: localStorage, user: me.id });
    const news = new News({ announce: page.announce, me });
    const list = useList({ store, reading, now });
    const open = (id) => { const row = store.row(id); if (row) location.assign(`/incidents/${row.n}`); };
    const pointer = usePointer({ list, reading, now, open });
    const filtering = useFilter({ changed: () => { list.reorder(); link.read(); } });
    const duties = shallowRef([]), stale = shallowRef([]), loaded = ref(false), unread = ref(""), clock = ref(now());
    const snoozing = ref(null), reassigning = ref(null), opening = ref(null);

    function paint() {
      const shelved = commands.shelve();
      if (shelved.length || stale.value.length) stale.value = shelved;
      list.paint();
    }

    const commands = new Commands({
      store, queue, post, now, newKey, me,
      on: { changed: paint, done: (entry, answer) => deeds.done(entry, answer), refused: (entry, answer) => deeds.refused(entry, answer) },
    });
    const link = new Link({
      store, now, filter: () => ({ ...filtering.filter }), url: () => `${props.snapshot_url}${filtering.query()}`,
      on: { snapshot, change, back: () => commands.flush(), unread: unanswered },
    });

    function snapshot(body, { anew }) {
      unread.value = "";
      duties.value = body.on_call ?? [];
      page.strip.take({ ...body, next_shift: body.you.next_shift });  // the strip of the page says the same
      const whole = !filtering.filtered.value && body.rows.length >= body.total;
      news.seen(store.rows(), { silently: anew, left_out_until: whole ? 0 : body.now });
      if (!loaded.value) { loaded.value = true; commands.adopt(); }
      paint();
    }
    function change(what) {
      news.changed(what);
      paint();
      if (store.wanting) link.readSoon(REFILL_MS);
    }
    function unanswered(answer) {
      if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
      else unread.value = answer.status ? answer.sentence : "";   // no answer at all: the page's own bar says so
    }

    let picked = null;                     // what to do with what a sheet was asked for
    const named = (rows) => (rows.length === 1 ? `#${rows[0].n}` : plural(rows.length, "incident"));
    const ask = (sheet) => (rows, then) => { picked = then; sheet.value.open(named(rows)); };
    const pick = (body) => { picked?.(body); list.unmark(); };
    const deeds = new Deeds({
      commands, me, chosen: list.chosen, ask: { snooze: ask(snoozing), reassign: ask(reassigning) },
      page: { toast: page.toast, announce: page.announce, live: () => LIVE.includes(page.live.state()) },
    });
    function act(verb, rows = undefined) {
      if (observer) { page.toast("You may look at incidents, not act on them; an admin can change that.", { id: "refused" }); return; }
      reading.keyboard();                  // what was acted on stays where it was, until one has looked away
      const fell = rows ? null : list.fallen();
      if (fell) { page.toast(`#${fell.from} has just left the list. Nothing was done; press again for #${fell.to}.`, { id: "board" }); return; }
      deeds.do(verb, rows);
      if (!["snooze", "reassign"].includes(verb)) list.unmark();
    }
    const byHand = () => { if (!observer) opening.value.open(); };

    // Everything that a key can ask for.
    const does = {
      ...Object.fromEntries(STEPS.map((way) => [way, () => list.walk(way)])),
      open: () => open(list.active.value),
      mark: () => { reading.keyboard(); if (list.active.value) list.mark(list.active.value); },
      leave: list.leave, fresh: list.showFresh, undo: () => deeds.undo(), open_by_hand: byHand,
      ...Object.fromEntries(["acknowledge", "resolve", "snooze", "escalate", "reassign"].map((verb) => [verb, () => act(verb)])),
    };
    function onKey(event) {
      const what = event.target === list.grid.value ? inList(event) : null;
      if (what) { event.preventDefault(); does[what](); }
    }

    function opened(answer) {              // by hand: it stands in the list before the change comes round
      const line = answer.body.incident;
      store.change({ base: store.rev, rev: store.rev, u: [line] }, { now: now() });
      news.known(line);
      list.reorder();
      list.select(line.id);
      page.toast(answer.sentence || `#${line.n} opened`, { kind: "good", id: "board" });
    }
    const sendStale = () => commands.confirm(stale.value);
    const dropStale = () => { for (const entry of stale.value) commands.forget(entry.key); paint(); };

    const counts = computed(() => list.summary.value?.counts ?? null);
    function second() {
      clock.value = now();
      paint();
      const title = `${counts.value?.high_unacknowledged ? `(${counts.value.high_unacknowledged}) ` : ""}Incidents · OpsKnight`;
      if (document.title !== title) document.title = title;
    }
    const found = () => list.rows.value.map((row) => ({ title: row.title, hint: `#${row.n} · ${row.service}`, icon: "list", href: `/incidents/${row.n}` }));
    const root = document.documentElement.dataset;
    function foot(state) { if (root.foot !== state) root.foot = state; }   // toasts make room for it
    const endings = [];
    onMounted(async () => {
      const times = keepTimes(() => list.grid.value, now), ticking = setInterval(second, 1000);
      endings.push(times.stop, () => clearInterval(ticking), page.strip.stop, () => link.stop(),
        ...LETTERS.map(({ does: what, ...entry }) => page.keys.add({ ...entry, group: "Incidents", run: () => does[what]() })),
        ...SHOWN_ONLY.map((entry) => page.keys.add({ ...entry, group: "Incidents" })));
      page.palette.add((query) => (query.length < 2 ? [] : found()));
      await nextTick();                    // the socket is made when the page itself is mounted, after its parts
      page.strip.through(() => link.read());
      link.start();
    });
    onUpdated(() => { list.number(); pointer.stay(); if (!observer) foot(list.chosen().length ? "on" : ""); });
    onUnmounted(() => { endings.forEach((end) => end()); delete root.foot; });

    return {
      ...list, ...pointer, ...filtering, duties, stale, loaded, unread, clock, counts, observer, snoozing, reassigning, opening,
      act, byHand, open, pick, opened, sendStale, dropStale, onKey, may: (verb) => deeds.may(verb), word: (verb, of) => deeds.word(verb, of), hoveredRow: () => store.row(pointer.hovered.value?.id),
      capital, iso, nextMove, plural, span, statusWord, words: (as, at) => timeWords(as, at, now()),
      zone: ZONE.formatToParts().find((part) => part.type === "timeZoneName")?.value ?? "",
    };
  },
};
