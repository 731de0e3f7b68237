// Which key asks for what. Letters go through the page's own keys (they can be turned off); these do not write anything.
export const LETTERS = [
  { keys: ["j"], says: "Next", does: "next" },
  { keys: ["k"], says: "Previous", does: "previous" },
  { keys: ["a"], says: "Acknowledge", does: "acknowledge" },
  { keys: ["r"], says: "Resolve", does: "resolve" },
  { keys: ["s"], says: "Snooze", does: "snooze" },
  { keys: ["e"], says: "Escalate", does: "escalate" },
  { keys: ["t"], says: "Reassign", does: "reassign" },
  { keys: ["x"], says: "Select, to act on several", does: "mark" },
  { keys: ["u"], says: "Undo, within 5 s", does: "undo" },
  { keys: ["."], says: "Show what is new", does: "fresh" },
  { keys: ["n"], says: "Open an incident by hand", does: "open_by_hand" },
];
export const SHOWN_ONLY = [{ keys: ["Enter"], says: "Open its page" }, { keys: ["Esc"], says: "Let go of the selection" }];

export const STEPS = ["next", "previous", "first", "last", "page_down", "page_up"];

const IN_LIST = {
  ArrowDown: "next", ArrowUp: "previous", Home: "first", End: "last", PageDown: "page_down", PageUp: "page_up",
  Enter: "open", " ": "mark", Escape: "leave",
};

// What a key means while the list itself has the focus, whether or not letters are on; null when nothing.
export function inList({ key, ctrlKey = false, metaKey = false, altKey = false }) {
  return ctrlKey || metaKey || altKey ? null : IN_LIST[key] ?? null;
}

// Where the selection goes in `count` rows; -1 is nowhere. The first step from nowhere lands on the worst.
export function step(does, { at, count, page = 10 }) {
  if (!count) return -1;
  const last = count - 1;
  if (at < 0) return does === "last" ? last : 0;
  const to = { next: at + 1, previous: at - 1, first: 0, last, page_down: at + page, page_up: at - page }[does];
  return Math.min(Math.max(to ?? at, 0), last);
}
