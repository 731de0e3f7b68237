// Whether somebody has eyes or hands in the list just now, so that rows must not move under them.
const STILL_MS = 15000;          // a pointer or a keyboard that rests as long as this reads no more
const TOUCH_MS = 6000;           // a finger leaves no pointer behind

export class Reading {
  #inside = false;
  #until = 0;

  constructor({ clock = () => performance.now() } = {}) {
    this.clock = clock;
  }

  // The pointer moved in the list, the keyboard did something in it, a finger touched it.
  pointer() { this.#inside = true; this.#extend(STILL_MS); }
  keyboard() { this.#inside = true; this.#extend(STILL_MS); }
  touch() { this.#inside = true; this.#extend(TOUCH_MS); }
  left() { this.#inside = false; }

  get held() { return this.#inside && this.clock() < this.#until; }

  #extend(for_ms) { this.#until = Math.max(this.#until, this.clock() + for_ms); }
}
