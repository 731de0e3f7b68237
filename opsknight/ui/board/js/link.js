// The line to the server: one snapshot by HTTP, then changes over the page's socket; a gap or a new socket reads again.
import { compare } from "./revision.js";
import { get } from "./http.js";

const AGAIN_MS = [300, 600, 1200, 2500, 5000];
const SPREAD_MS = 400;           // many boards hear of one gap together; they should not ask together

export class Link {
  #asking = null;                // the AbortController of the read in flight
  #timer = null;
  #failures = 0;
  #early = [];                   // changes that came while the first snapshot was on its way
  #off = [];

  // `url()` is the snapshot's address for the filter as it is now; `filter()` is that filter.
  constructor({ store, url, filter, now, on }) {
    Object.assign(this, { store, url, filter, now, on });
  }

  async start() {
    this.read();
    this.#wait(() => window.socket, (socket) => this.#attach(socket));
    const back = ({ detail }) => { if (detail.state === "live" && detail.before !== "connecting") this.on.back(); };
    addEventListener("ok:live", back);
    this.#off.push(() => removeEventListener("ok:live", back));
  }

  stop() {
    this.#off.forEach((off) => off());
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  // Read the snapshot now; a read that is under way for another filter is dropped.
  async read() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#asking?.abort();
    const asking = this.#asking = new AbortController();
    const filter = this.filter();
    const answer = await get(this.url(), { signal: asking.signal });
    if (this.#asking !== asking) return;
    this.#asking = null;
    if (!answer.ok) { this.#again(answer); return; }
    this.#failures = 0;
    const { anew } = this.store.snapshot(answer.body, { filter, now: this.now() });
    const early = this.#early.splice(0);
    if (early.map((change) => this.store.change(change, { now: this.now() })).includes("gap")) this.readSoon();
    this.on.snapshot(answer.body, { anew });
  }

  readSoon(within_ms = SPREAD_MS) {
    this.#timer ??= setTimeout(() => this.read(), Math.random() * within_ms);
  }

  #again(answer) {
    this.on.unread(answer);
    const wait = answer.retry_after_s ? answer.retry_after_s * 1000 : AGAIN_MS[Math.min(this.#failures++, AGAIN_MS.length - 1)];
    this.#timer = setTimeout(() => this.read(), wait);
  }

  #attach(socket) {
    const change = (change) => {
      if (this.#asking) this.#early.push(change);
      if (this.store.rev === null) return;
      const what = this.store.change(change, { now: this.now() });
      if (what === "gap") { if (!this.#asking) this.readSoon(); }
      else if (what === "apply") this.on.change(change);
    };
    const missed = (rev) => rev && !(compare(rev, this.store.rev) <= 0);
    const beat = ({ rev, names }) => {                 // a board that is named after a team may have that name no more
      if (this.store.rev !== null && !this.#asking && (missed(rev) || (names && this.filter().board))) this.readSoon();
    };
    const connect = () => { if (this.store.rev !== null) { this.read(); this.on.back(); } };
    for (const [name, run] of Object.entries({ board: change, beat, connect })) {
      socket.on(name, run);
      this.#off.push(() => socket.off(name, run));
    }
  }

  #wait(look, then) {
    const found = look();
    if (found) then(found); else setTimeout(() => this.#wait(look, then), 20);
  }
}
