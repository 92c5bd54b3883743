"""The server for agents: its tools, its walls, and a real client over stdio."""

from __future__ import annotations

import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import planner as pl
from planner.agents import Desk, _allocate, _check, _compare, _explain, _whatif
from planner.errors import InvalidInput

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def desk(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    root = tmp_path_factory.mktemp("served")
    shutil.copytree(small_world, root / "site")
    return Desk(root)


def test_the_tools_do_what_the_verbs_do(desk: Desk) -> None:
    assert _check(desk, "site")["ok"] is True
    first = _allocate(desk, "site")
    assert first["summary"]["schema"] == "planner.summary/1"
    unit = str(desk.plan(first["plan"]).units.index[0])
    assert _explain(desk, first["plan"], unit)["unit_id"] == unit
    second = _allocate(desk, "site", {"targets.arable.min_mu": 200.0})
    told = _compare(desk, [first["plan"], second["plan"]])
    assert [p["name"] for p in told["plans"]] == [first["plan"], second["plan"]]
    rows = _whatif(desk, "site", "targets.arable.min_mu", [100.0, 1e6])["rows"]
    assert [row["status"] for row in rows][1] == "infeasible"
    json.dumps([first, told, rows])  # everything that is told is JSON


def test_no_path_leaves_the_folder(desk: Desk, small_world: Path) -> None:
    for path in ("../site", "/etc", str(small_world)):
        with pytest.raises(InvalidInput, match="outside the folder"):
            desk.site(path)
    (desk.root / "sneaky").mkdir(exist_ok=True)
    (desk.root / "link").symlink_to(small_world)
    with pytest.raises(InvalidInput, match="outside the folder"):
        desk.site("link")
    text = (small_world / "site.toml").read_text(encoding="utf-8").replace('"dem.tif"', f'"{small_world}/dem.tif"')
    (desk.root / "sneaky" / "site.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"dem\.tif lies outside"):
        desk.site("sneaky")


def test_no_key_and_no_mosaic_leads_out_of_the_folder(desk: Desk, small_world: Path) -> None:
    """A file that `sets` names, by itself or with leave to go outside; a VRT below the root whose tile lies beyond it."""
    terrain = str(small_world / "dem.tif")
    for sets in ({"layers.terrain": terrain}, {"site.outside_paths": True, "layers": {"terrain": {"path": terrain}}}):
        with pytest.raises(InvalidInput, match=r"dem\.tif lies outside the folder that is served"):
            _allocate(desk, "site", {"site.outside_paths": True, **sets})
    shutil.copytree(small_world, desk.root / "mosaic")
    tile = f'<SourceFilename relativeToVRT="0">{terrain}</SourceFilename><SourceBand>1</SourceBand>'
    band = f'<VRTRasterBand dataType="Float32" band="1"><SimpleSource>{tile}</SimpleSource></VRTRasterBand>'
    (desk.root / "mosaic" / "dem.vrt").write_text(f'<VRTDataset rasterXSize="120" rasterYSize="120">{band}</VRTDataset>')
    text = (small_world / "site.toml").read_text(encoding="utf-8").replace('"dem.tif"', '"dem.vrt"')
    text = text.replace("year = 2020", "year = 2020\noutside_paths = true")
    (desk.root / "mosaic" / "site.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"dem\.vrt lies outside"):
        desk.site("mosaic")


@pytest.mark.parametrize("key", ["limit", "announce", "progress", "encoding", "crs", "site"])
def test_a_key_is_one_of_the_site_file_whatever_its_name(desk: Desk, key: str) -> None:
    """These are arguments of `make_plan` as well: they were taken for them, as a crash, or without effect."""
    with pytest.raises(InvalidInput, match=key):
        _allocate(desk, "site", {key: "x"})


def test_figures_are_the_command_line_s(desk: Desk) -> None:
    sets = {"targets.arable.min_mu": 150.0, "budget.max_cny": "7e7"}
    there = _allocate(desk, "site", sets)["summary"]
    here = pl.make_plan(desk.root / "site", **sets).summary()
    for name in ("targets", "water", "earthwork", "economics", "land_use_change"):
        assert there[name] == here[name]
    assert there["solver"]["objective"] == here["solver"]["objective"]


def test_nothing_is_written_unless_it_may(desk: Desk) -> None:
    before = sorted(p.name for p in desk.root.iterdir())
    with pytest.raises(InvalidInput, match="read-only"):
        _allocate(desk, "site", None, "plan")
    assert sorted(p.name for p in desk.root.iterdir()) == before


def test_a_client_speaks_with_it_over_stdio(desk: Desk) -> None:
    import anyio
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = StdioServerParameters(command=sys.executable, args=["-m", "planner", "mcp", str(desk.root)], env=env)

    async def talk() -> tuple[list[str], dict[str, Any], dict[str, Any]]:
        async with stdio_client(command) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            names = [tool.name for tool in (await session.list_tools()).tools]
            good = await session.call_tool("check", {"site": "site"})
            bad = await session.call_tool("check", {"site": "../.."})
            return names, json.loads(good.content[0].text), json.loads(bad.content[0].text)

    with ThreadPoolExecutor(1) as apart:  # a browser test in this process may have left its own loop in the main thread
        names, good, bad = apart.submit(anyio.run, talk).result(timeout=120)
    assert names == ["check", "allocate", "explain", "whatif", "compare"]
    assert good["ok"] is True
    assert "outside the folder" in bad["error"]
