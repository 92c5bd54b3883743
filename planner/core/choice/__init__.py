"""Kernels of the choice of one option per unit."""
