"""From a TOML file to a checked programme: tables of variants, sites to be planned, places and outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from planner.documents import read_toml
from planner.errors import InvalidInput
from planner.faults import fault_of
from planner.portfolio.keys import ProgrammeFile, ProjectItem
from planner.portfolio.programme import Programme
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, eq=False)
class Loaded:
    """A programme's file: its keys, the folder its paths are relative to, outlines by project id where a layer gives them."""

    file: ProgrammeFile
    folder: Path
    outlines: gpd.GeoDataFrame | None

    @property
    def planned(self) -> tuple[ProjectItem, ...]:
        """Projects whose variants are to be planned from a site."""
        return tuple(p for p in self.file.project if not p.variant)

    def programme(self, projects: tuple[ProjectItem, ...] | None = None) -> Programme:
        """The programme of the file's projects, or of the same ones with their variants."""
        found = self.file.project if projects is None else projects
        file = self.file
        return Programme(file.portfolio, found, file.fund, file.earth, file.quota, self._places(found))

    def _places(self, projects: tuple[ProjectItem, ...]) -> dict[str, tuple[float, float]]:
        places = {p.id: p.xy for p in projects if p.xy is not None}
        if self.outlines is not None:
            middles = self.outlines.geometry.centroid
            for name, point in middles.items():
                places.setdefault(str(name), (float(point.x), float(point.y)))
        return places


def load(path: str | Path) -> Loaded:
    """Reads a programme's file and the layer it names. Raises InvalidInput naming file, key and fix."""
    path = Path(path)
    path = path / "portfolio.toml" if path.is_dir() else path
    return described(read_toml(path, say("portfolio.no_file", path=path)), path.parent, path.name)


def described(document: Mapping[str, Any], folder: Path, source: str) -> Loaded:
    """What a parsed document describes; projects that a layer names and the document does not are added."""
    try:
        file = ProgrammeFile.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(fault_of(error, ProgrammeFile, source)) from None
    outlines = _outlines(file, folder)
    if outlines is not None:
        named = {p.id for p in file.project}
        for project in file.project:
            if not project.variant and project.site is None and project.id not in outlines.index:
                raise InvalidInput(say("portfolio.no_variant", id=project.id))
        if _cut(file):
            more = tuple(ProjectItem(id=str(name)) for name in outlines.index if str(name) not in named)
            file = file.model_copy(update={"project": (*file.project, *more)})
        file = file.model_copy(update={"project": tuple(_named(p, outlines) for p in file.project)})
    for project in file.project:
        if not project.variant and project.site is None and (outlines is None or not _cut(file)):
            raise InvalidInput(say("portfolio.no_variant", id=project.id))
    return Loaded(file, folder, outlines)


def _named(project: ProjectItem, outlines: gpd.GeoDataFrame) -> ProjectItem:
    """A project with the names its outline has, where the file gives none."""
    if project.id not in outlines.index:
        return project
    told = {key: str(outlines.at[project.id, key]) for key in ("name", "name_en") if key in outlines.columns}
    return project.model_copy(update={key: name for key, name in told.items() if not getattr(project, key)})


def _cut(file: ProgrammeFile) -> bool:
    """Whether projects are cut from a layer, over a terrain or with settings of their own."""
    layer = file.portfolio.sites
    return layer is not None and (layer.terrain is not None or layer.settings is not None)


def _outlines(file: ProgrammeFile, folder: Path) -> gpd.GeoDataFrame | None:
    """One outline a project, index its id, in metres."""
    layer = file.portfolio.sites
    if layer is None:
        return None
    from planner.read.record import Record
    from planner.read.sources import Ask, open_vector

    frame = open_vector(Ask(folder / layer.polygons, layer.polygons, "polygons", layer=layer.layer), Record())
    if layer.id not in frame.columns:
        raise InvalidInput(
            say("portfolio.no_column", path=layer.polygons, column=layer.id, known=[str(c) for c in frame.columns])
        )
    if frame.crs is None or (file.portfolio.crs is None and frame.crs.is_geographic):
        raise InvalidInput(say("portfolio.no_metres", path=layer.polygons))
    if file.portfolio.crs is not None:
        frame = frame.to_crs(file.portfolio.crs)
    frame[layer.id] = frame[layer.id].astype(str)
    return frame.dissolve(by=layer.id, aggfunc="first").sort_index()
