/** Where places are: a city by its name and country; else the middle of its country. scripts/gazetteer.py makes the data. */

/** By country (ISO alpha-2): its middle and its cities, `Name/spelling/…,lon,lat;…`, the largest first; in tenths of a degree. */
export type Gazetteer = Record<string, [number, number, string]>;

export interface Spot {
  /** Longitude and latitude, in degrees. */
  at: [number, number];
  /** Whether this is the city; else it is the middle of the country. */
  city: boolean;
}

export type Locate = (city: string | null | undefined, country: string | null | undefined) => Spot | null;

const LETTERS: Record<string, string> = {
  ...{ ß: "ss", ø: "o", ł: "l", đ: "d", æ: "ae", œ: "oe" },
  ...{ ı: "i", ð: "d", þ: "th" },
};
/** What people write where ISO has another code. */
const CODES: Record<string, string> = { UK: "GB", EL: "GR" };

/** Without case, accents and signs: two spellings of one name become one. */
export function folded(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[ßøłđæœıðþ]/g, (letter) => LETTERS[letter] ?? letter)
    .replace(/[-\u2010-\u2015]/g, " ")
    .replace(/[^\p{L}\p{N}\s]/gu, "")
    .trim()
    .replace(/\s+/g, " ")
    .replace(/^st /, "saint ");
}

export function locator(gazetteer: Gazetteer): Locate {
  const countries = new Map<string, Map<string, [number, number]>>();
  let names: Map<string, string> | null = null;

  function codeOf(country: string): string | undefined {
    const code = country.trim().toUpperCase();
    const meant = CODES[code] ?? code;
    if (Object.hasOwn(gazetteer, meant)) return meant;
    if (!names) {
      const called = new Intl.DisplayNames("en", { type: "region" });
      names = new Map(Object.keys(gazetteer).map((one) => [folded(called.of(one) ?? one), one]));
    }
    return names.get(folded(country));
  }

  /** Read when the first place of the country is looked for: most of the world is never asked about. */
  function citiesOf(code: string): Map<string, [number, number]> {
    let found = countries.get(code);
    if (!found) {
      found = new Map();
      for (const entry of gazetteer[code]?.[2].split(";") ?? []) {
        const [spellings = "", lon, lat] = entry.split(",");
        for (const one of spellings.split("/")) {
          const name = folded(one);
          // Of two with one name the larger, which comes first, is meant.
          if (name && !found.has(name)) found.set(name, [Number(lon) / 10, Number(lat) / 10]);
        }
      }
      countries.set(code, found);
    }
    return found;
  }

  return (city, country) => {
    const code = country ? codeOf(country) : undefined;
    const entry = code === undefined ? undefined : gazetteer[code];
    if (code === undefined || !entry) return null;
    const name = folded(city ?? "");
    const cities = citiesOf(code);
    const at = cities.get(name) ?? cities.get(`${name} city`) ?? cities.get(name.replace(/ city$/, ""));
    return at ? { at, city: true } : { at: [entry[0] / 10, entry[1] / 10], city: false };
  };
}
