/** What a page below /services is about: a service, or one endpoint of it. Names are data: anything may stand in them. */
import { both, quoted } from "./term";

export interface Subject {
  service: string;
  /** Of an endpoint: both or none. */
  endpoint: string | null;
  method: string | null;
}

const ROOT = "/services/";

/** From the address of a page; null for the list of all. */
export function readSubject(path: string, parameters: URLSearchParams): Subject | null {
  const named = parameters.get("name");
  const written = path.startsWith(ROOT) ? path.slice(ROOT.length) : "";
  if (!written && !named) return null;
  const [endpoint, method] = [parameters.get("endpoint"), parameters.get("method")];
  const whole = endpoint !== null && method !== null;
  return {
    service: written ? decoded(written) : (named ?? ""),
    endpoint: whole ? endpoint : null,
    method: whole ? method : null,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that somebody wrote by hand
  }
}

/** Where it is, as a path and its parameters. A browser takes . and .. for folders, also where they are escaped. */
export function addressOf(subject: Subject): [string, Record<string, string | null>] {
  const { service, endpoint, method } = subject;
  const plain = !/^\.{0,2}$/.test(service);
  return [plain ? ROOT + encodeURIComponent(service) : "/services", { name: plain ? null : service, method, endpoint }];
}

/** Its events, as a query. */
export function queryOf({ service, endpoint, method }: Subject): string {
  return both(
    `service:${quoted(service)}`,
    method === null ? "" : `method:${quoted(method)}`,
    endpoint === null ? "" : `endpoint:${quoted(endpoint)}`,
  );
}
