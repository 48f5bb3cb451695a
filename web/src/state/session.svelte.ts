/** Who is signed in. */
import { act, ask, connect, type Schema } from "../api/client";
import { Problem } from "../api/problem";

export type Session = Schema["SessionAnswer"];

let current = $state.raw<Session | null>(null);
let problem = $state.raw<Problem | null>(null);
/** The key as it was typed, while this page is open: for the snippets that a newcomer copies. Kept nowhere else. */
let typed = "";
/** Why the session is over, where it was not the reader who ended it. */
let ended = $state("");

function take(session: Session): void {
  current = session;
  problem = null;
  if (session.signed_in) ended = "";
  connect({
    csrf: session.csrf ?? "",
    onSignedOut: (why) => {
      if (!current?.signed_in) return;
      ended = why;
      void session_.look();
    },
  });
}

const session_ = {
  /** Null until the server has said. */
  get current(): Session | null {
    return current;
  },
  get problem(): Problem | null {
    return problem;
  },
  /** Why one was signed out meanwhile; "" where one was not. */
  get ended(): string {
    return ended;
  },
  /** The visitor's own key, where the page may know it. */
  get key(): string {
    return typed || (current?.demo_key ?? "");
  },
  may(scope: "ingest" | "read" | "admin"): boolean {
    return current?.scopes.includes(scope) ?? false;
  },
  async look(): Promise<void> {
    try {
      take(await ask("/session"));
    } catch (error) {
      if (error instanceof Problem) problem = error;
    }
  },
  /** Raises Problem. */
  async signIn(key: string): Promise<void> {
    take(await act<Session>("POST", "/api/v1/session", { key }));
    typed = key;
  },
  /** Raises Problem. */
  async signOut(): Promise<void> {
    take(await act<Session>("DELETE", "/api/v1/session"));
    typed = "";
  },
};

export const session = session_;
