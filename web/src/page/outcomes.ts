/** What an event that was sent can become (law 1): its name, its colour, and what it means. */
import type { Outcome } from "../state/outcome";

interface Told {
  label: string;
  /** A variable of the style sheet. */
  colour: string;
  means: string;
}

export const TOLD: Record<Outcome, Told> = {
  stored: {
    label: "Stored",
    colour: "--series-3",
    means: "Checked, new, and on disk before the answer said so.",
  },
  duplicate: {
    label: "Duplicates",
    colour: "--series-5",
    means: "Sent again with the same id and the same content: the event was there already, and nothing was added.",
  },
  rejected: {
    label: "Rejected",
    colour: "--bad-mark",
    means: "Refused one by one, each with a reason in the answer. Nothing of them was kept.",
  },
  rate_limited: {
    label: "Rate limited",
    colour: "--warn-mark",
    means: "Refused with their whole request, because it was over the tenant's rate. The answer says when it fits.",
  },
  overloaded: {
    label: "Overloaded",
    colour: "--series-6",
    means:
      "Refused with their whole request, because too much waited to be stored. The same request can be sent again.",
  },
};
