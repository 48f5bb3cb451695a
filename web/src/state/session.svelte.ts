/** Who is signed in. */
import { act, ask, connect, type Schema } from "../api/client";
import { Problem } from "../api/problem";

export type Session = Schema["SessionAnswer"];

let current = $state.raw<Session | null>(null);
let problem = $state.raw<Problem | null>(null);
/** The key as it was typed, while this page is open: for the snippets that a newcomer copies. Kept nowhere else. */
let typed = "";

function take(session: Session): void {
  current = session;
  problem = null;
  connect({
    csrf: session.csrf ?? "",
    onSignedOut: () => {
      if (current?.signed_in) void session_.look();
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
