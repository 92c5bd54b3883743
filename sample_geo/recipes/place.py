"""A place as its assumptions describe it: lines, villages, panels, constraints, and the ground that people shaped."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon, box

from recipes import relief
from recipes.mining import Panel, Seam, district, kept_apart
from recipes.network import Cut, halve, smooth_ring
from recipes.relief import SECTIONS, Frame, Section, hashed, noise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """The assumptions of one site (recipes/NAME.toml) with what follows from them directly."""

    given: Mapping[str, Any]

    @classmethod
    def named(cls, name: str) -> Place:
        """The assumptions beside this file."""
        return cls(tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8")))

    @property
    def crs(self) -> str:
        return str(self.given["crs"])

    @property
    def year(self) -> float:
        return float(self.given["year"])

    def at(self, points: Any) -> Floats:
        """Offsets from the centre as coordinates, (n, 2) or (2,)."""
        return np.add(np.asarray(points, np.float64), np.asarray(self.given["centre"], np.float64))

    @cached_property
    def panels(self) -> list[Panel]:
        """Every mining panel."""
        seams = {s["name"]: Seam(**s) for s in self.given["seam"]}
        drawn = [
            panel
            for d in self.given["district"]
            for panel in district(
                d["code"],
                (d["mine"], d["mine_en"]),
                seams[d["seam"]],
                tuple(self.at(d["at"])),
                **{k: v for k, v in d.items() if k not in {"code", "mine", "mine_en", "seam", "at"}},
            )
        ]
        return kept_apart(drawn)

    @cached_property
    def lines(self) -> dict[str, LineString]:
        """Rivers, railways and the like by key."""
        return {line["key"]: self._line(line) for line in self.given["line"]}

    def _line(self, line: Mapping[str, Any]) -> LineString:
        xy = self.at(line["points"])
        for _ in range(0 if line.get("straight") else 3):
            inner = np.column_stack([0.75 * xy[:-1] + 0.25 * xy[1:], 0.25 * xy[:-1] + 0.75 * xy[1:]]).reshape(-1, 2)
            xy = np.vstack([xy[:1], inner, xy[-1:]])
        return LineString(np.round(xy, 2))

    def villages(self, *, kept: bool) -> list[Polygon]:
        """Outlines of the villages that stay, or of those that are moved."""
        chosen = [v for v in self.given["village"] if bool(v.get("kept")) == kept]
        return [rounded(self.at(v["at"]), v["size_m"], v["seed"]) for v in chosen]

    def plain(self, frame: Frame) -> Floats:
        """The ground before mining and before people, m: an even fall with broad swells."""
        p = self.given["plain"]
        x, y = self._offsets(frame)
        z = p["height_m"] - (p["fall"][0] * x + p["fall"][1] * y) / p["one_in"]
        for wavelength, height, seed in p["swells"]:
            z = z + height * noise(x, y, wavelength, seed)
        return np.asarray(z)

    def water_table(self, frame: Frame) -> Floats:
        """The water table of a normal year as a plane, m."""
        p, t = self.given["plain"], self.given["water_table"]
        x, y = self._offsets(frame)
        return np.asarray(p["height_m"] - t["depth_m"] - (p["fall"][0] * x + p["fall"][1] * y) / t["one_in"])

    def _offsets(self, frame: Frame) -> tuple[Floats, Floats]:
        return frame.x - self.given["centre"][0], frame.y - self.given["centre"][1]

    def built(self, frame: Frame, edge: Polygon, pieces: list[Polygon], cuts: list[Cut]) -> Floats:
        """The ground as people shaped it before mining, m: plots, mounds and ponds, then ditches, then roads and dykes."""
        p = self.given["plain"]
        fields, lines = self._countryside(frame, edge, pieces)
        lines += [(c.line, self._section(c)) for c in cuts]
        lines += [(tail, self._section(c)) for c in cuts if c.rank <= 3 for tail in self._beyond(c.line, edge)]
        lines += self._ring_road(edge)
        lines += [(self.lines[g["key"]], SECTIONS[g["section"]]) for g in self.given["line"] if g["section"]]
        z = self.plain(frame) + relief.plots(frame, fields, width=45.0, length=240.0, step_m=0.06, seed=p["seed"])
        villages = self.villages(kept=False) + self.villages(kept=True)
        for k, village in enumerate(villages):
            z += p["mound_m"] * (0.75 + 0.5 * float(hashed(k, 3, p["seed"]))) * relief.ramp(frame, village, 30.0)
            z -= 1.4 * relief.ramp(frame, pond_by(village, k), 14.0)
        for hill in self.given["hill"]:
            x, y = self.at(hill["at"])
            cone = 1.15 - 1.15 * np.hypot(frame.x - x, frame.y - y) / hill["radius_m"]
            z += hill["height_m"] * np.clip(cone, 0.0, 1.0)
        return z + relief.carved(frame, lines)

    def _countryside(
        self, frame: Frame, edge: Polygon, pieces: list[Polygon]
    ) -> tuple[list[Polygon], list[tuple[LineString, Section]]]:
        """The small fields in and around the site, and the lanes and ditches between them."""
        f = self.given["fields"]
        rest = box(*frame.bounds).difference(edge.buffer(60))
        for line in self.given["line"]:
            if line["section"]:
                rest = rest.difference(self.lines[line["key"]].buffer(SECTIONS[line["section"]].reach + 14))
        fields: list[Polygon] = []
        lines: list[tuple[LineString, Section]] = []
        for k, piece in enumerate([*pieces, *(p for p in shapely.get_parts(rest) if p.area > 40_000)]):
            inner, lanes = halve(piece, largest_m2=f["field_m2"], bearing=f["bearing"], seed=f["field_seed"] + k)
            fields += inner
            lines += [(c.line, _either(c, ("lane", "ditch"), f["rank_seed"] + 1)) for c in lanes]
        return fields, lines

    def _section(self, cut: Cut) -> Section:
        f = self.given["fields"]
        return _either(cut, f["ranks"][min(cut.rank, len(f["ranks"]) - 1)], f["rank_seed"])

    def _beyond(self, line: LineString, edge: Polygon) -> list[LineString]:
        """How a road or canal that reaches the outline goes on outside it, up to the next river, highway or railway."""
        built = [g for g in self.given["line"] if g["section"]]
        stops = shapely.unary_union([self.lines[g["key"]].buffer(0.85 * SECTIONS[g["section"]].reach) for g in built])
        tails = []
        for end, before in ((line.coords[0], line.coords[1]), (line.coords[-1], line.coords[-2])):
            if edge.exterior.distance(shapely.Point(end)) > 1.0:
                continue
            way = np.subtract(end, before) / np.hypot(*np.subtract(end, before))
            reach = LineString([end, tuple(np.add(end, 3_000.0 * way))]).difference(stops).difference(edge.buffer(-1.0))
            tails += [part for part in shapely.get_parts(reach) if part.distance(shapely.Point(end)) < 2.0]
        return tails

    def _ring_road(self, edge: Polygon) -> list[tuple[LineString, Section]]:
        road = self.given.get("ring_road")
        if road is None:
            return []
        ring = edge.buffer(road["offset_m"]).exterior.difference(self.lines[road["clear"]].buffer(road["clear_m"]))
        return [(part, SECTIONS[road["section"]]) for part in shapely.get_parts(ring)]

    def constraints(self, site: Polygon) -> gpd.GeoDataFrame:
        """What rules targets out, whatever the ground is like."""
        rows = []
        for c in self.given["constraint"]:
            base = {k: c[k] for k in ("kind", "name", "name_en", "forbids")}
            if c["shape"] == "villages":
                kept = [v for v in self.given["village"] if v.get("kept")]
                for v, shape in zip(kept, self.villages(kept=True), strict=True):
                    belt = shape.buffer(c["width_m"]).intersection(site)
                    rows.append(
                        base | {"name": v["name"] + c["name"], "name_en": f"{v['name_en']}, {c['name_en']}", "geometry": belt}
                    )
            else:
                rows.append(base | {"geometry": self._constrained(c, site)})
        return layer([r for r in rows if not r["geometry"].is_empty], self.crs)

    def _constrained(self, c: Mapping[str, Any], site: Polygon) -> Any:
        if c["shape"] == "round":
            return rounded(self.at(c["at"]), c["size_m"], c["seed"]).intersection(site)
        if c["shape"] == "box":
            x, y = self.at(c["at"])
            half = c["size_m"] / 2
            return box(x - half, y - half, x + half, y + half).intersection(site)
        if c["shape"] == "strip":
            return self.lines[c["along"]].buffer(c["width_m"] / 2, cap_style="flat", join_style="mitre").intersection(site)
        edge = site.exterior.difference(self.lines[c["clear"]].buffer(c["clear_m"]))
        return site.intersection(edge.buffer(c["width_m"]))


def _either(cut: Cut, kinds: Any, seed: int) -> Section:
    """One of two cross-sections, drawn by the line's place."""
    middle = cut.line.interpolate(0.5, normalized=True)
    return SECTIONS[kinds[int(hashed(round(middle.x), round(middle.y), seed) < 0.5)]]


def rounded(centre: Floats, size_m: float, seed: int) -> Polygon:
    """An irregular rounded outline about a point, size_m its mean diameter: a village, a tomb field."""
    angle = np.arange(10) / 10 * 2 * np.pi
    reach = size_m / 2 * (0.8 + 0.45 * hashed(np.arange(10), np.full(10, seed), 77))
    ring = np.column_stack([centre[0] + 1.15 * reach * np.cos(angle), centre[1] + 0.9 * reach * np.sin(angle)])
    return smooth_ring(ring)


def pond_by(village: Polygon, seed: int) -> Polygon:
    """A village pond at the edge of a village."""
    angle = 2 * np.pi * float(hashed(seed, 5, 78))
    reach = 0.62 * np.sqrt(village.area)
    middle = shapely.Point(village.centroid.x + reach * np.cos(angle), village.centroid.y + reach * np.sin(angle))
    return shapely.affinity.scale(middle.buffer(28.0, quad_segs=6), 1.5, 0.8)


def layer(rows: list[dict[str, Any]], crs: str) -> gpd.GeoDataFrame:
    """Rows with a `geometry` as a layer, geometry snapped to whole centimetres."""
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=crs)
    frame["geometry"] = shapely.set_precision(frame.geometry.to_numpy(), 0.01)
    return frame
