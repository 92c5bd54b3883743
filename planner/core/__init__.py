"""Kernels on plain arrays in SI units. Nothing here knows of tables, files or projections."""
