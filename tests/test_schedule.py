"""When land is ready and what a year is worth: by hand, as properties, and the moments of earth against a walk by year."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.scenario import Scenario, parse_scenario
from planner.schedule import (
    check_phases,
    earth_spans,
    earth_steps,
    ready_years,
    restocked_m3,
    with_present_value,
    works_years,
    worth_of_works,
    worth_today,
)

PHASES = [{"id": 1, "name": "one", "start": 2016, "end": 2016}, {"id": 2, "name": "two", "start": 2016, "end": 2018}]


def scenario(phases: list[dict] | None = None, **more: object) -> Scenario:
    document = {"site": {"year": 2016}, "layers": {"polygons": "a.gpkg"}, **more}
    return parse_scenario(document | ({"phase": phases} if phases else {}))


FACTS = pd.DataFrame(
    {"phase": [1, 2, None], "settled_year": [2015.0, 2030.0, np.nan]}, index=pd.Index(["a", "b", "c"], name="unit_id")
)


def test_works_fall_into_the_years_of_the_phase_and_without_one_into_the_first_two() -> None:
    first, last = works_years(FACTS, scenario(PHASES))
    assert first.tolist() == [2016, 2016, 2016]
    assert last.tolist() == [2016, 2018, 2017]
    assert works_years(FACTS, scenario())[1].tolist() == [2017] * 3  # no [[phase]]: what parcels say is a label


def test_ready_is_the_latest_of_works_settling_and_filling() -> None:
    rise = np.array([0.0, 3.0, -1.0])
    told = scenario(PHASES, timing={"filling_m_per_year": 2.0})
    assert ready_years(FACTS, "construction", rise, told).tolist() == [2016, 2030, 2017]
    assert ready_years(FACTS, "arable", rise, told).tolist() == [2016, 2030, 2017]
    assert ready_years(FACTS, "green", rise, told).tolist() == [2016, 2018, 2017]  # green space need not wait
    assert ready_years(FACTS, "reservoir", rise, told).tolist() == [2016, 2020, 2017]  # 3 m at 2 m a year: two years
    given_years = scenario(PHASES, reservoir={"filling_years": 1.5})
    assert ready_years(FACTS, "reservoir", rise, given_years).tolist() == [2018, 2020, 2019]
    patient = scenario(PHASES, timing={"waits_for_settling": []})
    assert ready_years(FACTS, "construction", rise, patient).tolist() == [2016, 2018, 2017]


def test_spans_are_years_in_which_the_same_land_is_worked_on() -> None:
    """a works in 2016, b in 2016 to 2018, c in 2016 and 2017."""
    spans = earth_spans(FACTS, scenario(PHASES))
    assert [span.name for span in spans] == ["2016", "2017", "2018"]
    assert [span.share.tolist() for span in spans] == [
        [1, pytest.approx(1 / 3), 0.5],
        [0, pytest.approx(1 / 3), 0.5],
        [0, pytest.approx(1 / 3), 0],
    ]
    later = [PHASES[0], {"id": 2, "name": "two", "start": 2019, "end": 2021}]
    spans = earth_spans(FACTS.iloc[:2], scenario(later))
    assert [(span.name, span.share.tolist()) for span in spans] == [("2016", [1.0, 0.0]), ("2019–2021", [0.0, 1.0])]
    assert len(earth_spans(FACTS, scenario())) == 1


def test_what_waits_by_hand() -> None:
    """a digs 100 m³, b places 60 and digs 10 over three years, c places 20 over two: 2017 lacks 50/3 + 10, 2018 50/3."""
    units = FACTS.assign(cut_m3=[100.0, 10.0, 0.0], fill_m3=[0.0, 60.0, 20.0])
    told = scenario(PHASES, earthwork={"compaction": 1.0})
    assert [m3 for _, m3 in restocked_m3(units, told)] == pytest.approx([50 / 3 + 10, 50 / 3])
    assert [m3 for _, m3 in restocked_m3(units.assign(fill_m3=0.0), told)] == [0.0, 0.0]


def test_a_parcel_in_a_phase_that_is_not_there_is_refused() -> None:
    parcels = pd.DataFrame({"phase": [1, 7]}, index=["P1", "P2"])
    with pytest.raises(InvalidInput, match=r"parcel P2: phase 7 is not among"):
        check_phases(parcels, scenario(PHASES))
    check_phases(parcels, scenario())
    with pytest.raises(InvalidInput, match=r"phase 9"):
        check_phases(parcels.iloc[:1], scenario(PHASES, economics={"item": [{"cny": 1.0, "phase": 9}]}))
    with pytest.raises(InvalidInput, match=r"no parcel 'P9'"):
        check_phases(parcels.iloc[:1], scenario(PHASES, economics={"item": [{"cny": 1.0, "parcels": ["P9"]}]}))
    with pytest.raises(InvalidInput, match=r"before it starts"):
        scenario([{"id": 1, "name": "x", "start": 2018, "end": 2016}])
    with pytest.raises(InvalidInput, match=r"more than once"):
        scenario([PHASES[0], PHASES[0]])


def test_present_value_by_hand() -> None:
    told = scenario(PHASES, economics={"discount_rate": 0.25})
    assert worth_today([2016, 2017, 2015], told).tolist() == pytest.approx([1.0, 0.8, 1.25])
    assert worth_of_works(np.array([2016.0]), np.array([2018.0]), told) == pytest.approx((1 + 0.8 + 0.64) / 3)
    options = pd.DataFrame(
        {"cost_cny": [90.0, 90.0], "benefit_cny": [100.0, 100.0], "ready_year": [2016, 2018]},
        index=pd.MultiIndex.from_tuples([("a", "green:level"), ("b", "green:level")], names=["unit_id", "option"]),
    )
    value = with_present_value(options, FACTS, told)["npv_cny"]
    assert value.tolist() == pytest.approx([10.0, 64.0 - 90.0 * 2.44 / 3])


@settings(max_examples=60, deadline=None)
@given(
    phases=st.lists(st.tuples(st.integers(2014, 2022), st.integers(0, 4)), min_size=1, max_size=4),
    lack=st.lists(st.integers(-5, 5), min_size=4, max_size=4),
)
def test_the_moments_keep_every_year_from_borrowing(phases: list[tuple[int, int]], lack: list[int]) -> None:
    """Earth that keeps every moment and the whole balance is never short at the end of any year, walked year by year."""
    listed = [{"id": k, "name": str(k), "start": a, "end": a + n} for k, (a, n) in enumerate(phases)]
    told = scenario(listed)
    facts = pd.DataFrame({"phase": range(len(phases))}, index=[f"u{k}" for k in range(len(phases))])
    net = np.array(lack[: len(phases)], dtype=float)
    steps = earth_steps(facts, told)
    keeps = all(float((steps[c] * net).sum()) <= 1e-9 for c in steps) and net.sum() <= 0
    short = []
    for year in range(2013, 2028):
        moved = [n * min(max(year - a + 1, 0), span + 1) / (span + 1) for n, (a, span) in zip(net, phases, strict=True)]
        short.append(sum(moved) > 1e-9)
    assert not (keeps and any(short))
    alone = [net[k] <= 0 for k in range(len(phases))]
    if all(alone):
        assert keeps  # phases that balance each by itself always do


def test_one_phase_has_no_moment_before_the_whole() -> None:
    assert earth_steps(FACTS, scenario()).shape == (3, 0)
    steps = earth_steps(FACTS, scenario(PHASES))
    assert list(steps) == ["2016", "2017"]
    assert steps["2016"].tolist() == [1.0, 0.0, 0.0]
    assert steps["2017"].tolist() == [1.0, 0.0, 1.0]  # the unit without a phase is done in 2017
