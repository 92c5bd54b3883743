"""Columns in every spelling, numbers as text, units unsaid, ids twice."""

from pathlib import Path

import numpy as np

from dirty.case import Cases, frame, site, squares

CASES = Cases()


def put(folder: Path, **columns: object) -> Path:
    frame(squares(len(next(iter(columns.values())))), **columns).to_file(folder / "a.gpkg")  # type: ignore[arg-type]
    return folder / "a.gpkg"


@CASES.reads("values up to 3000 can only be mm")
def depth_in_millimetres(f: Path) -> Path:
    return put(f, 下沉值=[2000, 3000])


@CASES.reads("said by the column")
def depth_in_millimetres_by_name(f: Path) -> Path:
    return put(f, 下沉_mm=[2000.0, 3000.0])


@CASES.reads("said by the column", depths=(0.2, 0.3))
def small_depth_in_millimetres_by_name(f: Path) -> Path:
    return put(f, **{"下沉（毫米）": [200.0, 300.0]})


@CASES.refused("centimetres or millimetres")
def depth_in_some_unit(f: Path) -> Path:
    return put(f, 下沉=[200.0, 300.0])


@CASES.reads("given")
def depth_in_the_unit_given(f: Path) -> Path:
    put(f, 下沉=[200.0, 300.0])
    return site(f, '[layers]\npolygons = {path = "a.gpkg", unit = "cm"}\n')


@CASES.refused("unit = 'ell'")
def depth_in_a_unit_unknown(f: Path) -> Path:
    put(f, 下沉=[2.0, 3.0])
    return site(f, '[layers]\npolygons = {path = "a.gpkg", unit = "ell"}\n')


@CASES.refused("deeper than any known subsidence")
def depth_of_a_mine(f: Path) -> Path:
    put(f, depth=[420.0, 430.0])
    return site(f, '[layers]\npolygons = {path = "a.gpkg", unit = "m"}\n')


@CASES.reads()
def depth_as_text_with_unit(f: Path) -> Path:
    return put(f, 深度=["2.0m", "300 厘米"])


@CASES.reads()
def depth_in_full_width_digits(f: Path) -> Path:
    return put(f, 深度=["２．０", "３"])


@CASES.reads()
def depth_with_decimal_comma(f: Path) -> Path:
    return put(f, depth=["2,0", "3,0"])


@CASES.refused("row 2, column '深度': '很深' is no number")
def depth_as_a_word(f: Path) -> Path:
    return put(f, 深度=["2", "很深"])


@CASES.reads("all depths in 下沉 are negative")
def depth_as_negative(f: Path) -> Path:
    return put(f, 下沉=[-2.0, -3.0])


@CASES.refused("row 2, column 'depth': -3 is negative while others are positive")
def depth_of_both_signs(f: Path) -> Path:
    return put(f, depth=[2.0, -3.0])


@CASES.refused("no depth: the polygons have no depth column")
def no_depth(f: Path) -> Path:
    return put(f, name=["a", "b"])


@CASES.refused("parcel P002 and 0 more have no depth")
def depth_missing_in_one(f: Path) -> Path:
    return put(f, depth=[2.0, np.nan])


@CASES.refused("parcel P002 and 0 more have no depth")
def depth_of_minus_9999(f: Path) -> Path:
    return put(f, depth=[2.0, -9999.0])


@CASES.refused("no column 'dpth'; did you mean 'depth'")
def depth_column_misspelt(f: Path) -> Path:
    put(f, depth=[2.0, 3.0])
    return site(f, '[layers]\npolygons = {path = "a.gpkg", depth = "dpth"}\n')


@CASES.reads("沉陷深度")
def depth_of_mining_beside(f: Path) -> Path:
    return put(f, 采深=[420.0, 430.0], 水深=[0.5, 1.0], 沉陷深度=[2.0, 3.0])


@CASES.refused("no depth: the polygons have no depth column")
def depth_of_mining_alone(f: Path) -> Path:
    return put(f, 采深=[420.0, 430.0], 煤层埋深=[1.0, 2.0])


@CASES.reads("1 parcel ids occur more than once")
def ids_twice(f: Path) -> Path:
    return put(f, id=["A", "A"], depth=[2.0, 3.0])


@CASES.reads("1 parcels have no id")
def ids_missing(f: Path) -> Path:
    return put(f, 编号=["A1", None], 深度=[2.0, 3.0])


@CASES.reads(names=("a [31mred", "b"))
def names_that_steer_terminals(f: Path) -> Path:
    return put(f, name=["a\x1b[31mred", "b\x07"], depth=[2.0, 3.0])


@CASES.reads(names=("x" * 10_000, "<script>alert(1)</script>"))
def names_too_long_and_with_markup(f: Path) -> Path:
    return put(f, name=["x" * 10_000, "<script>alert(1)</script>"], depth=[2.0, 3.0])


@CASES.reads("column for depth: W", "column for mine: 所属煤矿", "column for phase: 治理分期")
def survey_spellings(f: Path) -> Path:
    return put(f, TBBH=["1", "2"], MC=["甲", "乙"], W=[2.0, 3.0], 所属煤矿=["权台", "旗山"], 治理分期=["一期", "二期"])


@CASES.reads("column for depth: 下沉深度�]0;x�")
def columns_that_steer_terminals(f: Path) -> Path:
    return put(f, **{"下沉深度\x1b]0;x\x07": [2.0, 3.0]})


@CASES.refused("holds true/false, not depths")
def depth_as_truth(f: Path) -> Path:
    return put(f, depth=[True, False])


@CASES.refused("infinite")
def depth_infinite(f: Path) -> Path:
    (f / "a.csv").write_text("id,depth,wkt\n" + "\n".join(f'{i},1e999,"{g.wkt}"' for i, g in enumerate(squares())))
    return f / "a.csv"


@CASES.refused(r"targets.green.min_mu = 500.0 is above the site's area of 180.0 mu")
def quota_above_the_area(f: Path) -> Path:
    put(f, depth=[2.0, 3.0])
    return site(f, '[layers]\npolygons = "a.gpkg"\n[targets.green]\nmin_mu = 500.0\n')


@CASES.refused("min_mu 50.0 is above max_mu 20.0")
def quota_upside_down(f: Path) -> Path:
    put(f, depth=[2.0, 3.0])
    return site(f, '[layers]\npolygons = "a.gpkg"\n[targets.green]\nmin_mu = 50.0\nmax_mu = 20.0\n')


@CASES.refused("reservoir.level_m = 31.5 m is above the highest rim, 0.00 m")
def level_above_the_rim(f: Path) -> Path:
    put(f, depth=[2.0, 3.0])
    return site(f, '[layers]\npolygons = "a.gpkg"\n[reservoir]\nlevel_m = 31.5\n')


@CASES.refused("no parcel 'Q1'")
def lock_on_a_strange_parcel(f: Path) -> Path:
    put(f, id=["P1", "P2"], depth=[2.0, 3.0])
    return site(f, '[layers]\npolygons = "a.gpkg"\n[[lock]]\nparcel = "Q1"\ntarget = "green"\n')


@CASES.refused("forbids 'housing'")
def constraint_on_an_unknown_target(f: Path) -> Path:
    put(f, depth=[2.0, 3.0])
    frame(squares(1), kind=["road"], forbids=["housing"]).to_file(f / "c.gpkg")
    return site(f, '[layers]\npolygons = "a.gpkg"\nconstraints = "c.gpkg"\n')


@CASES.reads()
def constraint_in_chinese(f: Path) -> Path:
    put(f, depth=[2.0, 3.0])
    frame(squares(1), 类型=["村庄"], 禁止用途=["建设用地、水库"], 名称=["张庄"]).to_file(f / "c.gpkg")
    return site(f, '[layers]\npolygons = "a.gpkg"\nconstraints = "c.gpkg"\n')
