// The list as it is on screen: which rows, in which order, which is active, which are marked.
import { nextTick, ref, shallowRef } from "vue";
import { step } from "./keys.js";
import { arrange, Fall, follow } from "./rows.js";

export function useList({ store, reading, now }) {
  const rows = shallowRef([]), fresh = shallowRef([]), summary = shallowRef(null), waiting = shallowRef([]);
  const active = ref(null), marked = shallowRef(new Set()), found = ref(0), grid = ref(null);
  const fall = new Fall();
  let at = -1, order = [], moved = false;

  // Bring what is known to the screen. Vue writes it before the browser paints this frame.
  function paint() {
    const time = now(), held = reading.held && order.length > 0;
    const shown = arrange(store.rows({ now: time, held }), { order, held });
    at = follow(shown.rows, { id: active.value, index: at });
    const before = active.value;
    active.value = shown.rows[at]?.id ?? null;
    if (active.value !== before) fall.note(rows.value.find((row) => row.id === before), time);
    if (!same(rows.value, shown.rows)) rows.value = shown.rows;
    if (!same(fresh.value, shown.fresh)) fresh.value = shown.fresh;
    const ids = shown.rows.map((row) => row.id);
    moved ||= !same(order, ids);
    order = ids;
    if (marked.value.size) marked.value = new Set([...marked.value].filter((id) => store.row(id)));
    summary.value = store.summary;
    found.value = store.found;
    const unsent = shown.rows.filter((row) => row.waiting);
    if (!same(waiting.value, unsent)) waiting.value = unsent;
  }

  function select(id, { scroll = true } = {}) {
    active.value = id;
    fall.note(null);
    at = rows.value.findIndex((row) => row.id === id);
    if (scroll) nextTick(() => grid.value?.querySelector("[data-active]")?.scrollIntoView({ block: "nearest" }));
  }

  // Move the selection as a key asked, and take the focus along so that it is read aloud.
  function walk(does) {
    reading.keyboard();
    const to = step(does, { at, count: rows.value.length });
    if (to >= 0) select(rows.value[to].id);
    if (document.activeElement !== grid.value) grid.value?.focus({ preventScroll: true });
  }

  function mark(id) {
    const next = new Set(marked.value);
    if (!next.delete(id)) next.add(id);
    marked.value = next;
  }

  function unmark() {
    if (marked.value.size) marked.value = new Set();
  }

  function leave() {
    if (marked.value.size) { unmark(); return; }
    active.value = null;
    at = -1;
    reading.release();
    paint();
  }

  // Forget the order that was held, so that everything stands where it belongs.
  function reorder() {
    order = [];
    paint();
  }

  function showFresh() {
    reading.release();
    reorder();
    grid.value?.closest(".ok-board-scroll")?.scrollTo({ top: 0 });
    grid.value?.focus({ preventScroll: true });
  }

  // The rows that a deed is for: the marked ones, else the active one.
  function chosen() {
    const ids = marked.value.size ? [...marked.value] : [active.value];
    return ids.map((id) => store.row(id)).filter(Boolean);
  }

  // What a press is meant for that comes as the selection falls from it: {from, to}, their numbers, once.
  function fallen() {
    const from = marked.value.size ? null : fall.take(now()), to = store.row(active.value);
    return from !== null && to ? { from, to: to.n } : null;
  }

  // Rows that only moved are not rendered again (v-memo); what number they are is written here.
  function number() {
    if (!moved) return;
    moved = false;
    let index = 0;
    for (const row of grid.value?.children ?? []) {
      index += 1;
      if (row.getAttribute("aria-rowindex") !== String(index)) row.setAttribute("aria-rowindex", index);
    }
  }

  return { rows, fresh, summary, waiting, active, marked, found, grid, paint, select, walk, mark, unmark, leave, reorder, showFresh, chosen, fallen, number };
}

function same(one, other) {
  return one.length === other.length && one.every((row, i) => row === other[i]);
}
