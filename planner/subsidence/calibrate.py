"""Calibration: the parameters of a mine's own ground from levels, displacements or rasters, with honest intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from planner.errors import InvalidInput
from planner.parameters import Parameters
from planner.subsidence.observed import FIELD_OF, Observed, observed
from planner.subsidence.panels import Panels, check_panels
from planner.subsidence.predict import fields_at, predict
from planner.subsidence.sources import sources
from planner.subsidence.structure import (
    FITTED,
    Structure,
    fitted_structure,
    lines_of,
    plausible,
    structured,
    thinned,
    whitened,
    whitener,
)
from planner.words import say, text

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
BOUNDS: Final = {
    "q": (0.02, 1.2),
    "tan_beta": (0.5, 8.0),
    "b": (0.0, 0.95),
    "offset_m": (-np.inf, np.inf),
    "c_per_year": (0.02, 15.0),
}
HUBER: Final = 1.345  # standard deviations from which a residual counts less: 95 % as efficient as least squares on clean data
STEP: Final = 1e-4  # of a parameter by which its derivative is taken
ROUNDS: Final = 2  # of fitting covariance and parameters in turn
TOLD_APART: Final = 0.95  # correlation from which two parameters cannot be told apart
VAGUE: Final = 0.5  # half-width of an interval over the value from which the data say little


@dataclass(frozen=True, eq=False)
class Calibration:
    """Fitted parameters and how well they are known.

    values: index parameter; columns value, low, high (95 % interval), standard_error, start. correlation: of the estimates.
    residuals: one row per observation: x, y, year, kind (subsidence, east, north), line, observed_m, fitted_m, residual_m,
    weight (1 down to 0 for outliers). sigma_m: noise of one observation. messages: what the data cannot tell, in words.
    panels: the table with the fitted values in its columns.
    """

    values: pd.DataFrame
    correlation: pd.DataFrame
    residuals: pd.DataFrame
    sigma_m: float
    messages: tuple[str, ...]
    panels: gpd.GeoDataFrame

    def predicted(
        self, points: Any, *, year: float | None = None, since: float | None = None, parameters: Parameters | None = None
    ) -> pd.DataFrame:
        """Subsidence at points with what is not known of the parameters: subsidence_m, low, high (95 % interval), m.

        points, year, parameters: as `predict` takes them. since: a year; only what comes after it is told. The interval is that
        of the model's value, to first order in the parameters; the noise of an observation comes on top.
        """

        def at(panels: gpd.GeoDataFrame) -> pd.Series[float]:
            come = predict(panels, points, year=year, parameters=parameters)["subsidence_m"]
            return come if since is None else come - predict(panels, points, year=since, parameters=parameters)["subsidence_m"]

        value, error = self.values["value"], self.values["standard_error"]
        scale = (value.abs() + error).to_numpy(float)
        change = _jacobian(
            lambda theta: at(self.panels.assign(**dict(zip(value.index, theta, strict=True)))).to_numpy(float),
            value.to_numpy(float),
            scale,
        )
        by_error = change / scale * error.to_numpy(float)
        spread = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", by_error, self.correlation.to_numpy(), by_error), 0.0))
        half = spread * float((self.values["high"] - value).iloc[0] / error.iloc[0])
        middle = at(self.panels)
        return pd.DataFrame({"subsidence_m": middle, "low": middle - half, "high": middle + half})

    def plot(self, axes: Any = None) -> Any:
        """Observed against fitted, and residuals by fitted value with the two-sigma band. axes: two matplotlib axes or None."""
        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
        r = self.residuals
        for kind, part in r.groupby("kind", sort=False):
            axes[0].plot(part["observed_m"], part["fitted_m"], ".", label=str(kind))
            axes[1].plot(part["fitted_m"], 1e3 * part["residual_m"], ".", label=str(kind))
        ends = [float(r["observed_m"].min()), float(r["observed_m"].max())]
        axes[0].plot(ends, ends, "k-", linewidth=0.8)
        axes[0].set(xlabel="observed, m", ylabel="fitted, m")
        axes[0].legend()
        axes[1].axhspan(-2e3 * self.sigma_m, 2e3 * self.sigma_m, alpha=0.15)
        axes[1].axhline(0.0, color="k", linewidth=0.8)
        axes[1].set(xlabel="fitted, m", ylabel="observed − fitted, mm")
        return axes


def calibrate(
    panels: gpd.GeoDataFrame,
    observations: gpd.GeoDataFrame,
    *,
    fit: Sequence[str] | None = None,
    parameters: Parameters | None = None,
) -> Calibration:
    """Fits parameters common to all panels to what was observed, by robust (Huber) least squares.

    observations: points in the panels' CRS with `subsidence_m` (positive downward; a column that is negative throughout its
    trough is turned and said), and where known `east_mm`, `north_mm` (horizontal displacement), `year` (decimal or a date;
    without it all movement is taken as done) and `since` (from which date a movement is counted, as radar counts from its first
    scene; without it from before all mining), or columns that mean these and say their unit: settlement_mm, 下沉(cm);
    `line` (of levelling; where it is not given, told from the order of points). fit: names among q, tan_beta, b, offset_m,
    c_per_year; None: those the data bear on. Intervals are Huber's, for noise independent from point to point and alike
    everywhere, unless residuals grow with what is measured or neighbours' have one sign: then a covariance of both is fitted,
    the parameters anew under it, and said.

    Raises InvalidInput or CRSMismatch.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import planner as pl
    >>> import shapely
    >>> goaf = shapely.box(0, 0, 900, 900)
    >>> panel = gpd.GeoDataFrame({"thickness_m": [3.0], "depth_m": [300.0]}, geometry=[goaf], crs="EPSG:4548")
    >>> points = gpd.GeoDataFrame(geometry=[shapely.Point(x, 450) for x in range(-400, 1400, 50)], crs="EPSG:4548")
    >>> points["subsidence_m"] = pl.predict(panel.assign(q=0.72), points)["subsidence_m"].to_numpy()
    >>> round(float(pl.calibrate(panel, points, fit=["q"]).values["value"]["q"]), 3)
    0.72
    """
    checked = check_panels(panels, parameters=parameters)
    data, notes = observed(observations, panels)
    names = _names(fit, checked, data)
    start = np.array([float(np.mean(checked.numbers[n])) for n in names])
    low, high = _limits(names, checked)
    start = np.clip(start, low + 1e-6 * (high - low), high - 1e-6 * (high - low))
    scale = np.maximum(np.abs(start), [1.0 if n != "offset_m" else 0.1 * checked.numbers["depth_m"].mean() for n in names])

    def model(theta: Floats) -> Floats:
        return _model(checked, dict(zip(names, theta, strict=True)), data)

    if len(data.observed) <= len(names):
        raise InvalidInput(say("subsidence.too_few_observations", observed=len(data.observed), count=len(names)))
    theta, sigma = _robust(model, data.observed, start, (low, high), scale)
    jacobian = _jacobian(model, theta, scale)
    found = _structured(model, theta, jacobian, data, (low, high), scale)
    if found is None:
        covariance, weak = _covariance(jacobian, data.observed - model(theta), sigma, scale)
    else:
        theta, covariance, weak = found.theta, found.covariance, found.weak
    values = _table(names, theta, start, covariance, len(data.observed) if found is None else len(found.used))
    spread = np.sqrt(np.diag(covariance))
    correlation = pd.DataFrame(covariance / np.outer(spread, spread), index=names, columns=names)
    messages = (*notes, *([] if found is None else _told(found)), *_doubts(values, correlation, weak, low, high))
    residual = data.observed - (fitted := model(theta))
    weight = _weights(residual, sigma, None if found is None else found.used)
    frame = data.frame.assign(observed_m=data.observed, fitted_m=fitted, residual_m=residual, weight=weight)
    return Calibration(values, correlation, frame, sigma, messages, panels.assign(**dict(zip(names, theta, strict=True))))


def _weights(residual: Floats, sigma: float, used: NDArray[np.int64] | None) -> Floats:
    """How much each observation counted, 0 to 1, (n,): Huber's weights, or all that were used under a covariance."""
    if used is None:
        return np.minimum(1.0, HUBER * sigma / np.maximum(np.abs(residual), 1e-300))
    weight = np.zeros(len(residual))
    weight[used] = 1.0
    return weight


@dataclass(frozen=True, eq=False)
class _Under:
    """Parameters fitted under a covariance of the errors; weak: a direction stays open; used: the observations that counted."""

    structure: Structure
    theta: Floats
    covariance: Floats
    weak: bool
    used: NDArray[np.int64]


def _structured(
    model: Callable[[Floats], Floats],
    theta: Floats,
    jacobian: Floats,
    data: Observed,
    bounds: tuple[Floats, Floats],
    scale: Floats,
) -> _Under | None:
    """The fit under the covariance that its residuals show; None where they show no structure."""
    from scipy import optimize

    xy, every = data.frame[["x", "y"]].to_numpy(float), data.together
    if "since" not in data.frame.columns and (data.frame["line"] == "").all():
        every = [part for rows in every for part in lines_of(rows, xy)]
    fitted = model(theta)
    if not any(structured(data.observed - fitted, np.abs(fitted), xy, every)):
        return None
    groups = thinned(every, xy)
    for _ in range(ROUNDS):
        size, residual = np.abs(model(theta)), data.observed - model(theta)
        found = fitted_structure(residual, jacobian, size, xy, thinned(groups, xy, FITTED))
        groups = plausible(found, residual, size, groups)
        factors = whitener(found, size, xy, groups)

        def misfit(t: Floats, factors: list[tuple[NDArray[np.int64], Floats]] = factors) -> Floats:
            return whitened(factors, model(t) - data.observed)

        theta = optimize.least_squares(misfit, theta, bounds=bounds, x_scale=scale, jac="3-point", xtol=1e-8).x
        jacobian = _jacobian(model, theta, scale)
    white, used = whitened(factors, jacobian), np.concatenate(groups)
    left = float(np.sum(misfit(theta) ** 2)) / max(len(used) - len(theta), 1)
    covariance, weak = _inverse(white, max(left, 1.0), scale)
    return _Under(found, theta, covariance, weak, used)


def _told(found: _Under) -> list[str]:
    s = found.structure
    return [text("subsidence.structured", "en", sd_mm=1e3 * s.sd_m, share=s.share, run_mm=1e3 * s.run_m, reach=s.reach_m)]


def _names(fit: Sequence[str] | None, panels: Panels, data: Observed) -> list[str]:
    moved = {"east", "north"} & set(data.kinds)
    timed = any(d != (None, None) for d in data.dates) and bool(panels.dated.any())
    if fit is None:
        return ["q", "tan_beta", *(["b"] if moved else []), "offset_m", *(["c_per_year"] if timed else [])]
    for name in fit:
        if name not in BOUNDS:
            raise InvalidInput(say("subsidence.fit_unknown", name=name, bounds=list(BOUNDS)))
        if name == "b" and not moved:
            raise InvalidInput(say("subsidence.fit_b"))
        if name == "c_per_year" and not timed:
            raise InvalidInput(say("subsidence.fit_c"))
    return list(dict.fromkeys(fit))


def _limits(names: Sequence[str], panels: Panels) -> tuple[Floats, Floats]:
    depth = float(panels.numbers["depth_m"].min())
    half = min(float(shapely.length(shapely.maximum_inscribed_circle(g))) for g in panels.outline)
    pairs = [(-0.3 * depth, 0.95 * half) if n == "offset_m" else BOUNDS[n] for n in names]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def _model(panels: Panels, theta: Mapping[str, float], data: Observed) -> Floats:
    """Predicted values in the order of `data.observed`, m."""
    numbers = {**panels.numbers, **{n: np.full(len(panels), v) for n, v in theta.items()}}
    moved = replace(panels, numbers=numbers)
    placed = sources(moved)
    fields = np.empty((len(data.xy), 11))
    for (since, until), rows in zip(data.dates, data.members, strict=True):
        come = moved.share(until) - (0.0 if since is None else moved.share(since))
        fields[rows] = fields_at(placed.weighted(come), data.xy[rows])
    return np.concatenate([fields[rows, FIELD_OF[kind]] for kind, rows in data.kinds.items()])


def _robust(
    model: Callable[[Floats], Floats], observed: Floats, start: Floats, bounds: tuple[Floats, Floats], scale: Floats
) -> tuple[Floats, float]:
    """Huber's estimate: the noise is taken from the middle of the residuals, the fit repeated until it no longer changes."""
    from scipy import optimize  # half a second to load, and only a fit needs it

    def residual(theta: Floats) -> Floats:
        return model(theta) - observed

    sigma = max(float(np.abs(observed).max()) * 0.05, 1e-6)
    theta = start
    for _ in range(6):
        found = optimize.least_squares(
            residual, theta, bounds=bounds, x_scale=scale, loss="huber", f_scale=HUBER * sigma, jac="3-point", xtol=1e-10
        )
        theta, before = found.x, sigma
        left = residual(theta)
        sigma = max(float(np.median(np.abs(left))) / ndtri(0.75) * np.sqrt(len(left) / (len(left) - len(theta))), 1e-9)
        if abs(sigma - before) < 1e-3 * before:
            break
    return theta, sigma


def _jacobian(model: Callable[[Floats], Floats], theta: Floats, scale: Floats) -> Floats:
    """Change of the modelled values by the parameters in units of scale, (n, p)."""
    step = STEP * scale
    columns = [(model(theta + e) - model(theta - e)) / (2 * e.max()) for e in np.diag(step)]
    return np.asarray(np.stack(columns, axis=1) * scale, dtype=np.float64)


def _covariance(jacobian: Floats, residual: Floats, sigma: float, scale: Floats) -> tuple[Floats, bool]:
    """Huber's covariance of the estimates, and whether the data leave a direction of the parameters open."""
    left = residual / (HUBER * sigma)
    inside = float(np.mean(np.abs(left) < 1.0))
    noise = np.sum((np.clip(left, -1, 1) * HUBER * sigma) ** 2) / (len(residual) - len(scale)) / max(inside, 0.1) ** 2
    return _inverse(jacobian, float(noise), scale)


def _inverse(jacobian: Floats, noise: float, scale: Floats) -> tuple[Floats, bool]:
    """The covariance of the estimates under independent noise of a variance, and whether a direction stays open."""
    singular = np.linalg.svd(jacobian, compute_uv=False)
    weak = bool(singular[-1] < 1e-7 * singular[0])
    inverse = np.linalg.pinv(jacobian.T @ jacobian, rcond=1e-14, hermitian=True)
    covariance = noise * inverse * np.outer(scale, scale)
    return covariance + np.diag(np.full(len(scale), 1e-300)), weak


def _table(names: Sequence[str], theta: Floats, start: Floats, covariance: Floats, n: int) -> pd.DataFrame:
    error = np.sqrt(np.diag(covariance))
    half = stdtrit(n - len(names), 0.975) * error
    columns = {"value": theta, "low": theta - half, "high": theta + half, "standard_error": error, "start": start}
    return pd.DataFrame(columns, index=pd.Index(names, name="parameter"))


def _doubts(values: pd.DataFrame, correlation: pd.DataFrame, weak: bool, low: Floats, high: Floats) -> list[str]:
    told = []
    names = list(values.index)
    if weak:
        told.append("The data leave a combination of parameters open: fit fewer, or observe other points or dates.")
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            r = float(correlation.loc[a, b])
            if abs(r) > TOLD_APART:
                told.append(
                    f"{a} and {b} cannot be told apart (correlation {r:.2f}): fix one of them, or observe where they differ."
                )
    for k, name in enumerate(names):
        value, half = float(values["value"].iloc[k]), float(values["high"].iloc[k] - values["value"].iloc[k])
        if min(value - low[k], high[k] - value) < 1e-4 * (high[k] - low[k]):
            told.append(f"{name} = {value:.3g} stands at the end of what is possible: the data ask for another model or panel.")
        elif name != "offset_m" and half > VAGUE * abs(value):
            told.append(f"The data say little of {name}: {value:.3g} ± {half:.2g}.")
    return told
