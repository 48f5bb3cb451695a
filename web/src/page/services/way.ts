/** Links from one of these pages to another: they keep what the reader compares with. */
import { link, place } from "../../state/place.svelte";
import { addressOf, type Subject } from "../../state/subject";

export function to(subject: Subject, values: Record<string, string | null> = {}): string {
  const [path, own] = addressOf(subject);
  return link(path, { ...own, compare: place.parameters.get("compare"), ...values });
}

export const serviceOf = ({ service }: Subject): Subject => ({ service, endpoint: null, method: null });
