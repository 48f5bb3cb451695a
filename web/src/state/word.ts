/** The words of a query, each with its place in the text. What is wrong in it is for the server to say. */

export interface Word {
  start: number;
  end: number;
  /** With a quote in place of each quoted character: what is found there was not quoted. */
  mask: string;
  /** What it says, its quotes read. */
  text: string;
}

/** Words and parentheses; a quote that nobody closed ends with the text. */
export function words(query: string): Word[] {
  const found: Word[] = [];
  let at = 0;
  while (at < query.length) {
    const first = query.charAt(at);
    if (/\s/.test(first)) at += 1;
    else if (first === "(" || first === ")") {
      found.push({ start: at, end: at + 1, mask: first, text: first });
      at += 1;
    } else {
      const word = wordAt(query, at);
      found.push(word);
      at = word.end;
    }
  }
  return found;
}

function wordAt(query: string, start: number): Word {
  let [text, mask, within, at] = ["", "", false, start];
  while (at < query.length) {
    let character = query.charAt(at);
    if (character === '"') {
      within = !within;
      at += 1;
      continue;
    }
    if (!within && /[\s()]/.test(character)) break;
    if (within && character === "\\" && /["\\]/.test(query.charAt(at + 1))) {
      at += 1;
      character = query.charAt(at);
    }
    text += character;
    mask += within ? '"' : character;
    at += 1;
  }
  return { start, end: at, mask, text };
}

/** Nothing of it was quoted. */
export const isPlain = (word: Word, query: string): boolean => query.slice(word.start, word.end) === word.text;
export const isOperator = (word: Word, query: string): boolean =>
  isPlain(word, query) && /^(AND|OR|NOT)$/.test(word.text);

/** Whether alternatives stand at the top: another condition then needs parentheses around them. */
export function isEither(query: string): boolean {
  let depth = 0;
  for (const word of words(query)) {
    if (word.mask === "(") depth += 1;
    else if (word.mask === ")") depth -= 1;
    else if (depth === 0 && word.text === "OR" && isPlain(word, query)) return true;
  }
  return false;
}
