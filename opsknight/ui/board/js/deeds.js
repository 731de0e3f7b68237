// From a key or a press to commands: which rows, what is asked first, what is said, and how it is taken back.
import { asks, can, ownedByAnother, past, refusal, said, stays } from "./verbs.js";

const UNDO_WITHIN_S = 5;
const FIRES_FOR_S = 30;          // how long it is told, and offered to be kept quiet, that a monitor still fires
const WORDS = { acknowledge: "Acknowledge", resolve: "Resolve", snooze: "Snooze", escalate: "Escalate", reassign: "Reassign" };

export class Deeds {
  #last = null;                  // what was done last: {made, back, until, words}; `back` is what of it can be taken back
  #said = null;                  // the toast that says so
  #firing = [];                  // what was resolved although its monitor still fires: {line, until}
  #rest = null;                  // the toast that says so

  // `chosen()` are the rows to act on; `ask` are the sheets; `page` is what every page can do (toast, announce).
  constructor({ commands, me, chosen, ask, page, clock = () => performance.now() / 1000 }) {
    Object.assign(this, { commands, me, chosen, ask, page, clock });
  }

  do(verb, rows = this.chosen()) {
    if (!rows.length) { this.page.announce("Nothing is selected; j and k select"); return; }
    if (verb === "acknowledge") this.#acknowledge(rows);
    else if (verb === "escalate") this.#escalate(rows);
    else if (verb === "snooze") this.#allowed(verb, rows, (able) => this.ask.snooze(able, (body) => this.#act(verb, able, body)));
    else if (verb === "reassign") this.#allowed(verb, rows, (able) => this.ask.reassign(able, (body) => this.#act(verb, able, body)));
    else this.#allowed(verb, rows, (able) => this.#act(verb, able));
  }

  // Whether `verb` would do anything to what is chosen.
  may(verb) {
    return this.chosen().some((row) => can(row, verb) && !(verb === "acknowledge" && this.#mine(row)) && !(verb === "resolve" && row.status === "resolved"));
  }

  // What `verb` is called on a button for `rows`.
  word(verb, rows = this.chosen()) {
    return verb === "acknowledge" && rows.length && rows.every((row) => row && asks(row, this.me)) ? "I am still on it" : WORDS[verb];
  }

  undo() {
    const last = this.#last;
    if (!last?.back.length || this.clock() > last.until) { this.page.announce("There is nothing to undo"); return; }
    this.#last = null;
    const taken_back = new Set(last.back.map(({ entry }) => entry.id));
    if (this.#firing.some(({ line }) => taken_back.has(line.id))) this.#tellFiring(this.#firing.filter(({ line }) => !taken_back.has(line.id)));
    const answers = last.back.map((made) => this.commands.undo(made));
    this.page.toast(`Taking back: ${last.words}`, { id: "board", for_s: 3 });
    Promise.all(answers).then((all) => {
      if (all.every((answer) => answer.ok)) this.page.toast(`Taken back: ${last.words}`, { kind: "good", id: "board", for_s: 3 });
    });
  }

  // What a command came to, when it is worth a word; a deed that went as foreseen was said when it was done.
  done(entry, answer) {
    const line = answer.body.incident;
    if (entry.verb === "acknowledge" && line && ownedByAnother(line, this.me)) this.#offer(line, answer.sentence || `${line.assignee} has #${line.n} already.`);
    else if (entry.verb === "acknowledge" && line?.status === "open") this.#stillOpen(entry, answer.sentence);
    else if (entry.verb === "resolve" && answer.body.offer === "keep_quiet" && line) {
      const now = this.clock(), before = this.#firing.filter((one) => one.until > now && one.line.id !== line.id);
      this.#tellFiring([...before, { line, until: now + FIRES_FOR_S }]);
    } else if (entry.verb === "escalate") this.page.toast(answer.sentence, { kind: "good", id: "board", action: this.#way() });
  }

  refused(entry, answer) {
    if (this.#last?.made.some((made) => made.entry.key === entry.key)) this.#said?.close();
    const action = answer.status === 401 ? { label: "Sign in", run: () => location.assign("/sign-in") } : null;
    this.page.toast(answer.sentence || `#${entry.n} could not be ${past(entry.verb)}.`, { kind: "bad", for_s: 12, id: "refused", action });
  }

  #acknowledge(rows) {
    const others = rows.filter((row) => ownedByAnother(row, this.me));
    if (others.length === rows.length) { this.#offer(others[0], `${others[0].assignee} has ${others.length === 1 ? `#${others[0].n}` : `these ${others.length}`} already.`, others); return; }
    const already = rows.filter((row) => this.#mine(row));
    if (already.length === rows.length) { this.page.toast(`You have #${already[0].n} already.`, { id: "board" }); return; }
    const free = rows.filter((row) => !ownedByAnother(row, this.me) && !already.includes(row));
    this.#allowed("acknowledge", free, (able) => this.#act("acknowledge", able));
  }

  // Whether acknowledging it would change nothing: I have it, and nobody asks whether I still do.
  #mine(row) {
    return row.status === "acknowledged" && row.assignee_id === this.me.id && !asks(row, this.me);
  }

  // Pressed again before the server has said whom it reached it would go a step further than anybody meant.
  #escalate(rows) {
    const under_way = rows.filter((row) => row.pending === "escalate");
    if (under_way.length === rows.length) { this.page.announce("It is being escalated already"); return; }
    this.#allowed("escalate", rows.filter((row) => !under_way.includes(row)), (able) => this.#act("escalate", able));
  }

  #offer(line, words, rows = null) {
    const take = () => this.#act("reassign", rows ?? [this.commands.store.row(line.id) ?? line], { to: this.me.id, name: this.me.name });
    this.page.toast(words, { id: "board", for_s: 8, action: { label: "Take over", run: take } });
  }

  // Everyone must acknowledge it, and others have not yet: it stays open, and what was mine to do cannot be taken back.
  #stillOpen(entry, words) {
    const last = this.#last, all = last?.made.length ?? 0;
    if (!last?.made.some((made) => made.entry.key === entry.key)) { this.page.toast(words, { id: "still-open", for_s: 8 }); return; }
    last.back = last.back.filter((made) => made.entry.key !== entry.key);
    last.open = (last.open ?? 0) + 1;
    const several = `${last.words}; ${last.open === 1 ? "1 of them is" : `${last.open} of them are`} open until others acknowledge too.`;
    const how = last.back.length ? { for_s: UNDO_WITHIN_S, action: this.#way() } : { for_s: 8, action: null };
    this.#said = this.page.toast(all === 1 ? words : several, { id: "board", ...how });
  }

  // The next trigger opens a new incident, unless what was resolved is kept quiet until its monitor reports that all is well.
  #tellFiring(firing) {
    this.#firing = firing;
    if (!firing.length) { this.#rest?.close(); return; }
    const lines = firing.map(({ line }) => line), one = lines.length === 1;
    const words = one ? `#${lines[0].n} is resolved, but its monitor still fires: the next trigger opens a new incident.`
      : `${lines.length} incidents are resolved, but their monitors still fire: the next triggers open new ones.`;
    const run = () => {
      this.#firing = [];
      this.#act("keep-quiet", lines.map((line) => this.commands.store.row(line.id) ?? line));
    };
    this.#rest = this.page.toast(words, { id: "fires", for_s: FIRES_FOR_S, action: { label: `Keep quiet until ${one ? "it clears" : "they clear"}`, run } });
  }

  #allowed(verb, rows, go) {
    const able = rows.filter((row) => can(row, verb));
    if (able.length) go(able); else this.page.toast(refusal(rows[0], verb), { kind: "bad", id: "refused" });
  }

  #act(verb, rows, body = {}) {
    const answers = (row) => verb === "acknowledge" && asks(row, this.me);
    const made = rows.map((row) => this.commands.act(verb, row, body));
    const back = made.filter((_, i) => !answers(rows[i]));   // an answer that was given stands
    const words = back.length ? said(verb, rows, body) : stays(rows);
    this.#last = { made, back, words, until: this.clock() + UNDO_WITHIN_S };
    this.#said = this.page.toast(this.page.live() ? words : `${words} here; it goes out when OpsKnight can be reached`, { kind: "good", id: "board", for_s: UNDO_WITHIN_S, action: back.length ? this.#way() : null });
  }

  #way() {
    return { label: "Undo", run: () => this.undo() };
  }
}
