// Who is on call, your next shift and what burns, kept true for as long as a page is open. They are read again when an
// end or a beginning that stands here has passed, when who is on call was changed, when the line to the server was
// away or something was missed, and every five minutes; each page at a moment of its own, and seldom.
"use strict";
{
  const AT_MOST_S = 300, AT_LEAST_S = 5, AFTER_S = 2, APART_S = 10, SPREAD_S = 4, AGAIN_S = 30;
  const { make, times } = opsknight;
  const find = (id) => document.getElementById(id);
  const steady = () => performance.now() / 1000;
  let through = null;                                // what reads for us, where a board does so anyhow
  let timer = 0, dueAt = Infinity;                   // by the wall clock, which goes on while a laptop sleeps
  let readAt = -Infinity, askedFor = -Infinity;      // the latter by the server's clock: what it must be read after
  let mine = null, ends = [], heard = false;

  // ---------- when ----------
  const at = (wait_s) => {
    clearTimeout(timer);
    dueAt = Date.now() + 1000 * wait_s;
    timer = setTimeout(read, 1000 * wait_s);
  };
  const soon = (lag_s = -0.3) => {                   // the clocks are not the same to a fraction of a second
    askedFor = Math.max(askedFor, times.now() / 1000 + lag_s);
    const wait = Math.max(SPREAD_S * Math.random(), readAt + APART_S - steady());
    if (Date.now() + 1000 * wait < dueAt) at(wait);
  };
  const plan = () => {
    const now = times.now() / 1000, next = Math.min(...ends.filter((end) => end > now - 1), Infinity);
    const turn = next - now + AFTER_S + SPREAD_S * Math.random();
    at(Math.min(AT_MOST_S * (0.8 + 0.2 * Math.random()), Math.max(AT_LEAST_S, turn)));
  };
  const read = async () => {
    if (!through && !find("ok-high")) return;        // a page without a strip
    plan();
    if (through) { through(); return; }
    readAt = steady();
    const answer = await fetch("/api/v1/strip", { headers: { Accept: "application/json" }, cache: "no-store" }).catch(() => null);
    if (answer?.ok) take(await answer.json()); else at(AGAIN_S * (1 + Math.random()));
  };

  // Whether revision `one` is past `other`, or cannot be compared with it.
  const ahead = (one, other) => {
    const [[epoch, ...place], [epoch_of_other, ...place_of_other]] = [one, other].map((rev) => String(rev).split("."));
    const [xid, seq] = place.map((number, i) => Number(number) - Number(place_of_other[i]));
    return epoch !== epoch_of_other || !((xid || seq) <= 0);
  };
  const know = (rev) => { if (rev && (mine === null || ahead(rev, mine))) mine = rev; };
  const onTick = ({ base, rev, counts }) => {        // “gap” has every board read anew; the counts follow by themselves
    if (mine !== null && base !== "gap" && !counts && ahead(base, mine)) soon();
    know(rev);
  };
  const onBeat = ({ rev, duties }) => {
    heard = true;
    if (duties) soon(0.5); else if (rev && mine !== null && ahead(rev, mine)) soon();
    know(rev);
  };

  // ---------- what ----------
  // `body` holds `on_call`, `next_shift`, `counts`, `rev` and `now`, as the strip's own answer and a board's do.
  const take = (body) => {
    readAt = steady();
    if (mine === null || body.rev === mine || ahead(body.rev, mine)) opsknight.live.counts(body);
    know(body.rev);
    ends = [...body.on_call.map((duty) => duty.until), body.next_shift?.from].filter(Boolean);
    if (find("ok-oncall")) draw(body);
    plan();
    if (body.now < askedFor) soon(-Infinity);        // it was on its way already when something happened
  };
  const time = (as, at_s) => make("time", { class: "ok-tab", datetime: new Date(at_s * 1000).toISOString(), "data-as": as });
  const who = (duty, as) => (duty?.user ? [
    make("b", { class: "ok-cut" }, duty.user), duty.you ? make("span", { class: "ok-you" }, "you") : null,
    duty.until ? make("span", { class: "ok-until" }, make("span", {}, "until "), time(as, duty.until)) : null,
  ] : [make("b", { class: "ok-nobody" }, "nobody")]).filter(Boolean);

  // What says the same already stays as it is.
  const said = (place) => [place.textContent, ...[...place.querySelectorAll("time")].map((one) => Date.parse(one.dateTime))].join();
  const put = (place, ...parts) => {
    const box = make("div", {}, ...parts);
    times.fill(box);
    if (said(box) !== said(place)) place.replaceChildren(...box.childNodes);
  };
  const draw = ({ on_call, next_shift }) => {
    const first = on_call.find((duty) => duty.you) ?? on_call[0], others = on_call.length - 1;
    put(find("ok-oncall"), make("span", { class: "ok-label" }, "On call"), ...who(first, "soon"),
      ...(others > 0 ? [make("span", { class: "ok-faint ok-tab" }, `+${others}`)] : []));
    put(find("ok-shift"), make("span", { class: "ok-label" }, "Your next shift"),
      next_shift ? time("soon", next_shift.from) : make("span", { class: "ok-muted" }, "none planned"));
    rows(find("ok-duties"), on_call);
  };
  // A row is written anew in its place: it may have the focus, in a list that is open.
  const rows = (list, on_call) => {
    const there = [...list.querySelectorAll(".ok-duty")], last = there.pop();
    list.querySelector(":scope > p")?.remove();
    if (!on_call.length) last.before(make("p", { class: "ok-muted" }, "There is no schedule yet, so nobody is on call."));
    for (const gone of there.splice(on_call.length)) {
      if (gone.contains(document.activeElement)) last.querySelector("a").focus();
      gone.remove();
    }
    on_call.forEach((duty, i) => {
      const row = there[i] ?? make("div", { class: "ok-duty" }, make("a", { class: "ok-muted ok-cut" }), make("span", { class: "ok-duty-who" }));
      const link = row.querySelector("a"), href = `/schedules/${duty.schedule_id}`;
      if (link.textContent !== duty.schedule) link.textContent = duty.schedule;
      if (link.getAttribute("href") !== href) link.setAttribute("href", href);
      put(row.querySelector(".ok-duty-who"), ...who(duty, "clock"));
      if (!row.isConnected) last.before(row);
    });
  };

  // ---------- begin ----------
  const attach = () => {
    if (!window.socket) { setTimeout(attach, 30); return; }
    window.socket.on("board", onTick);
    window.socket.on("beat", onBeat);
    window.socket.on("connect", () => { if (heard) soon(); });
  };
  const awake = () => { if (Date.now() >= dueAt) soon(); };
  addEventListener("ok:live", ({ detail: { state, before } }) => { if (state === "live" && ["stale", "lost"].includes(before)) soon(); });
  for (const event of ["visibilitychange", "pageshow", "online"]) addEventListener(event, awake);
  // A board reads all this for itself: have `read` asked instead of us, and give us what it brings by `take`.
  opsknight.strip = { take, through: (read) => { through = read; plan(); }, stop: () => { through = null; } };
  opsknight.whenPainted(() => {
    attach();
    const high = find("ok-high");
    if (!high) return;                               // a wall, or a page without a strip
    mine = high.dataset.rev || null;
    ends = [...document.querySelectorAll("#ok-oncall time, #ok-duties time, #ok-shift time")].map((one) => Date.parse(one.dateTime) / 1000);
    plan();
  });
}
