"""The report: figures from the plan's own summary, two complete languages, A4 with its fonts, deaf to hostile strings."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import planner as pl
from planner.errors import InvalidInput, PlannerError
from planner.landuse import CHOICES, TARGETS
from planner.plan.limits import limit_name
from planner.plan.verdict import verdict
from planner.report import map_pdf, report_html, report_pdf, write_report
from planner.report.document import Picture, Say, Table, Text, plain
from planner.report.fonts import Ruler, chinese_family
from planner.report.html import as_html
from planner.report.meaning import sensitivities
from planner.report.stakes import fingerprint, swings
from planner.report.write import compose
from planner.site import Decision
from planner.words import both, say

pytest.importorskip("matplotlib")
HOSTILE = "<script>window.hacked=1</script>$\\frac{1}{0}$ {{ 7*7 }} \u202eevil"


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Any:
    return pl.make_plan(small_world)


@pytest.fixture(scope="module")
def english(plan: Any) -> Any:
    return compose(plan)


def renamed(plan: Any, name: str) -> Any:
    """The plan with another site name."""
    about = plan.site.scenario.site.model_copy(update={"name": name, "name_en": name})
    scenario = plan.site.scenario.model_copy(update={"site": about})
    return dataclasses.replace(plan, site=dataclasses.replace(plan.site, name=name, scenario=scenario))


def texts(document: Any) -> str:
    parts = [document.title, document.subtitle, document.footer]
    for section in document.sections:
        parts.append(section.title)
        for block in section.blocks:
            if isinstance(block, Text):
                parts.append(block.text)
            elif isinstance(block, Table):
                parts += [*block.heads, block.caption, *(c for row in block.rows for c in row)]
            elif isinstance(block, Picture):
                parts.append(block.caption)
    return "\n".join(parts)


def test_the_first_page_says_what_the_summary_says(plan: Any, english: Any) -> None:
    s = plan.summary()
    first = english.sections[0]
    table = next(b for b in first.blocks if isinstance(b, Table) and b.heads[0] == "Target")
    rows = {row[0]: row for row in table.rows}
    for key in CHOICES:
        if s["targets"][key]["units"]:
            assert rows[TARGETS[key].en][1] == f"{s['targets'][key]['area_mu']:,.1f}"
    assert rows["Total"][1] == f"{s['site']['area_mu']:,.1f}"
    said = "\n".join(b.text for b in first.blocks if isinstance(b, Text))
    said += "\n".join(cell for b in first.blocks if isinstance(b, Table) for row in b.rows for cell in row)
    assert str(dict(verdict(s).steps)["plan"]) in said
    assert f"1 : {s['economics']['benefit_cost_ratio']:.2f}" in said
    assert f"{100 * s['solver']['gap']:.4f} %" in said


def test_all_sections_are_there_in_both_languages(plan: Any) -> None:
    english, chinese = compose(plan), compose(plan, lang="zh")
    assert len(english.sections) == len(chinese.sections) == 16
    for a, b in zip(english.sections, chinese.sections, strict=True):
        assert a.title != b.title
        assert [type(x) for x in a.blocks] == [type(x) for x in b.blocks]


def test_sentences_are_in_the_language_asked_for(plan: Any) -> None:
    for section in compose(plan, lang="zh").sections:
        assert re.search(r"[\u4e00-\u9fff]", section.title)
        for block in section.blocks:
            if isinstance(block, Text):
                assert re.search(r"[\u4e00-\u9fff]", block.text), block.text
            if isinstance(block, Table):
                assert all(re.search(r"[\u4e00-\u9fff]", h) or h in ("SHA-256",) for h in block.heads), block.heads
    for section in compose(plan).sections:
        for block in section.blocks:
            if isinstance(block, Text):
                assert not re.search(r"[\u4e00-\u9fff]", block.text), block.text


def test_what_binds_is_the_certificate_s_own(plan: Any) -> None:
    section = next(s for s in compose(plan).sections if s.title == "What binds")
    table = next(b for b in section.blocks if isinstance(b, Table))
    assert [row[0] for row in table.rows] == [str(limit_name(b)) for b in plan.certificate.binding]


def test_sensitivities_stand_around_the_plan_s_own_value(plan: Any) -> None:
    section = next(s for s in compose(plan).sections if s.title == "Sensitivities")
    rows = dict(next(b for b in section.blocks if isinstance(b, Table)).rows)
    say = Say("en")
    assert rows["as planned"] == say.yuan(plan.economics.npv_cny)
    flow = plan.economics.flow
    rate = plan.site.scenario.number("economics.discount_rate")
    factor = (1 + rate) ** -(flow.index.to_numpy(float) - flow.index[0])
    by_hand = float((factor * (flow["benefit_cny"] - 1.1 * flow["cost_cny"])).sum())
    assert rows["cost +10%"] == say.yuan(by_hand)


@pytest.mark.parametrize(
    ("lang", "value", "expected"),
    [("en", 2.2e9, "2.20 bn yuan"), ("zh", 2.2e9, "22.00亿元"), ("en", 950.0, "950 yuan"), ("zh", 35_000.0, "3.5万元")],
)
def test_money_is_told_in_the_steps_of_the_language(lang: str, value: float, expected: str) -> None:
    assert Say(lang).yuan(value) == expected


def test_volumes_and_a_wrong_language() -> None:
    assert Say("en").cubic(38.6e6) == "38.60 Mm³"
    assert Say("zh").cubic(38.6e6) == "3,860.0万立方米"
    with pytest.raises(InvalidInput, match="'en' and 'zh'"):
        Say("de")


def test_a_table_with_a_short_row_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells under 2 heads"):
        Table(("a", "b"), (("x",),))


def test_lines_fit_the_room_and_lose_nothing() -> None:
    ruler = Ruler()
    text = "沉陷区按沉陷深度线划分为规划单元，面积不增不减。 Every unit is measured, " + "x" * 300
    lines = ruler.wrap(text, 9.5, 200.0)
    assert all(ruler.width(line, 9.5) <= 200.0 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.startswith(("，", "。")) for line in lines)


def test_the_page_asks_for_nothing_and_is_the_same_every_time(plan: Any) -> None:
    page = report_html(plan)
    assert report_html(plan) == page
    assert not re.findall(r"""(?:src|href)="(?!data:)""", page)
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page
    assert page.count("<section>") == 16


def test_hostile_names_stay_text(plan: Any) -> None:
    page = as_html(compose(renamed(plan, HOSTILE)))
    assert "<script" not in page
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page
    long = compose(renamed(plan, "长" * 10_000))
    assert len(long.title) < 200


@pytest.fixture(scope="module")
def sheets(plan: Any) -> bytes:
    return report_pdf(renamed(plan, HOSTILE), lang="zh")


def test_the_pdf_is_a4_and_the_same_every_time(plan: Any, sheets: bytes) -> None:
    assert sheets.startswith(b"%PDF-")
    width, height = (float(v) for v in re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", sheets)[0])
    assert abs(width - 595.4) < 1
    assert abs(height - 841.7) < 1
    assert report_pdf(renamed(plan, HOSTILE), lang="zh") == sheets


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_the_pdf_can_be_searched_and_carries_its_fonts(plan: Any, sheets: bytes, tmp_path: Path) -> None:
    if chinese_family() is None:
        pytest.skip("no Chinese font on this system")
    path = tmp_path / "report.pdf"
    path.write_bytes(sheets)
    said = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    for expected in ("约束与影子价格", "资料的局限", "建设用地", "frac"):
        assert expected in said.replace(" ", "")
    fonts = subprocess.run(["pdffonts", str(path)], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts)


def test_without_a_chinese_font_the_pdf_says_so(
    plan: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for module in ("planner.report.fonts", "planner.report.write"):
        monkeypatch.setattr(f"{module}.chinese_family", lambda: None)
    made = report_pdf(plan, lang="zh")
    assert made.startswith(b"%PDF-")
    assert "no Chinese font" in caplog.text


def test_without_matplotlib_the_error_names_the_fix(plan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(PlannerError, match="pip install"):
        report_html(plan)


def test_both_files_are_written(plan: Any, tmp_path: Path) -> None:
    page, sheets = write_report(plan, tmp_path)
    assert page.name == "report.html"
    assert sheets.name == "report.pdf"
    assert page.read_text(encoding="utf-8").endswith("</html>\n")
    with pytest.raises(PlannerError, match="exists"):
        write_report(plan, tmp_path, overwrite=False)


def test_the_map_sheet_has_the_size_asked_for(plan: Any) -> None:
    for paper, size in (("A3", (1190.9, 841.7)), ("A4", (841.7, 595.4))):
        made = map_pdf(plan, paper=paper)
        width, height = (float(v) for v in re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", made)[0])
        assert (width, height) == pytest.approx(size, abs=1)
    assert map_pdf(plan, paper="A4") == made
    with pytest.raises(InvalidInput, match="A3, A4"):
        map_pdf(plan, paper="B5")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"), [(2e9, "2,000,000,000"), (0.05, "0.05"), (None, "–"), (float("nan"), "–"), (-0.0, "0")]
)
def test_figures_of_unknown_size_are_told_plainly(value: float | None, text: str) -> None:
    assert plain(value) == text


def test_decisions_and_warnings_are_told_in_both_languages(plan: Any, tmp_path: Path) -> None:
    site = dataclasses.replace(
        plan.site,
        decisions=(
            Decision(both("CRS", "坐标系"), both("EPSG:4527", ""), both("given", "已给定")),
            Decision(both("sign", ""), both("down", ""), both("larger", "")),
        ),
        warnings=(both("no such sentence is known", "没有这样的句子"),),
    )
    told = dataclasses.replace(plan, site=site, warnings=(*site.warnings, say("subsidence.mine_unknown")))
    english, chinese = texts(compose(told)), texts(compose(told, lang="zh"))
    for en, zh in (("given", "已给定"), ("no such sentence is known", "没有这样的句子"), ("Nothing is known", "没有开采资料")):
        assert en in english
        assert zh not in english
        assert zh in chinese
        assert en not in chinese
    assert "larger" in english
    assert "larger" in chinese  # said in one language only: better in English than not at all
    folder = told.save(tmp_path / "saved", lang="zh")
    book = openpyxl.load_workbook(folder / "tables.xlsx", read_only=True)
    cells = {str(value) for sheet in book for row in sheet.iter_rows(values_only=True) for value in row}
    assert {"坐标系：EPSG:4527", "已给定", "没有这样的句子", "sign：down", "larger"} <= cells
    again = pl.load_plan(folder)
    assert again.site.decisions == site.decisions
    assert texts(compose(again, lang="zh")).count("没有这样的句子") == 1


def test_the_decision_speaks_in_words(plan: Any, english: Any) -> None:
    by_title = {section.title: section for section in english.sections}
    said = [b.text for b in by_title["Alternatives"].blocks if isinstance(b, Text)]
    assert any(text.startswith("• Rules alone:") for text in said)
    short = [text for text in said if "short of its quota" in text]
    alone = plan.summary()["rules_alone"]["targets"]["arable"]["area_mu"]
    assert bool(short) == (alone < 99.5)
    money = next(b for b in by_title["The treasury by year"].blocks if isinstance(b, Table))
    flow = plan.economics.flow
    assert money.rows[-1][3] == f"{(flow['benefit_cny'] - flow['cost_cny']).sum() / 1e4:+,.0f}"


def test_the_tornado_is_ordered_and_stands_around_the_plan(plan: Any) -> None:
    bars = swings(plan, Say("en"))
    widths = [abs(high - low) for _, low, high in bars]
    assert widths == sorted(widths, reverse=True)
    base = plan.economics.npv_cny
    for name, low, high in bars:
        assert min(low, high) <= base + 1e-6 * abs(base), name
        assert max(low, high) >= base - 1e-6 * abs(base), name


def test_works_that_began_before_the_plan_s_year_move_no_swing(small_world: Path) -> None:
    """What is told "as planned" is the plan's own value, in its year: works from 2017 on took 1.08³ off all of it."""
    begun = [{"id": 1, "name": "a", "start": 2017, "end": 2021}]
    plan = pl.make_plan(pl.read_site(small_world), phase=begun)
    base = plan.economics.npv_cny
    assert plan.economics.flow.index[0] == 2017 < plan.site.scenario.site.year
    for name, low, high in swings(plan, Say("en")):
        assert min(low, high) - 1e-6 * abs(base) <= base <= max(low, high) + 1e-6 * abs(base), name
    late = {name: low for name, low, _ in swings(plan, Say("en"))}[Say("en")("report.swing_late")]
    assert late == pytest.approx(base)
    table = next(b for b in sensitivities(plan, plan.summary(), Say("en")).blocks if isinstance(b, Table))
    assert table.rows[0][1] == Say("en").yuan(base)


def test_a_signature_is_for_one_plan_only(plan: Any) -> None:
    other = dataclasses.replace(plan, units=plan.units.assign(treatment="level"))
    assert fingerprint(plan) == fingerprint(plan) != fingerprint(other)
