// Mouse and finger in the list. Touches select and touch again opens; a mouse also finds the deeds at the row's end.
import { shallowRef } from "vue";
import { explainTimes } from "./times.js";

export function usePointer({ list, reading, now, open }) {
  const hovered = shallowRef(null);
  const rowOf = (event) => event.target.closest?.("[data-id]")?.dataset.id ?? null;

  function onClick(event) {
    const id = rowOf(event);
    if (!id || event.target.closest("a, button")) return;
    if (event.target.closest(".ok-line-tick") || event.ctrlKey || event.metaKey) list.mark(id);
    else if (list.active.value === id && event.pointerType === "touch") open(id);
    else list.select(id, { scroll: false });
  }

  function onPointer(event) {
    if (event.pointerType === "touch") { reading.touch(); return; }
    reading.pointer();
    if (event.target.closest(".ok-line-deeds")) return;
    const id = rowOf(event);
    if (id !== hovered.value?.id) hovered.value = id ? { id, top: event.target.closest("[data-id]").offsetTop } : null;
    explainTimes(event, now);
  }

  function onLeave(event) {
    if (event.pointerType === "touch") return;           // a finger that was lifted still belongs to a reader
    reading.left();
    hovered.value = null;
    list.paint();
  }

  // Keep the deeds beside their row when rows moved.
  function stay() {
    if (!hovered.value) return;
    const row = list.grid.value?.querySelector(`[data-id="${hovered.value.id}"]`);
    if (row?.offsetTop !== hovered.value.top) hovered.value = row ? { ...hovered.value, top: row.offsetTop } : null;
  }

  return { hovered, rowOf, onClick, onPointer, onLeave, stay };
}
