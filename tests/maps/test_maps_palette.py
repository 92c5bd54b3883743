"""Colours: told apart by colour-blind eyes and in greyscale, and texts readable on their grounds."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import numpy as np
import pytest

from planner.landuse import CHOICES, TARGETS
from planner.maps.views import BLUES, EARTH, HEAT, LEAVES

# Viénot, Brettel & Mollon 1999 (protan, deutan) and Machado, Oliveira & Fernandes 2009 (tritan, severity 1), on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}


def linear(colour: str) -> np.ndarray:
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    t = xyz / [0.9505, 1.0, 1.089]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(("palette", "least"), [("colour", 20.0), ("contrast", 20.0)])
def test_targets_stay_apart_for_every_eye(palette: str, least: float, vision: str) -> None:
    seen = {name: lab(VISION[vision] @ linear(getattr(TARGETS[name], palette))) for name in CHOICES}
    for a, b in itertools.combinations(CHOICES, 2):
        assert np.linalg.norm(seen[a] - seen[b]) >= least, (a, b)


@pytest.mark.parametrize("palette", ["colour", "contrast"])
def test_targets_stay_apart_in_grey(palette: str) -> None:
    """Neighbours in lightness are at least 10 L* apart."""
    light = sorted(lab(np.repeat(luminance(getattr(TARGETS[n], palette)), 3))[0] for n in CHOICES)
    assert np.diff(light).min() >= 10


@pytest.mark.parametrize("ramp", [EARTH, BLUES, HEAT, LEAVES], ids=["earth", "blues", "heat", "leaves"])
def test_ramps_darken_step_by_step(ramp: tuple[str, ...]) -> None:
    light = [luminance(c) for c in ramp]
    assert all(a > b * 1.15 for a, b in itertools.pairwise(light))


def test_text_is_readable_on_its_ground() -> None:
    css = files("planner.maps").joinpath("web/map.css").read_text(encoding="utf-8")
    tones = dict(re.findall(r"--(ink|faint|accent|paper): (#[0-9a-f]{6})", css))
    for name in ("ink", "faint", "accent"):
        assert contrast(tones[name], tones["paper"]) >= 4.5, name
    assert contrast("#7a2e0b", "#ffffff") >= 4.5  # the reconstruction badge
