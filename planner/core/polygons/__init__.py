"""Kernels of polygons as plain arrays."""
