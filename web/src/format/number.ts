/** Numbers as people read them: thin spaces, units, three digits that count. Absent ones are an en dash. */

const NONE = "–";
/** Narrow no-break space: a number and its unit stay on one line. */
export const THIN = "\u202f";

type Some = number | null | undefined;

const is = (value: Some): value is number => value !== null && value !== undefined && Number.isFinite(value);

/** 1 234 567: all digits, in threes. */
export function whole(value: Some): string {
  if (!is(value)) return NONE;
  return grouped(String(Math.round(value)));
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, THIN).replace("-", "\u2212");
}

/** So many digits that count, without zeros at the end: 0.0123, 1.5, 12.3, 123. */
export function short(value: Some, digits = 3): string {
  if (!is(value)) return NONE;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 10 ** digits) return whole(value);
  const places = Math.min(6, Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
  return String(Number(value.toFixed(places))).replace("-", "\u2212");
}

const STEPS: [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e4, "k"],
];

/** 12.3 k, 4.56 M: where there is no room for all digits. */
export function compact(value: Some): string {
  if (!is(value)) return NONE;
  for (const [step, letter] of STEPS) {
    if (Math.abs(value) >= step) return `${short(value / (step === 1e4 ? 1e3 : step))}${THIN}${letter}`;
  }
  return Math.abs(value) >= 1000 ? whole(value) : short(value);
}

/** A part of 1, in percent: 2.62 %. What is there but tiny is not 0. */
export function percent(value: Some): string {
  if (!is(value)) return NONE;
  const hundred = value * 100;
  if (hundred !== 0 && Math.abs(hundred) < 0.005) return `<${THIN}0.01${THIN}%`;
  return `${Math.abs(hundred) >= 99.95 ? short(hundred, 4) : Number(hundred.toFixed(Math.abs(hundred) < 10 ? 2 : 1))}${THIN}%`;
}

/** A time in milliseconds: 0.8 ms, 110 ms, 1.54 s, 2 min. */
export function ms(value: Some): string {
  if (!is(value)) return NONE;
  if (Math.abs(value) < 1000) return `${short(value)}${THIN}ms`;
  if (Math.abs(value) < 60_000) return `${short(value / 1000)}${THIN}s`;
  return `${short(value / 60_000)}${THIN}min`;
}

/** So many a second. Below one in ten seconds it is told a minute, or an hour; in the unit of `like`, where given. */
export function rate(value: Some, like: Some = value): string {
  if (!is(value)) return NONE;
  const size = Math.abs(is(like) ? like : value);
  if (size === 0 || size >= 0.1) return `${compact(value)}${THIN}/s`;
  if (size * 60 >= 0.1) return `${short(value * 60)}${THIN}/min`;
  return `${short(value * 3600)}${THIN}/h`;
}

/** 0 to 1, two places, as apdex is told. */
export function score(value: Some): string {
  return is(value) ? value.toFixed(2) : NONE;
}

/** 13.4 kB: powers of 1000. */
export function bytes(value: Some): string {
  if (!is(value)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let at = 0;
  let size = value;
  while (Math.abs(size) >= 1000 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${short(size)}${THIN}${units[at]}`;
}

/** How much more or less than before, as a ratio: +25 %, −3.1 %, ×12. */
export function change(value: Some): string {
  if (!is(value)) return NONE;
  if (value >= 9) return `×${short(value + 1, 2)}`;
  const hundred = value * 100;
  const size = Math.abs(hundred);
  if (size < 0.05) return `±0${THIN}%`;
  const digits = size < 10 ? size.toFixed(1) : size.toFixed(0);
  return `${hundred < 0 ? "\u2212" : "+"}${digits}${THIN}%`;
}
