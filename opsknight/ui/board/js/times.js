// The times of many rows, kept true once a second by writing into their text nodes: no row is rendered for a second's sake.
import { span, timeWords } from "./format.js";

// Keep every <time data-of data-say> under `root()` true; return the way to stop.
export function keepTimes(root, now) {
  const fill = () => {
    const at = now();
    for (const time of root()?.querySelectorAll("time[data-of]") ?? []) {
      const words = timeWords(time.dataset.say, Number(time.dataset.of), at);
      if (time.firstChild) { if (time.firstChild.data !== words) time.firstChild.data = words; } else time.textContent = words;
    }
  };
  const timer = setInterval(fill, 1000);
  return { fill, stop: () => clearInterval(timer) };
}

// Say the whole truth of a time to whoever points at it: local with its zone, UTC, and how long ago or ahead.
export function explainTimes(event, now) {
  const time = event.target.closest?.("time[data-of]");
  if (!time) return;
  const at = Number(time.dataset.of), away = at - now();
  time.title = `${globalThis.opsknight.times.full(at * 1000)} · ${away > 0 ? `in ${span(away)}` : `${span(-away)} ago`}`;
}
