// Ask the server, with an end to the waiting; answer {status, ok, body, sentence, retry_after_s}. Status 0: no answer came.
const WAIT_MS = 10000;

export async function ask(method, url, { body, key, signal } = {}) {
  const limit = AbortSignal.timeout(WAIT_MS);
  try {
    const response = await fetch(url, {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(key ? { "Idempotency-Key": key } : {}) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    const said = await response.json().catch(() => ({}));
    return { status: response.status, ok: response.ok, body: said, sentence: sentence(response, said), retry_after_s: seconds(response) };
  } catch (failure) {
    return { status: 0, ok: false, body: {}, sentence: "OpsKnight cannot be reached.", cancelled: failure?.name === "AbortError", retry_after_s: null };
  }
}

export const get = (url, options) => ask("GET", url, options);
export const post = (url, body, key) => ask("POST", url, { body, key });

// A key that no other deed has; plain http has no randomUUID.
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function sentence(response, said) {
  if (response.ok) return said.sentence ?? "";
  const id = said.request_id ? ` (request ${said.request_id})` : "";
  return (said.detail ?? `OpsKnight refused this (${response.status}) and gave no reason.`) + (response.status >= 500 ? id : "");
}

function seconds(response) {
  const wait = Number(response.headers.get("Retry-After"));
  return Number.isFinite(wait) && wait > 0 ? Math.min(wait, 60) : null;
}
