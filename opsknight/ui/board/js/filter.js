// What the reader asked to see; kept in the address, so that it can be sent to somebody.
import { computed, reactive } from "vue";

const WAIT_MS = 150;             // words narrow what is here at once; the server is asked when the typing pauses

export function useFilter({ changed }) {
  const asked = new URLSearchParams(location.search);
  const filter = reactive({ q: asked.get("q") ?? "", status: asked.get("status") ?? "", urgency: asked.get("urgency") ?? "" });
  const filtered = computed(() => Boolean(filter.q.trim() || filter.status || filter.urgency));
  let timer = null;

  const query = () => {
    const wanted = new URLSearchParams();
    for (const [name, value] of Object.entries(filter)) if (value.trim() && name !== "urgency") wanted.set(name, value.trim());
    return wanted.size ? `?${wanted}` : "";
  };
  function apply() {
    clearTimeout(timer);
    const address = new URLSearchParams(Object.entries(filter).filter(([, value]) => value.trim()));
    history.replaceState(history.state, "", `${location.pathname}${address.size ? `?${address}` : ""}`);
    changed();
  }
  const type = () => { clearTimeout(timer); timer = setTimeout(apply, WAIT_MS); };
  // Show only `wanted`, or everything when that is what is shown already.
  function only(wanted) {
    const next = { q: filter.q, status: "", urgency: "", ...wanted };
    const again = ["status", "urgency"].every((name) => next[name] === filter[name]);
    Object.assign(filter, again ? { status: "", urgency: "" } : next);
    apply();
  }
  const clear = () => { Object.assign(filter, { q: "", status: "", urgency: "" }); apply(); };
  const service = (name) => { filter.q = filter.q === name ? "" : name; apply(); };
  return { filter, filtered, query, type, only, clear, service };
}
