"""Lakes through months on curves of two knots: closed forms by hand, and water that is neither made nor lost."""

import numpy as np
import pytest

from planner.core.lake import EVAPORATION, RECEIVED, SEEPAGE, SPILL, STORAGE, USE, Months, Network, Stores, run_months

FULL, AREA = 1_000.0, 100.0  # m³ to the brim at 10 m; walls upright: the wet area does not change


def lakes(n: int = 1, spills: list[int] | None = None, dead: float = 0.0) -> Network:
    """So many tanks with upright walls; each spills where it is told, else outside."""
    return Network(
        start=np.arange(0, 3 * n + 1, 3) if dead else np.arange(0, 2 * n + 1, 2),
        level=np.tile([0.0, dead / AREA, 10.0] if dead else [0.0, 10.0], n),
        storage=np.tile([0.0, dead, FULL] if dead else [0.0, FULL], n),
        area=np.full(3 * n if dead else 2 * n, AREA),
        dead=np.full(n, dead),
        pull=np.zeros(n),
        parent=np.full(n, -1),
        leaf=np.ones(n, dtype=np.bool_),
        spills=np.array(spills or [-1] * n),
        order=np.arange(n),
        store=np.full(n, -1),
    )


def months(n: int = 1, *, rain: float = 0.0, evaporation: float = 0.0, inflow: float = 0.0, use: float = 0.0) -> Months:
    """One month; the inflow is the first lake's alone."""
    into = np.zeros((1, n))
    into[0, 0] = inflow
    return Months(
        np.array([rain]), np.array([evaporation]), into, np.full((1, n), use), np.zeros((1, n)), np.full((1, n), rain)
    )


NOTHING_BELOW = Stores(*(np.zeros(0) for _ in range(5)))


def run(net: Network, month: Months, held: list[float]) -> tuple[np.ndarray, np.ndarray]:
    told, _, full, sound = run_months(net, month, NOTHING_BELOW, np.array(held))
    assert sound
    return told[0], full


def test_rain_and_evaporation_on_a_tank() -> None:
    """0.3 m of rain less 0.1 m of evaporation on 100 m²: 20 m³ more."""
    told, _ = run(lakes(), months(rain=0.3, evaporation=0.1), [500.0])
    assert told[0, STORAGE] == pytest.approx(520.0) and told[0, EVAPORATION] == pytest.approx(10.0)


def test_what_does_not_fit_spills() -> None:
    """600 m³ flow into 700 of 1000: full after half the month, 300 m³ leave."""
    told, full = run(lakes(), months(inflow=600.0), [700.0])
    assert told[0, STORAGE] == pytest.approx(FULL) and told[0, SPILL] == pytest.approx(300.0) and full[0] == pytest.approx(0.5)


def test_use_stops_at_the_dead_level() -> None:
    """300 m³ are wanted of 500 with 400 dead: 100 are drawn."""
    told, _ = run(lakes(dead=400.0), months(use=300.0), [500.0])
    assert told[0, USE] == pytest.approx(100.0) and told[0, STORAGE] == pytest.approx(400.0)


def test_an_empty_lake_gives_no_more_than_comes_in() -> None:
    told, _ = run(lakes(), months(inflow=50.0, use=80.0, evaporation=0.0), [0.0])
    assert told[0, STORAGE] == pytest.approx(0.0) and told[0, USE] == pytest.approx(50.0)


def test_a_full_lake_fills_the_next() -> None:
    """600 m³ into the first, 700 of 1000 full: 300 go on to the second, which had 100."""
    told, _ = run(lakes(2, spills=[1, -1]), months(2, inflow=600.0), [700.0, 100.0])
    assert told[1, RECEIVED] == pytest.approx(300.0) and told[1, STORAGE] == pytest.approx(400.0) and told[1, SPILL] == 0.0


def test_a_slope_of_the_shore_gives_an_exponential() -> None:
    """Area grows with storage, A = S / 10: evaporation of 1 m a month leaves S·e^(−1/10) after it."""
    net = lakes()._replace(area=np.array([0.0, FULL / 10.0]))
    told, _ = run(net, months(evaporation=1.0), [500.0])
    assert told[0, STORAGE] == pytest.approx(500.0 * np.exp(-0.1), rel=1e-12)
    assert told[0, EVAPORATION] == pytest.approx(500.0 * (1 - np.exp(-0.1)), rel=1e-12)


def test_water_is_neither_made_nor_lost() -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        held = rng.uniform(0, FULL, 2)
        rain, evaporation, inflow, use = rng.uniform(0, 3), rng.uniform(0, 3), rng.uniform(0, 900), rng.uniform(0, 500)
        told, _ = run(
            lakes(2, spills=[1, -1], dead=200.0),
            months(2, rain=rain, evaporation=evaporation, inflow=inflow, use=use),
            list(held),
        )
        for i in range(2):
            came = (inflow if i == 0 else told[1, RECEIVED]) + rain * AREA
            went = told[i, EVAPORATION] + told[i, SEEPAGE] + told[i, USE] + told[i, SPILL]
            assert told[i, STORAGE] - held[i] == pytest.approx(came - went, abs=1e-6)
