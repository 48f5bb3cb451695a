/** What can become of an event that was sent: every one becomes exactly one of these (law 1). */
export type Outcome = "stored" | "duplicate" | "rejected" | "rate_limited" | "overloaded";
export const OUTCOMES: Outcome[] = ["stored", "duplicate", "rejected", "rate_limited", "overloaded"];
