/** An answer that is no answer: what the server refused and why, or that it could not be reached. */

interface Told {
  title?: string;
  detail?: string;
  code?: string;
  retryable?: boolean;
  retry_after_s?: number;
  position?: number;
  length?: number;
  suggestion?: string;
  errors?: { field: string; rule: string; help?: string }[];
}

export class Problem extends Error {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  readonly code: string;
  /** Whether the same request can help later. */
  readonly retryable: boolean;
  /** Of a text of the query language: what of it is wrong, in characters, and what may stand there instead. */
  readonly position: number | undefined;
  readonly length: number | undefined;
  readonly suggestion: string | undefined;
  readonly errors: { field: string; rule: string; help?: string }[];

  constructor(status: number, told: Told) {
    super(told.detail ?? told.title ?? `the server answered ${status}`);
    this.name = "Problem";
    this.status = status;
    this.code = told.code ?? "";
    this.retryable = told.retryable ?? status === 0;
    this.position = told.position;
    this.length = told.length;
    this.suggestion = told.suggestion;
    this.errors = told.errors ?? [];
  }
}

export const UNREACHABLE = "the server cannot be reached: see whether it runs, and whether the network does";

export async function problemOf(response: Response): Promise<Problem> {
  const told = (await response.json().catch(() => ({}))) as Told;
  return new Problem(response.status, told);
}
