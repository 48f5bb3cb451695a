/** Places as they are shown: told apart, named, asked about. */
import type { Answer } from "../../api/client";
import { both, term } from "../../state/term";

export type Located = Answer<"/query/geo">["places"][number];

export const keyOf = (place: Located): string =>
  [place.country, place.region, place.city].map((one) => one ?? "").join("/");

/** Calls that say nothing of where they come from. */
export const isNowhere = (place: Located): boolean => !place.city && !place.country;

/** What stands behind the name of a city: its country, and its region where two rows are of one city. */
export function whereOf(place: Located, all: Located[]): string {
  const twice = all.some((one) => one !== place && one.city === place.city && one.country === place.country);
  return [twice ? place.region : null, place.city ? place.country : null].filter(Boolean).join(", ");
}

/** The calls from there, as a query: a name that is not there is asked for as none. */
export function queryOf(place: Located): string {
  const { city, country, region } = place;
  return both(term("city", [city ?? ""]), term("country", [country ?? ""]), region ? term("region", [region]) : "");
}
