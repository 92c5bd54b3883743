"""`planner doctor`: versions of everything that matters, fonts, browser, solver."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from planner.cli.app import verb
from planner.cli.console import Lang, Voice
from planner.words import text

NEEDED: Final = [
    "subsidence-planner",
    "geopandas",
    "pyogrio",
    "shapely",
    "pyproj",
    "rasterio",
    "numpy",
    "scipy",
    "numba",
    "contourpy",
    "highspy",
    "folium",
    "openpyxl",
    "pydantic",
    "typer",
    "rich",
]
OPTIONAL: Final = ["matplotlib", "pyarrow", "ipykernel", "playwright", "exactextract"]
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")


@verb()
def doctor(*, lang: Lang = "en", voice: Voice) -> None:
    """Show what this installation stands on, and what is missing."""
    report, missing = examine(), text("cli.doctor_not_found", lang)
    for group, entries in report.items():
        voice.say(text("cli.of_group", lang, group=text(f"cli.doctor_{group.replace(' ', '_')}", lang)))
        for key, value in entries.items():
            voice.say(f"  {key:<20} {value if value is not None else missing}")
    voice.document(report)


def examine() -> dict[str, dict[str, Any]]:
    """The findings by group; None where something is not there."""
    import highspy
    import pyogrio
    import pyproj
    import shapely

    return {
        "system": {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()},
        "packages": {name: _version(name) for name in NEEDED},
        "optional": {name: _version(name) for name in OPTIONAL},
        "libraries": {
            "GDAL": pyogrio.__gdal_version_string__,
            "PROJ": pyproj.proj_version_str,
            "GEOS": shapely.geos_version_string,
            "HiGHS": highspy.Highs().version(),
        },
        "people see": {"browser": next((b for b in BROWSERS if shutil.which(b)), None), "CJK font": _cjk_font()},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cjk_font() -> str | None:
    """A font with Chinese glyphs that the figures can use."""
    try:
        from matplotlib import font_manager
    except ImportError:
        return None
    wanted = ("Noto Sans CJK", "Source Han", "WenQuanYi", "SimHei", "Microsoft YaHei", "PingFang", "Noto Serif CJK")
    names = {f.name for f in font_manager.fontManager.ttflist}
    return next((n for n in sorted(names) if any(w in n for w in wanted)), None)
