"""Kernels of the ground: cells under polygons, water on terrain, hollows, storage."""
