// Whether somebody has eyes or hands in the list just now, so that rows must not move under them.
const STILL_MS = 15000;          // a pointer or a keyboard that rests as long as this reads no more
const TOUCH_MS = 6000;           // a finger leaves no pointer behind

export class Reading {
  #pointer = 0;                  // until when each of them counts
  #keyboard = 0;

  constructor({ clock = () => performance.now() } = {}) {
    this.clock = clock;
  }

  // The pointer moved in the list, a finger touched it, the keyboard did something in it.
  pointer() { this.#pointer = this.clock() + STILL_MS; }
  touch() { this.#pointer = this.clock() + TOUCH_MS; }
  keyboard() { this.#keyboard = this.clock() + STILL_MS; }

  left() { this.#pointer = 0; }
  release() { this.#pointer = 0; this.#keyboard = 0; }

  get held() { return this.clock() < Math.max(this.#pointer, this.#keyboard); }
}
