// The live board. Rows are worst first, painted before the server has answered, and never moved under a reader's hands.
import { computed, nextTick, onMounted, onUnmounted, onUpdated, ref, shallowRef } from "vue";
import { Commands } from "opsknight-board/commands.js";
import { Deeds } from "opsknight-board/deeds.js";
import { Empty } from "opsknight-board/empty.js";
import { aloud, capital, iso, nextMove, plural, span, statusWord, timeWords } from "opsknight-board/format.js";
import { newKey, post } from "opsknight-board/http.js";
import { inList, LETTERS, SHOWN_ONLY, step } from "opsknight-board/keys.js";
import { Link } from "opsknight-board/link.js";
import { OpenSheet } from "opsknight-board/by_hand.js";
import { Queue } from "opsknight-board/queue.js";
import { Reading } from "opsknight-board/reading.js";
import { arrange, follow } from "opsknight-board/rows.js";
import { ReassignSheet, SnoozeSheet } from "opsknight-board/sheets.js";
import { ByService, OnCall } from "opsknight-board/side.js";
import { Store } from "opsknight-board/store.js";
import { TEMPLATE } from "opsknight-board/template.js";
import { explainTimes, keepTimes } from "opsknight-board/times.js";
import { News } from "opsknight-board/news.js";
import { useFilter } from "opsknight-board/filter.js";

export default {
  name: "Board",
  components: { ByService, Empty, OnCall, OpenSheet, ReassignSheet, SnoozeSheet },
  props: { snapshot_url: String, me: Object, curl: String },
  template: TEMPLATE,

  setup(props) {
    const page = globalThis.opsknight;
    const now = () => page.times.now() / 1000;
    const store = new Store();
    const reading = new Reading();
    const queue = new Queue({ storage: localStorage, user: props.me.id });
    const news = new News({ announce: page.announce, me: props.me });
    const commands = new Commands({
      store, queue, post, now, newKey, me: props.me,
      on: { changed: () => paint(), done: (entry, answer) => deeds.done(entry, answer), refused: (entry, answer) => deeds.refused(entry, answer) },
    });

    const rows = shallowRef([]), fresh = shallowRef([]), summary = shallowRef(null), duties = shallowRef([]);
    const active = ref(null), marked = shallowRef(new Set()), hovered = shallowRef(null);
    const found = ref(0), loaded = ref(false), unread = ref(""), waiting = shallowRef([]), stale = shallowRef([]), clock = ref(now());
    const grid = ref(null), snoozing = ref(null), reassigning = ref(null), opening = ref(null);
    let at = -1, order = [], moved = false;

    const filtering = useFilter({ changed: () => { order = []; paint(); link.read(); } });
    const { filter } = filtering;
    const observer = props.me.role === "observer";

    // Bring what is known to the screen. Vue writes it before the browser paints this frame.
    function paint() {
      const time = now(), held = reading.held && order.length > 0;
      const shown = arrange(store.rows({ now: time, held }), { order, held });
      at = follow(shown.rows, { id: active.value, index: at });
      active.value = shown.rows[at]?.id ?? null;
      if (!same(rows.value, shown.rows)) rows.value = shown.rows;
      if (!same(fresh.value, shown.fresh)) fresh.value = shown.fresh;
      const ids = shown.rows.map((row) => row.id);
      moved ||= !same(order, ids);
      order = ids;
      if (marked.value.size) marked.value = new Set([...marked.value].filter((id) => store.row(id)));
      summary.value = store.summary;
      found.value = store.found;
      waiting.value = shown.rows.filter((row) => row.waiting);
      stale.value = queue.stale(time);
    }

    const link = new Link({
      store, now, filter: () => ({ ...filter }), url: () => `${props.snapshot_url}${filtering.query()}`,
      on: {
        snapshot(body) {
          unread.value = "";
          duties.value = body.on_call ?? [];
          news.seen(store.rows(), { silently: !loaded.value });
          if (!loaded.value) { loaded.value = true; commands.adopt(); }
          paint();
          planHandoff(body);
        },
        change(change) {
          news.changed(change, store);
          paint();
          if (store.wanting) link.readSoon(1500);
        },
        back: () => commands.flush(),
        unread(answer) {
          if (answer.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
          else unread.value = answer.status ? answer.sentence : "";   // no answer at all: the bar of the page says so
        },
      },
    });

    const chosen = () => {
      const some = marked.value.size ? [...marked.value].map((id) => store.row(id)).filter(Boolean) : [store.row(active.value)].filter(Boolean);
      return some;
    };
    const deeds = new Deeds({
      commands, me: props.me, chosen,
      page: { toast: page.toast, announce: page.announce, live: () => ["live", "connecting"].includes(page.live.state()) },
      ask: {
        snooze: (able, then) => { picked = then; snoozing.value.open(named(able)); },
        reassign: (able, then) => { picked = then; reassigning.value.open(named(able)); },
      },
    });
    let picked = null;
    const named = (able) => (able.length === 1 ? `#${able[0].n}` : plural(able.length, "incident"));
    const pick = (body) => { picked?.(body); done(); };

    function act(verb, of = undefined) {
      if (observer) { page.toast("You may look at incidents, not act on them; an admin can change that.", { id: "refused" }); return; }
      reading.keyboard();                  // what was acted on stays where it was, until one has looked away
      deeds.do(verb, of);
      if (!["snooze", "reassign"].includes(verb)) done();
    }
    function done() { if (marked.value.size) { marked.value = new Set(); paint(); } }

    function select(id, { scroll = true } = {}) {
      active.value = id;
      at = rows.value.findIndex((row) => row.id === id);
      if (scroll) nextTick(() => grid.value?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest" }));
    }
    function mark(id) {
      const next = new Set(marked.value);
      if (!next.delete(id)) next.add(id);
      marked.value = next;
    }
    const open = (id) => { const row = store.row(id); if (row) location.assign(`/incidents/${row.n}`); };
    function showFresh() {
      order = [];
      reading.release();
      paint();
      grid.value?.closest(".ok-board-scroll")?.scrollTo({ top: 0 });
      grid.value?.focus({ preventScroll: true });
    }

    // Everything a key can ask for, by name.
    function does(what) {
      if (what in { next: 1, previous: 1, first: 1, last: 1, page_down: 1, page_up: 1 }) {
        reading.keyboard();
        const to = step(what, { at, count: rows.value.length });
        if (to >= 0) select(rows.value[to].id);
        if (document.activeElement !== grid.value) grid.value?.focus({ preventScroll: true });
      } else if (what === "open") open(active.value);
      else if (what === "mark") { reading.keyboard(); if (active.value) mark(active.value); }
      else if (what === "leave") { if (marked.value.size) marked.value = new Set(); else { active.value = null; at = -1; reading.release(); } paint(); }
      else if (what === "fresh") showFresh();
      else if (what === "undo") deeds.undo();
      else if (what === "open_by_hand") byHand();
      else act(what);
    }
    const byHand = () => { if (observer) act(""); else opening.value.open(); };
    function onKey(event) {
      const what = inList(event);
      if (what && event.target === grid.value) { event.preventDefault(); does(what); }
    }

    const rowOf = (event) => event.target.closest?.("[data-id]")?.dataset.id ?? null;
    function onClick(event) {
      const id = rowOf(event);
      if (!id || event.target.closest("a, button")) return;
      if (event.target.closest(".ok-line-tick") || event.ctrlKey || event.metaKey) { mark(id); return; }
      if (active.value === id && event.pointerType === "touch") { open(id); return; }
      select(id, { scroll: false });
    }
    function onPointer(event) {
      if (event.pointerType === "touch") { reading.touch(); return; }
      reading.pointer();
      if (event.target.closest(".ok-line-deeds")) return;
      const id = rowOf(event);
      if (id !== hovered.value?.id) hovered.value = id ? { id, top: event.target.closest("[data-id]").offsetTop } : null;
      explainTimes(event, now);
    }
    function onLeave(event) { if (event.pointerType === "touch") return; reading.left(); hovered.value = null; paint(); }

    function opened(answer) {
      const line = answer.body.incident;
      store.change({ base: store.rev, rev: store.rev, u: [line] }, { now: now() });
      news.known(line);
      order = [];
      paint();
      select(line.id);
      page.toast(answer.sentence || `#${line.n} opened`, { kind: "good", id: "board" });
    }
    const sendStale = () => { queue.confirm(stale.value.map((entry) => entry.key)); commands.flush(); paint(); };
    const dropStale = () => { for (const entry of stale.value) commands.forget(entry.key); paint(); };

    let handoff = null;
    function planHandoff(body) {           // who is on call changes without any incident's doing
      clearTimeout(handoff);
      const ends = (body.on_call ?? []).map((duty) => duty.until).filter(Boolean);
      const wait = Math.min(300, Math.max(5, Math.min(...ends, Infinity) - now() + 2));
      handoff = setTimeout(() => link.read(), 1000 * wait);
    }

    const lines = computed(() => (summary.value ? summary.value.counts : null));
    const title = () => `${lines.value?.high_unacknowledged ? `(${lines.value.high_unacknowledged}) ` : ""}Incidents · OpsKnight`;
    let times, second, forget = [];
    onMounted(async () => {
      times = keepTimes(() => grid.value, now);
      second = setInterval(() => { clock.value = now(); paint(); if (document.title !== title()) document.title = title(); }, 1000);
      forget = [...LETTERS.map(({ does: what, ...entry }) => page.keys.add({ ...entry, group: "Incidents", run: () => does(what) })),
        ...SHOWN_ONLY.map((entry) => page.keys.add({ ...entry, group: "Incidents" }))];
      page.palette?.add((query) => (query.length < 2 ? [] : rows.value.map((row) => ({ title: row.title, hint: `#${row.n} · ${row.service}`, icon: "list", href: `/incidents/${row.n}` }))));
      await nextTick();                    // the socket is made when the page itself is mounted, after its parts
      link.start();
    });
    onUpdated(() => {
      if (moved) number(grid.value);
      moved = false;
      const over = hovered.value && grid.value?.querySelector(`[data-id="${hovered.value.id}"]`);
      if (hovered.value && over?.offsetTop !== hovered.value.top) hovered.value = over ? { ...hovered.value, top: over.offsetTop } : null;
    });
    onUnmounted(() => { link.stop(); times?.stop(); clearInterval(second); clearTimeout(handoff); forget.forEach((off) => off()); });

    return {
      rows, fresh, summary, duties, active, marked, hovered, found, loaded, unread, waiting, stale, clock, lines, grid, snoozing, reassigning, opening,
      observer, ...filtering, act, does, pick, select, mark, open, showFresh, byHand, onKey, onClick, onPointer, onLeave, rowOf, opened, sendStale, dropStale,
      chosen, may: (verb) => deeds.may(verb), reading, capital, iso, nextMove, statusWord, aloud, plural, span, words: (as, of) => timeWords(as, of, now()), hoveredRow: () => store.row(hovered.value?.id),
      zone: new Intl.DateTimeFormat(undefined, { timeZoneName: "short" }).formatToParts().find((part) => part.type === "timeZoneName")?.value ?? "",
    };
  },
};

// Rows that only moved are not rendered again (v-memo); what number they are is written here.
function number(grid) {
  let index = 0;
  for (const row of grid?.children ?? []) {
    index += 1;
    if (row.getAttribute("aria-rowindex") !== String(index)) row.setAttribute("aria-rowindex", index);
  }
}

function same(one, other) {
  return one.length === other.length && one.every((row, i) => row === other[i]);
}
