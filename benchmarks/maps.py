"""The map of many units against plain folium GeoJson: writing, size, opening, zooming, panning, memory; both in one run.

Run with `python -m benchmarks.maps [units …]`. Needs a Chromium; without one only writing and size are measured.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from benchmarks._results import memory_gib, record
from planner.maps import MapView, write_html

VERTICES = 41
SIZES = (10_000, 100_000)
PEER_LIMIT = 10_000  # the peer needs over two minutes and 3 GB at 100 000: give that size by hand to see it
TARGETS = ("construction", "arable", "green", "reservoir")
COLOURS = {"construction": "#B5373A", "arable": "#FFF0A0", "green": "#6DBE73", "reservoir": "#174A8A"}


def view(count: int) -> MapView:
    """`count` wavy round units of 41 vertices on a lattice of 60 m."""
    side = int(np.ceil(np.sqrt(count)))
    rng = np.random.default_rng(1)
    k = np.arange(count)
    angle = np.linspace(0, 2 * np.pi, VERTICES - 1, endpoint=False)
    radius = 28.0 * (1 + 0.06 * rng.standard_normal((count, VERTICES - 1)))
    x = 39_485_000 + (k % side)[:, None] * 60 + radius * np.cos(angle)
    y = 3_757_000 + (k // side)[:, None] * 60 + radius * np.sin(angle)
    ring = np.stack([np.c_[x, x[:, :1]], np.c_[y, y[:, :1]]], axis=2)
    shapes = shapely.polygons(ring)
    area = shapely.area(shapes) * 15 / 1e4
    target = np.array(TARGETS)[rng.integers(0, 4, count)]
    columns = {
        "parcel_id": [f"P{i // 200:04d}" for i in range(count)],
        "target": target,
        "treatment": np.select([target == "reservoir"], ["dig_1"], "level"),
        "rules_target": np.array(TARGETS)[rng.integers(0, 4, count)],
        "area_mu": area,
        "subsidence_m": rng.gamma(2, 1, count),
        "water_depth_m": rng.gamma(1, 1, count),
        "residual_mm": rng.gamma(2, 30, count),
        "cost_cny": 20_000 * area,
        "benefit_cny": 100_000 * area,
        "cut_m3": rng.gamma(2, 500, count),
        "fill_m3": rng.gamma(2, 500, count),
    }
    units = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4527", index=pd.Index([f"u{i}" for i in k], name="unit_id"))
    return MapView(name="benchmark", crs=pyproj.CRS("EPSG:4527"), units=units)


def write_planner(made: MapView, path: Path) -> None:
    """Our page."""
    write_html(made, path)


def write_folium(made: MapView, path: Path) -> None:
    """What people write: GeoJson with a style function and a tooltip."""
    frame = made.units.to_crs(4326)[["target", "area_mu", "subsidence_m", "cost_cny", "geometry"]]
    west, south, east, north = frame.total_bounds
    drawn = folium.Map(location=[(south + north) / 2, (west + east) / 2], zoom_start=13, tiles=None)
    folium.GeoJson(
        frame,
        style_function=lambda feature: {"fillColor": COLOURS[feature["properties"]["target"]], "weight": 0.5},
        tooltip=folium.GeoJsonTooltip(["target", "area_mu"]),
    ).add_to(drawn)
    drawn.save(str(path))


def make_local(path: Path) -> None:
    """Lets the peer's page open without a network: Leaflet from our own copy, the rest left out."""
    from planner.maps.folium_layer import leaflet_css, leaflet_js

    page = path.read_text(encoding="utf-8")
    lines = [
        line
        for line in page.split("\n")
        if not (line.strip().startswith(("<script src=", '<link rel="stylesheet"')) and "http" in line)
    ]
    head = f"<head><style>{leaflet_css()}</style><script>{leaflet_js()}</script>"
    path.write_text("\n".join(lines).replace("<head>", head, 1), encoding="utf-8")


STEP = """async ([map, act]) => {
  const m = Object.entries(window).find(([k, v]) => k.startsWith('map_') && v instanceof L.Map)[1];
  const times = [];
  for (let i = 0; i < 3; i++) {
    const t = performance.now();
    if (act === 'zoom') m.setZoom(m.getZoom() + (i % 2 ? -1 : 1), {animate: false}); else m.panBy([120, 60], {animate: false});
    await new Promise(r => requestAnimationFrame(() => setTimeout(r)));
    times.push(performance.now() - t);
  }
  return times.sort((a, b) => a - b)[1];
}"""


def in_browser(path: Path, ready: str) -> dict[str, float]:
    """Seconds to open, ms to zoom and pan (median of three), heap in MB after collection."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        args = ["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--max-old-space-size=6000"]
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=args)
        page = browser.new_context(viewport={"width": 1366, "height": 768}, offline=True).new_page()
        page.set_default_timeout(240_000)
        began = time.perf_counter()
        page.goto(path.as_uri(), wait_until="load")
        page.wait_for_function(ready)
        page.evaluate("() => new Promise(r => requestAnimationFrame(() => setTimeout(r)))")
        opened = time.perf_counter() - began
        found = {"open s": opened, "zoom ms": page.evaluate(STEP, [None, "zoom"]), "pan ms": page.evaluate(STEP, [None, "pan"])}
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        use = session.send("Runtime.getHeapUsage")
        found["heap MB"] = sum(use.get(k, 0) for k in ("usedSize", "embedderHeapUsedSize", "backingStorageSize")) / 1e6
        browser.close()
    return found


def measure(name: str, write: Any, made: MapView, ready: str) -> dict[str, float]:
    """One maker at one size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.html"
        began = time.process_time()
        write(made, path)
        found = {"write CPU s": time.process_time() - began, "file MB": path.stat().st_size / 1e6}
        if shutil.which("chromium"):
            if write is write_folium:
                make_local(path)
            found |= in_browser(path, ready)
    return found


def main(sizes: tuple[int, ...] | None = None) -> None:
    """Prints the table and writes it to results/maps.md."""
    chosen = sizes or SIZES
    write_planner(view(100), Path(tempfile.mkdtemp()) / "warm.html")
    columns = ["write CPU s", "file MB", "open s", "zoom ms", "pan ms", "heap MB"]
    lines = ["| maker | units | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for count in chosen:
        made = view(count)
        rows = {"planner": measure("planner", write_planner, made, "() => document.querySelector('[data-ready]')")}
        if count <= PEER_LIMIT or sizes:
            rows["folium GeoJson"] = measure("folium", write_folium, made, "() => document.querySelectorAll('path').length > 0")
        for name, row in rows.items():
            lines.append(f"| {name} | {count:,} | " + " | ".join(f"{row[c]:,.2f}" if c in row else "–" for c in columns) + " |")
        if len(rows) == 2:
            ratio = {c: rows["folium GeoJson"][c] / rows["planner"][c] for c in columns if c in rows["planner"]}
            lines.append("| **ratio** | | " + " | ".join(f"{ratio[c]:,.1f}×" if c in ratio else "–" for c in columns) + " |")
    head = (
        f"# Maps: one HTML file, polygons of {VERTICES} vertices\n\n"
        f"Machine: {os.cpu_count()} cores, {memory_gib():.0f} GiB, shared with other work. "
        "Chromium without GPU, 1366 × 768, no network.\n"
    )
    text = head + "\n" + "\n".join(lines) + "\n"
    record("maps", text)


if __name__ == "__main__":
    main(tuple(int(a) for a in sys.argv[1:]) or None)
