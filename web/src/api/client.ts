/**
 * The API as typed functions. Every shape here comes from the OpenAPI document, by way of schema.d.ts.
 */
import { Problem, UNREACHABLE, problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Schema = components["schemas"];

const PREFIX = "/api/v1";

type Method = "get" | "post" | "patch" | "delete";
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
type Operation<P extends keyof paths, M extends Method> = Exclude<paths[P][M], undefined>;
type Short<P> = P extends `${typeof PREFIX}${infer Rest}` ? Rest : never;
type Long<P extends string> = `${typeof PREFIX}${P}` & keyof paths;

/** Paths that answer GET with JSON, without the prefix. */
export type Asked = {
  [P in keyof paths & string]: paths[P] extends { get: { responses: { 200: unknown } } } ? Short<P> : never;
}[keyof paths & string];

export type Parameters<P extends Asked> =
  Operation<Long<P>, "get"> extends { parameters: { query?: infer Query } } ? NonNullable<Query> : never;

export type Answer<P extends Asked> =
  Operation<Long<P>, "get"> extends { responses: { 200: infer Good } } ? Json<Good> : never;

type Value = string | number | boolean | string[] | null | undefined;
type Within = Record<string, string>;

/** Told why, whenever a request finds that nobody is signed in any more. */
let onSignedOut: (why: string) => void = () => {};
/** Of the session; what changes anything must name it. */
let csrf = "";

export function connect(session: { csrf: string; onSignedOut: (why: string) => void }): void {
  csrf = session.csrf;
  onSignedOut = session.onSignedOut;
}

/** The address of a question. `within`: the parts of the path that stand in braces. */
export function address(path: string, parameters: Record<string, Value> = {}, within: Within = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") query.append(name, String(one));
    }
  }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(within[name] ?? ""));
  const text = query.toString();
  return PREFIX + filled + (text && `?${text}`);
}

/** Raises Problem; AbortError where `signal` ended it. */
export async function ask<P extends Asked>(
  path: P,
  parameters?: Parameters<P>,
  options: { signal?: AbortSignal; within?: Within } = {},
): Promise<Answer<P>> {
  const { signal, within } = options;
  const url = address(path, parameters as Record<string, Value> | undefined, within);
  return (await request(url, { signal: signal ?? null })) as Answer<P>;
}

/** The answer letter by letter, where numbers in it may have more digits than JavaScript's. Raises Problem, AbortError. */
export async function askText(url: string, signal: AbortSignal): Promise<string> {
  return (await request(url, { signal }, "text")) as string;
}

/** What changes something: its body and answer are JSON. Raises Problem. */
export async function act<T>(method: "POST" | "PATCH" | "DELETE", url: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return (await request(url, { method, headers, body: body === undefined ? null : JSON.stringify(body) })) as T;
}

async function request(url: string, init: RequestInit, as: "json" | "text" = "json"): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, { detail: UNREACHABLE });
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 && !url.endsWith("/session")) onSignedOut(problem.message);
    throw problem;
  }
  return response.status === 204 ? null : response[as]();
}
