"""Bad programmes: one clear line each, in both languages."""

import pytest
from worlds import document, project

import planner as pl
from planner.errors import InvalidInput
from planner.words import render

FUND = {"id": "f", "yearly_cny": 10.0}
A, B = project("A", [1.0], 3.0), project("B", [1.0], 3.0)


@pytest.mark.parametrize(
    ("doc", "message"),
    [
        (document([], [FUND]), "no [[project]]"),
        (document([A], []), "no [[fund]]"),
        (document([A, A], [FUND]), "project 'A' stands there twice"),
        (document([A], [FUND, FUND]), "fund 'f' stands there twice"),
        (document([{**A, "after": ["B"]}, {**B, "after": ["A"]}], [FUND]), "A → B → A is a circle"),
        (document([{**A, "after": ["A"]}], [FUND]), "after names itself"),
        (document([{**A, "after": ["Aa"]}], [FUND]), "project A: after: no 'Aa'; did you mean 'A'"),
        (document([A], [{**FUND, "yearly_cny": {2009: 5.0}}]), "5 yuan in 2009, outside the programme's years 2010-2011"),
        (document([{"id": "A"}], [FUND]), "no [[project.variant]] and no site"),
        (document([{**A, "earliest": 2011, "latest": 2010}], [FUND]), "earliest = 2011 lies after latest = 2010"),
        (document([{**A, "earliest": 2020}], [FUND]), "lie outside the programme's 2010-2011"),
        (document([{**project("A", [1.0, 1.0, 1.0], 9.0), "must": True}], [FUND]), "3 years of payments end by 2011"),
        (document([A], [{**FUND, "max_share": 0.4}]), "pay 40 % of its cost at most"),
        (document([A], [{**FUND, "eligible": {"projects": ["B"]}}]), "eligible.projects: no 'B'"),
        (document([A, B], [{**FUND, "eligible": {"projects": ["B"]}}]), "project A: no fund may pay for it"),
        (document([A], [{**FUND, "min_share": 0.7}, {"id": "g", "min_share": 0.7}]), "want at least 140 %"),
        (document([A], [{**FUND, "match": {"h": 1.0}}]), "fund f: match: no 'h'"),
        (document([project("A", [1.0], 3.0, surplus_m3=5.0)], [FUND], earth={}), "[earth] needs its place"),
        (document([{**A, "settled": {"variant": "half", "start": 2010}}], [FUND]), "settled variant 'half' is none of full"),
        (document([A], [{**FUND, "yearly": 1.0}]), "unknown key 'fund.0.yearly'; did you mean 'yearly_cny'"),
        (document([{**A, "whit": ["B"]}], [FUND]), "did you mean 'with'"),
        (document([A], [FUND], objective="nvp"), "portfolio.objective"),
        (document([{"id": "A", "variant": [{"spend_cny": [0.0]}]}], [FUND]), "neither costs nor brings anything"),
    ],
)
def test_one_line_each(doc: dict, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pl.portfolio(doc)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert render(caught.value.message, "zh") != str(caught.value)
