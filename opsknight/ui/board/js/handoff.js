// Who is on call changes without any incident's doing: read again when the next duty ends, at least every five minutes.
const AT_LEAST_S = 5, AT_MOST_S = 300, AFTER_S = 2;

export function useHandoff({ read, now }) {
  let timer = null;
  function plan(duties) {
    clearTimeout(timer);
    const next = Math.min(...duties.map((duty) => duty.until).filter(Boolean), Infinity);
    timer = setTimeout(read, 1000 * Math.min(AT_MOST_S, Math.max(AT_LEAST_S, next - now() + AFTER_S)));
  }
  return { plan, stop: () => clearTimeout(timer) };
}
