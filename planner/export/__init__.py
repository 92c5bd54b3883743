"""A plan as files: GeoPackage with QGIS styles, workbook, JSON, the resolved site.toml; whole or not at all."""

from planner.export.cog import water_grids, write_cog
from planner.export.exchange import FORMATS, export_as, short_names
from planner.export.folder import OWNED, is_plan, save

__all__ = ["FORMATS", "OWNED", "export_as", "is_plan", "save", "short_names", "water_grids", "write_cog"]
