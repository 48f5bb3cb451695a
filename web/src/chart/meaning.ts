/** What well, slow and broken look like, on every chart and in every list: a value has one colour wherever it is. */

const MEANINGS: Record<string, string> = {
  info: "--calm",
  warning: "--warn-mark",
  error: "--bad-mark",
  critical: "--worst-mark",
  "1xx": "--series-8",
  "2xx": "--calm",
  "3xx": "--series-5",
  "4xx": "--warn-mark",
  "5xx": "--bad-mark",
};
/** What is well comes first: it stands at the bottom of a stack. */
const ORDER = Object.keys(MEANINGS);

export const meaningOf = (value: string | null): string => MEANINGS[value ?? ""] ?? "--series-8";
export const rankOf = (value: string | null): number => (ORDER.indexOf(value ?? "") + 100) % 100;
