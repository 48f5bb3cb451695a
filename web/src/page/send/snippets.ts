/** What a newcomer copies to send events, with the address of this server and a key in it. Tests run each as it is. */
import client from "./snippet/client.txt?raw";
import curl from "./snippet/curl.txt?raw";
import file from "./snippet/file.txt?raw";
import python from "./snippet/python.txt?raw";
import sample from "./snippet/sample.txt?raw";

export interface Snippet {
  name: string;
  title: string;
  /** Where it is to be pasted. */
  into: "shell" | "python";
  about: string;
  text: string;
}

/** What stands in the place of a key that the page does not know. */
export const PLACEHOLDER = "YOUR_KEY";
const SERVER = "http://127.0.0.1:8000";

const TEMPLATES: Snippet[] = [
  { name: "curl", title: "curl", into: "shell", about: "One event, from any shell.", text: curl },
  {
    name: "python",
    title: "Python",
    into: "python",
    about: "One event, without any package. Save it as a file and run it, or paste it into python3.",
    text: python,
  },
  {
    name: "client",
    title: "Python client",
    into: "python",
    about:
      "Many events: it cuts batches, tries again what can help, and stores nothing twice. Run it with the Python that has PulseStream.",
    text: client,
  },
  {
    name: "file",
    title: "A file",
    into: "shell",
    about: "Files of any size, one JSON event a line. From a checkout the command is .venv/bin/pulsestream.",
    text: file,
  },
  {
    name: "sample",
    title: "Sample data",
    into: "shell",
    about: "No events at hand: a day of a made-up shop, 20 000 events of eight services, to look around in.",
    text: sample,
  },
];

/** Within quotes of the shell, or of Python. */
const WITHIN: Record<Snippet["into"], (text: string) => string> = {
  shell: (text) => text.replaceAll("'", "'\\''"),
  python: (text) => JSON.stringify(text).slice(1, -1),
};

/** `server`: as in `location.origin`. `key`: "" where the page knows none. */
export function snippets(server: string, key: string): Snippet[] {
  return TEMPLATES.map((one) => ({
    ...one,
    text: one.text
      .replaceAll(SERVER, () => WITHIN[one.into](server))
      .replaceAll(PLACEHOLDER, () => WITHIN[one.into](key || PLACEHOLDER))
      .trimEnd(),
  }));
}
