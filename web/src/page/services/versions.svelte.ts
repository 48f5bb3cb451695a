/** Which versions answer now, by service: those of the last part of the time range. */
import { question } from "../../state/question.svelte";
import { isLast, lengthMs } from "../../state/range";
import { view } from "../../state/view.svelte";

const PART = 12;
const SHORTEST_MS = 60_000;

/** To be called while a component is made. */
export function versionsNow(about = ""): { readonly by: Map<string, string[]> } {
  const top = question("/query/top", () => {
    const length = Math.max(SHORTEST_MS, Math.round(lengthMs(view.range) / PART));
    const start_time = isLast(view.range)
      ? `now-${Math.round(length / 1000)}s`
      : new Date(view.range.end - length).toISOString();
    return { ...view.parameters(about), start_time, by: "service,version", measures: "count", limit: 1000 };
  });
  const by = $derived.by(() => {
    const found = new Map<string, string[]>();
    for (const { group } of top.answer?.groups ?? []) {
      if (group.version === null) continue;
      const service = String(group.service);
      found.set(service, [...(found.get(service) ?? []), String(group.version)]);
    }
    return found;
  });
  return {
    get by() {
      return by;
    },
  };
}
