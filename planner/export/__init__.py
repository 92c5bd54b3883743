"""A plan as files: GeoPackage with QGIS styles, workbook, JSON, the resolved site.toml; whole or not at all."""

from planner.export.folder import OWNED, is_plan, save

__all__ = ["OWNED", "is_plan", "save"]
