// Reads an address; the sentence is always fit to be shown.
export async function read(url) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    const body = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, body, sentence: answer.ok ? "" : body.sentence ?? body.detail ?? `OpsKnight refused this (${answer.status}).` };
  } catch {
    return { ok: false, status: 0, body: {}, sentence: "OpsKnight cannot be reached; this page tries again by itself." };
  }
}

// Reads only the newest that was asked for: what was asked before and comes later is dropped.
export function latest(run) {
  let asked = 0;
  return async (...with_) => {
    const mine = ++asked, answer = await run(...with_);
    return mine === asked ? answer : null;
  };
}
