"""`planner.finance` as a whole: regimes, burden, viewpoints, what is refused, what is written, what a plan feeds it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import planner as pl
from planner.cli.main import run
from planner.errors import InvalidInput, OutputExists
from planner.words import render

BASE = {
    "first_year": 2016,
    "build_years": 2,
    "operate_years": 10,
    "investment_cny": 1.0e8,
    "equity_share": 0.3,
    "loan_rate": 0.06,
    "discount_rate": 0.049,
}


def test_payments_run_over_the_years_of_operation_and_close_on_the_investment() -> None:
    s = pl.finance(**BASE, margin=0.06, tax_rate=0.0).summary()
    assert [p["year"] for p in s["payments"]] == list(range(2018, 2028))
    assert s["payments_pv_cny"] == pytest.approx(1.06e8)
    assert s["payments"][0]["payment_cny"] == pytest.approx(1e8 * 1.06 * 1.049 / 10)
    assert s["payments"][0]["share_of_budget"] is None
    assert s["payments_sum_cny"] == pytest.approx(sum(p["payment_cny"] for p in s["payments"]))


def test_burden_counts_other_projects_and_is_told_where_it_breaks() -> None:
    found = pl.finance(**BASE, budget_cny={2018: 2e8}, budget_growth=0.0, other_ppp_cny=8e6)
    paid = found["payments"]
    assert paid[0]["share_of_budget"] == pytest.approx((paid[0]["payment_cny"] + 8e6) / 2e8)
    assert len(found.burdened()) == sum(p["share_of_budget"] > 0.1 for p in paid) > 0
    assert any(w.code == "finance.burden" for w in found.warnings)
    grown = pl.finance(**BASE, budget_cny={2018: 2e8}, budget_growth=0.5)
    assert grown["payments"][1]["share_of_budget"] == pytest.approx(paid[1]["payment_cny"] / 3e8)


def test_burden_counts_the_equity_of_the_government_while_it_is_built() -> None:
    """A quarter of 60 million, over two years, on budgets of 60: 12.5 % while nothing is paid yet; others in every year."""
    asked = {**BASE, "equity_share": 0.6, "gov_equity_share": 0.25}
    found = pl.finance(**asked, budget_cny={2016: 6e7, 2018: 2e8})
    assert found.share_of_budget[:2] == pytest.approx([7.5e6 / 6e7] * 2)
    assert found.share_of_budget[2:] == pytest.approx(found.flows.payments[2:] / 2e8)
    assert found["burden_max"] == pytest.approx(0.125) and found.burdened()[0] == (2016, pytest.approx(0.125))
    others = pl.finance(**asked, budget_cny={2016: 6e7, 2018: 2e8}, other_ppp_cny=3e6)
    assert others.share_of_budget - found.share_of_budget == pytest.approx([0.05] * 2 + [0.015] * 10)
    users = pl.finance(**asked, regime="2023", user_income_cny=1e7, budget_cny={2016: 6e7}, other_ppp_cny=3e6)
    assert users["burden_max"] == 0.0  # a concession that its users pay is no payment of the budget


def test_a_flow_before_debt_knows_no_debt() -> None:
    """By hand: 100 million over two years, 16 a year for ten, worn by ten a year, a quarter of the six above it in tax."""
    asked = {**BASE, "regime": "2023", "user_income_cny": 1.6e7}
    flow = np.r_[[-5e7] * 2, [1.6e7 - 0.25 * 6e6] * 10]
    for more in ({"equity_share": 1.0}, {"equity_share": 0.3}, {"equity_share": 0.0, "loan_rate": 0.12}):
        found = pl.finance(**{**asked, **more}, tax_rate=0.25)
        assert found.flows.project == pytest.approx(flow)
        assert found["npv_cny"] == pytest.approx(float((flow / 1.049 ** np.arange(12)).sum()))


def test_what_is_left_in_the_books_is_written_off_at_the_end() -> None:
    """Worn over 20 years and operated for 10: half of 90 million and the residual of 10 are left, 10 are got back."""
    asked = {**BASE, "regime": "2023", "user_income_cny": 5.7e7, "equity_share": 1.0, "residual_cny": 1e7}
    found = pl.finance(**asked, depreciation_years=20, tax_rate=0.25)
    yearly = 5.7e7 - 4.5e6
    assert found.flows.tax == pytest.approx([0.0] * 2 + [0.25 * yearly] * 9 + [0.25 * (yearly + 1e7 - 5.5e7)])
    whole = pl.finance(**asked, tax_rate=0.25)
    assert whole.flows.tax.sum() == pytest.approx(found.flows.tax.sum()) == pytest.approx(0.25 * (5.7e8 - 9e7))


def test_the_government_pays_itself_no_income_tax() -> None:
    """Land sold for 150 million: untaxed unless a rate is asked for, and then alike in the years of building and after."""
    for year in (2017, 2018):
        asked = {**BASE, "regime": "public", "sale": [{"year": year, "mu": 100.0, "cny_per_mu": 1.5e6}]}
        found = pl.finance(**asked)
        assert not found.flows.tax.any()
        assert found.flows.project.sum() == pytest.approx(5e7)
        taxed = pl.finance(**{**asked, "loan_rate": 0.0}, tax_rate=0.25)
        worn = 1e7 if year == 2018 else 0.0
        assert taxed.flows.tax[year - 2016] == pytest.approx(0.25 * (1.5e8 - worn))
    assert pl.finance(**BASE)["npv_cny"] == pl.finance(**BASE, tax_rate=0.25)["npv_cny"]


def test_concessions_are_paid_by_users_alone() -> None:
    with pytest.raises(InvalidInput, match="availability payments are refused"):
        pl.finance(**BASE, regime="2023")
    with pytest.raises(InvalidInput, match="40 years at most; shorten operate_years to 38"):
        pl.finance(**{**BASE, "operate_years": 39}, regime="2023", user_income_cny=1e7)
    s = pl.finance(**BASE, regime="2023", user_income_cny=1.6e7).summary()
    assert s["payments"] == [] and s["payments_sum_cny"] == 0.0 and s["vfm_cny"] is None


def test_land_sales_are_the_governments_but_for_a_public_project() -> None:
    sale = [{"year": 2018, "mu": 100.0, "cny_per_mu": 8e5, "net_share": 0.6}]
    with_company = pl.finance(**BASE, sale=sale)
    assert with_company["npv_cny"] == pytest.approx(pl.finance(**BASE)["npv_cny"])
    assert with_company["sales_cny"] == pytest.approx(4.8e7)
    public = pl.finance(**BASE, sale=sale, regime="public", tax_rate=0.0)
    by_hand = -5e7 - 5e7 / 1.049 + 4.8e7 / 1.049**2
    assert public["npv_cny"] == pytest.approx(by_hand)
    assert public["bond_cover"] == pytest.approx(4.8e7 / public.flows.service.sum())


def test_flows_add_up() -> None:
    found = pl.finance(**BASE, opex_cny=1e6, user_income_cny=2e6, residual_cny=5e6)
    f = found.flows
    assert f.project_before_tax.sum() == pytest.approx((f.payments + f.user_income - f.opex - f.investment).sum() + 5e6)
    assert f.principal.sum() == pytest.approx(f.debt_cny) == pytest.approx(7e7 + f.building_interest.sum())
    assert f.equity.sum() == pytest.approx((f.cover - f.service).sum() - 3e7)
    assert found.dscr[2:] == pytest.approx((f.cover / np.where(f.service > 0, f.service, 1))[2:])


def test_value_for_money_by_hand() -> None:
    psc = {"build_factor": 1.2, "risk_share": 0.1, "transferred_share": 0.75, "neutrality_cny": 0.0}
    found = pl.finance(**{**BASE, "build_years": 1, "discount_rate": 0.0}, margin=0.0, gov_equity_share=0.5, psc=psc)
    v = found.value
    assert (v.net_cost, v.risks) == pytest.approx((1.2e8, 1.2e7))
    assert (v.paid, v.equity, v.kept_risks) == pytest.approx((8.5e7, 1.5e7, 3e6))
    assert found["vfm_cny"] == pytest.approx(1.32e8 - 1.03e8)


def test_levelised_cost_counts_the_land_when_it_is_ready() -> None:
    found = pl.finance(**{**BASE, "discount_rate": 0.0}, mu=1000.0, opex_cny=1e6)
    assert found["cny_per_mu"] == pytest.approx((1e8 + 1e7) / 1000)
    assert pl.finance(**BASE)["cny_per_mu"] is None


def test_tornado_break_even_and_chance() -> None:
    found = pl.finance(**BASE, opex_cny=1e6, risk={"draws": 300, "seed": 7})
    widest = found.tornado[0]
    assert widest.factor == "investment" and widest.npv_low_cny > found["npv_cny"] > widest.npv_high_cny
    assert widest.break_even is not None
    again = pl.finance(**BASE, opex_cny=1e6, risk={"draws": 300, "seed": 7})
    assert again.chances == found.chances
    assert pl.finance(**BASE, opex_cny=1e6, risk={"draws": 300, "seed": 8}).chances != found.chances
    c = found.chances
    assert c.p05_cny < c.p50_cny < c.p95_cny
    still = {"investment": 0.0, "opex": 0.0, "user_income": 0.0, "sale": 0.0, "draws": 10}
    assert pl.finance(**BASE, risk=still).chances.p95_cny == pytest.approx(pl.finance(**BASE)["npv_cny"])


def test_a_rate_that_is_not_the_one_is_none_and_all_are_listed() -> None:
    flow_twice = pl.finance(
        **BASE, regime="public", sale=[{"year": 2017, "mu": 100.0, "cny_per_mu": 1.2e6}], opex_cny=2e6, tax_rate=0.0
    )
    assert flow_twice["firr"] is None
    assert any(w.code == "finance.many_rates" for w in flow_twice.warnings)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"investement_cny": 1.0}, "unknown key 'finance.investement_cny'; did you mean 'investment_cny'"),
        ({"investment_cny": -1.0}, "finance.investment_cny = -1.0"),
        ({"operate_years": 0}, "finance.operate_years = 0"),
        ({"sale": [{"year": 2050, "mu": 1.0, "cny_per_mu": 1.0}]}, "finance.sale in 2050: the project runs 2016-2027"),
        ({"sale": [{"year": 2018, "mux": 1.0, "cny_per_mu": 1.0}]}, "unknown key 'finance.sale.0.mux'; did you mean 'mu'"),
        ({"opex_cny": [1.0, 2.0]}, "finance.opex_cny names 2 years, operate_years = 10"),
        ({"residual_cny": 2e8}, "exceeds investment_cny"),
        ({"loan_years": 11}, "operated for 10 years; shorten loan_years to 10"),
        ({"repayment": "bullet"}, "finance.repayment = 'bullet'"),
        ({"loan_rate": float("nan")}, "finance.loan_rate"),
    ],
)
def test_bad_keys_are_one_line_each(keys: dict, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pl.finance(**{**BASE, **keys})
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert "finance" in render(caught.value.message, "zh")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"finance\.build_years is missing"):
        pl.finance(first_year=2016, operate_years=3, investment_cny=1.0)


def write(path: Path, **more: str) -> Path:
    lines = [f"{k} = {v}" for k, v in {**BASE, **more}.items()]
    path.write_text('name = "湖"\n[finance]\n' + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_saved_reads_back(tmp_path: Path, lang: str) -> None:
    found = pl.finance(write(tmp_path / "f.toml", mu="24500.0", budget_cny="{ 2018 = 1.2e10 }"))
    folder = found.save(tmp_path / "out", lang=lang)
    s = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert s["schema"] == "planner.finance/1" and s["name"] == "湖"
    assert s["npv_cny"] == pytest.approx(found["npv_cny"])
    book = openpyxl.load_workbook(folder / "tables.xlsx", data_only=True)
    years = book.worksheets[1]
    assert [years.cell(r, 1).value for r in range(2, 14)] == list(range(2016, 2028))
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert ("净现值" in page) == (lang == "zh") and "<script" not in page
    with pytest.raises(OutputExists):
        found.save(folder)
    found.save(folder, overwrite=True)


def test_the_verb_prints_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "f.toml")
    assert run(["finance", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["payments_sum_cny"] > 1e8
    assert run(["finance", str(tmp_path / "none.toml")]) == 3
    assert "no such file" in capsys.readouterr().err
    (tmp_path / "bad.toml").write_text("[finance\n", encoding="utf-8")
    assert run(["finance", str(tmp_path / "bad.toml")]) == 3
    (tmp_path / "empty.toml").write_text("[money]\n", encoding="utf-8")
    assert run(["finance", str(tmp_path / "empty.toml")]) == 3
    assert "no [finance] section" in capsys.readouterr().err
    assert run(["finance", str(path), "-o", str(tmp_path / "o"), "--lang", "zh"]) == 0
    assert "净现值" in capsys.readouterr().out


def test_help_is_quick() -> None:
    code = "import sys; from planner.cli.main import run; assert run(['finance', '--help']) == 0\n"
    code += "assert 'scipy' not in sys.modules and 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
