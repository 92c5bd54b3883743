"""Where results are kept, and what they tell of the machine."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "results"


def memory_gib() -> float:
    """Memory of the machine, GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def mosaic(path: Path, tiles: list[list[Path]], size: tuple[int, int], place: tuple[float, float, float], crs: str) -> Path:
    """Writes tiles beside each other, (down, across), each of size (rows, cols) float32, as a VRT; its path.

    place: west, north, m, and the side of a cell, m.
    """
    (rows, cols), (west, north, cell) = size, place
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="0">{tile}</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="{cols}" ySize="{rows}"/>'
        f'<DstRect xOff="{j * cols}" yOff="{i * rows}" xSize="{cols}" ySize="{rows}"/></SimpleSource>'
        for i, across in enumerate(tiles)
        for j, tile in enumerate(across)
    )
    path.write_text(
        f'<VRTDataset rasterXSize="{len(tiles[0]) * cols}" rasterYSize="{len(tiles) * rows}"><SRS>{crs}</SRS>'
        f"<GeoTransform>{west},{cell},0,{north},0,{-cell}</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1" blockXSize="512" blockYSize="512">{sources}</VRTRasterBand></VRTDataset>'
    )
    return path


def record(topic: str, text: str) -> None:
    """Writes results/<topic>.md and prints it."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{topic}.md").write_text(text, encoding="utf-8")
    print(text)
