"""The command line on odd consoles, interrupted, and started as a process of its own with GDAL's other doors shut."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dirty.case import frame, site

from planner import drivers

HERE = Path(__file__).parents[2]
MAIN = [sys.executable, "-c", "import sys; from planner.cli import main; main(sys.argv[1:])"]


def env(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(HERE), **more}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    frame().to_file(place / "a.gpkg")
    return site(place, '[site]\nname = "𠀀中湖ñ"\n[layers]\npolygons = "a.gpkg"\n')


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp936"])
def test_a_console_that_lacks_characters_fails_nothing(folder: Path, encoding: str) -> None:
    for arguments in (["check", str(folder), "--lang", "zh"], ["check", str(folder)], ["check", str(folder / "没有")]):
        done = subprocess.run([*MAIN, *arguments], capture_output=True, env=env(PYTHONIOENCODING=encoding, PYTHONUTF8="0"))
        assert done.returncode == (3 if arguments[1].endswith("没有") else 0), done.stderr
        assert b"Traceback" not in done.stderr
    done = subprocess.run([*MAIN, "check", str(folder), "--json"], capture_output=True, env=env(PYTHONIOENCODING=encoding))
    assert json.loads(done.stdout.decode(encoding))["site"]["name"] == "𠀀中湖ñ"


def test_a_refusal_is_two_lines_however_long_the_names(folder: Path, tmp_path: Path) -> None:
    site(tmp_path, f'[site]\nname = "{"x" * 100_000}"\nnme = 1\n[budget]\nmax_cny = "{"y" * 100_000}"\n')
    done = subprocess.run([*MAIN, "check", str(tmp_path), "-q"], capture_output=True, text=True, env=env())
    assert done.returncode == 3
    assert done.stderr.count("\n") <= 2
    assert len(done.stderr) < 1500


# A job in the background ignores Ctrl-C, and hands that on to what it starts.
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
STUCK = f"""{HEARS}
from planner.interrupt import watched
watched("last words")
print("go", flush=True)
sum(range(10**12))  # in C, and long: no handler of Python's runs
"""
CAREFUL = f"""{HEARS}
import time
from planner.interrupt import carry_on, watched
watched("last words")
try:
    print("go", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    carry_on()
    time.sleep(3)
    print("done", flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no watcher on this system")
def test_ctrl_c_ends_what_no_signal_reaches() -> None:
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(1.0)  # so that it is within
        process.send_signal(signal.SIGINT)
        try:
            _, told = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    assert told == b"last words\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no watcher on this system")
def test_ctrl_c_lets_go_on_what_says_so() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CAREFUL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env()
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=30)
    assert (process.returncode, told, errors) == (0, b"done\n", b"")


def test_our_own_process_knows_only_the_drivers_it_needs() -> None:
    script = (
        "from planner.drivers import shut; shut(); import pyogrio, rasterio, json\n"
        "with rasterio.Env() as e: print(json.dumps([sorted(pyogrio.list_drivers()), sorted(e.drivers())]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env(), check=True)
    vectors, rasters = json.loads(done.stdout)
    assert done.stderr == ""
    wanted = {name for names in drivers.VECTOR_DRIVERS.values() for name in names}
    assert wanted <= set(vectors)
    assert set(vectors) <= wanted | {"CSV", "MEM", "Memory"}
    asked = {driver for _, _, driver in drivers.RASTER_DRIVERS}
    assert asked <= set(rasters)
    shown = {"COG", "VRT", "MEM", "Memory", "PNG", "JPEG", "WEBP", "GIF"}  # written, or made anew by the door
    assert set(rasters) <= asked | shown | wanted


def test_a_server_that_logs_is_not_told_of_drivers_that_are_not_there() -> None:
    script = (
        "from planner.drivers import shut; shut(); import logging, rasterio\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "with rasterio.Env(): logging.getLogger('planner').info('served')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env(), check=True)
    assert done.stderr == "INFO:planner:served\n"


def test_a_program_that_uses_us_keeps_its_drivers() -> None:
    script = "import planner.read; import pyogrio; print('WFS' in pyogrio.list_drivers())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env(), check=True)
    assert done.stdout.strip() == "True"


def test_settings_of_a_program_that_uses_us_are_as_before(folder: Path) -> None:
    import pyogrio

    from planner.read import read_site

    before = {key: pyogrio.get_gdal_config_option(key) for key in drivers.SWITCHED_OFF}
    read_site(folder)
    assert {key: pyogrio.get_gdal_config_option(key) for key in drivers.SWITCHED_OFF} == before
