"""Virtual rasters (VRT) without believing them: parsed as XML, made anew from what was looked at.

What is made holds the elements known here, and names the stage's own files; a mosaic of mosaics is followed to its tiles.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from planner.errors import InvalidInput
from planner.read.content import check_xml, head_of, is_mosaic, raster_driver, regular
from planner.read.stage import Stage, put_raster
from planner.words import say

MAX_NESTED: Final = 8  # mosaics within mosaics
MAX_TILES: Final = 100_000  # tiles, each as often as it is reached
MAX_BYTES: Final = 256 << 20
FILES: Final = ("SourceFilename", "SourceDataset")  # the elements that name a file
_CODE: Final = ("PixelFunctionCode", "PixelFunctionLanguage", "PixelFunctionType", "PixelFunctionArguments")
_KNOWN: Final = """
VRTDataset SRS GeoTransform Metadata MDI GCPList GCP VRTRasterBand ColorInterp NoDataValue HideNoDataValue Offset Scale
UnitType Description CategoryNames Category ColorTable Entry MaskBand Histograms HistItem HistMin HistMax BucketCount
IncludeOutOfRange Approximate HistCounts SimpleSource ComplexSource AveragedSource NoDataFromMaskSource
KernelFilteredSource Kernel Size Coefs SourceFilename SourceBand SourceProperties SrcRect DstRect ScaleOffset ScaleRatio
LUT NODATA UseMaskBand MaskValueThreshold ColorTableComponent Exponent SrcMin SrcMax DstMin DstMax Clamp Resampling
OverviewList BlockXSize BlockYSize GDALWarpOptions WarpMemoryLimit ResampleAlg WorkingDataType Option SourceDataset
Transformer ApproxTransformer MaxError BaseTransformer GenImgProjTransformer SrcGeoTransform SrcInvGeoTransform
DstGeoTransform DstInvGeoTransform ReprojectTransformer ReprojectionTransformer SourceSRS TargetSRS Options BandList
BandMapping SrcNoDataReal SrcNoDataImag DstNoDataReal DstNoDataImag SrcAlphaBand DstAlphaBand Cutline CutlineBlendDist
"""
_ELEMENTS: Final = frozenset(_KNOWN.split())
_SUBCLASSES: Final = (None, "VRTSourcedRasterBand", "VRTWarpedRasterBand", "VRTWarpedDataset")


def parsed(path: Path, shown: str) -> ElementTree.Element:
    """A virtual raster's elements. Raises InvalidInput where it is none, or holds code, entities or anything unknown."""
    if path.stat().st_size > MAX_BYTES:
        raise InvalidInput(say("door.mosaic_too_large", shown=shown, most=MAX_TILES))
    check_xml(path, shown, "VRTDataset")
    try:
        root = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - without a document type, so without entities
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidInput(say("door.not_xml", shown=shown, why=str(error)[:80])) from None
    if root.tag != "VRTDataset":
        raise InvalidInput(say("door.not_its_format", shown=shown, kind="VRT"))
    for node in root.iter():
        if node.tag in _CODE or node.get("subClass") not in _SUBCLASSES:
            raise InvalidInput(say("door.mosaic_code", shown=shown, name=str(node.get("subClass") or node.tag)[:60]))
        if node.tag not in _ELEMENTS:
            raise InvalidInput(say("door.mosaic_element", shown=shown, name=str(node.tag)[:60]))
    return root


def named(root: ElementTree.Element, path: Path) -> Iterator[tuple[ElementTree.Element, Path]]:
    """The elements of a virtual raster that name files, and those files."""
    home = path.resolve().parent
    for node in root.iter():
        if node.tag in FILES:
            text = (node.text or "").strip()
            if not text or "\0" in text or text.startswith(("/vsi", "\\\\", "//", "<")) or "://" in text:
                raise InvalidInput(say("door.no_local_file", shown=text[:80] or path.name))
            yield node, (home if node.get("relativeToVRT") == "1" else Path.cwd()) / text


@dataclass(eq=False)
class Mosaics:
    """Virtual rasters being laid on a stage: each file once, however often it is named."""

    stage: Stage
    put: dict[Path, Path] = field(default_factory=dict)
    tiles: dict[Path, int] = field(default_factory=dict)

    def lay(self, path: Path, shown: str, above: tuple[Path, ...] = ()) -> Path:
        """Lays a raster or a virtual one with all its tiles on the stage; returns its place.

        Raises InvalidInput for what leads to the network, to itself, holds more than can be meant or is no raster.
        """
        real = regular(path, shown).resolve()
        if real in above or len(above) > MAX_NESTED:
            raise InvalidInput(say("door.mosaic_nested", shown=shown, most=MAX_NESTED))
        if real in self.put:
            return self.put[real]
        head = b"" if real.is_dir() else head_of(real)
        if not real.is_dir() and is_mosaic(real, head):
            place = self._anew(real, shown, (*above, real))
        else:
            if not real.is_dir():
                raster_driver(path, head, shown)
            place, self.tiles[real] = put_raster(self.stage, path, shown), 1
        self.put[real] = place
        return place

    def _anew(self, path: Path, shown: str, above: tuple[Path, ...]) -> Path:
        root = parsed(path, shown)
        count = 0
        for node, file in named(root, path):
            try:
                exists = file.exists()
            except (OSError, ValueError):
                exists = False
            if not exists:
                raise InvalidInput(say("door.tile_missing", shown=shown, tile=str(node.text).strip()[:80]))
            place = self.lay(file, f"{shown} → {file.name}", above)
            count += self.tiles[file.resolve()]
            if count > MAX_TILES:
                raise InvalidInput(say("door.mosaic_too_large", shown=shown, most=MAX_TILES))
            node.text = str(place)
            node.set("relativeToVRT", "0")
            node.attrib.pop("shared", None)
        self.tiles[path] = max(count, 1)
        made = self.stage.room() / f"{path.stem}.vrt"
        made.write_bytes(ElementTree.tostring(root))
        self.stage.places[str(made)] = path
        return made
