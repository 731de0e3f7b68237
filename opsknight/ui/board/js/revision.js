// A revision is a place in the server's ledger, `epoch.transaction.sequence`; it can be compared within one epoch.
function parts(revision) {
  const [epoch, xid, seq] = String(revision ?? "").split(".");
  return { epoch, xid: Number(xid), seq: Number(seq) };
}

// Negative, zero or positive as `a` is before, at or after `b`; NaN when they cannot be compared.
export function compare(a, b) {
  const one = parts(a), other = parts(b);
  if (one.epoch !== other.epoch) return NaN;
  return one.xid - other.xid || one.seq - other.seq;
}

// What to do with a change {base, rev} on a board at `mine`: apply it, skip it (the snapshot had it), or read anew.
export function verdict(mine, { base, rev }) {
  const missing = compare(base, mine), ahead = compare(rev, mine);
  if (Number.isNaN(missing) || Number.isNaN(ahead) || missing > 0) return "gap";
  return ahead < 0 ? "old" : "apply";
}
