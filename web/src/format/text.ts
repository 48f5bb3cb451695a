/** Texts that strangers sent, as they can be shown: nothing in them may hide, turn around or break what stands beside. */

// What has no sign of its own: control characters, marks that turn the direction of reading, blanks of no width,
// separators of lines, halves of characters. Joiners stay: emoji and some scripts are made with them.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const DELETE = 0x7f;

function sign(character: string): string {
  const code = character.charCodeAt(0);
  // Pictures of control characters are in the order of these.
  if (code <= 0x20) return String.fromCharCode(0x2400 + code);
  if (code === DELETE) return "\u2421";
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** On one line: every character that could not be seen is a sign, such as ␀ or ⟨U+202E⟩. */
export function visible(text: string, max = Infinity): string {
  return cut(text, max).replace(HIDDEN, sign);
}

/** The same of a text of several lines: breaks and tabs are what they are. */
export function visibleLines(text: string, max = Infinity): string {
  return cut(text, max).replace(HIDDEN, (one) => (one === "\n" || one === "\t" ? one : one === "\r" ? "" : sign(one)));
}

/** At most so many UTF-16 units, and an ellipsis where there were more; never half a character. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const half = /[\ud800-\udbff]/.test(text.charAt(max - 1));
  return `${text.slice(0, half ? max - 1 : max)}…`;
}

/** Where a position in characters (code points, as the API counts) is in UTF-16 units, as the browser counts. */
export function unitsOf(text: string, characters: number): number {
  let units = 0;
  for (const character of text) {
    if (characters <= 0) break;
    characters -= 1;
    units += character.length;
  }
  return units;
}

/** And the other way round. */
export const charactersOf = (text: string, units: number): number => [...text.slice(0, units)].length;
