"""What a table's columns are for, guessed from English and Chinese names; which one is the depth: see `depths`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.read.record import Record
from planner.scenario import Layer
from planner.words import say


@dataclass(frozen=True)
class Role:
    """Names a column of a role goes by: exact ones (best first), words inside longer names, words that rule it out."""

    exact: tuple[str, ...]
    inside: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


ROLES: Final = {
    "id": Role(
        (
            *(
                "parcel_id",
                "parcel",
                "unit_id",
                "id",
                "code",
                "no",
                "编号",
                "地块编号",
                "图斑编号",
                "地块编",
                "图斑编",
                "dkbm",
                "沉陷区编号",
                "塌陷区编号",
                "标识码",
            ),
            *("代码", "tbbh", "dkbh", "bsm", "bh", "objectid", "fid"),
        ),
        ("编号", "编码"),
        ("煤矿", "mine"),
    ),
    "name": Role(
        (
            "name",
            "title",
            "label",
            "名称",
            "地块名称",
            "沉陷区名称",
            "塌陷区名称",
            "图斑名称",
            "地块名",
            "图斑名",
            "地名",
            "mc",
            "dkmc",
            "layer",
        ),
        ("名称",),
        ("矿", "mine", "_en", "english", "权属", "坐落"),
    ),
    "name_en": Role(("name_en", "english", "english_name", "英文名", "英文名称")),
    "mine": Role(
        (
            "mine",
            "mine_name",
            "coal_mine",
            "colliery",
            "矿井",
            "煤矿",
            "矿名",
            "所属矿井",
            "所属煤矿",
            "矿井名称",
            "煤矿名称",
            "kj",
            "kjmc",
        ),
        ("煤矿", "矿井"),
        ("_en", "english", "英文"),
    ),
    "mine_en": Role(("mine_en", "mine_english", "矿井英文", "煤矿英文", "矿井英文名")),
    "phase": Role(("phase", "stage", "period", "期", "期次", "分期", "治理分期", "治理期", "阶段"), ("分期",)),
    "date": Role(
        ("date", "year", "time", "survey_date", "日期", "时间", "年份", "年度", "沉陷时间", "塌陷时间", "调查日期", "稳沉时间"),
        ("日期", "时间", "年份"),
    ),
}


def plain(name: object) -> str:
    """A column's name in one case and width, without its unit: '沉陷深度（ｍ）' → '沉陷深度'."""
    text = unicodedata.normalize("NFKC", str(name)).strip().lower()
    text = re.sub(r"\s*[(\[/].*$", "", text)
    text = re.sub(r"[_\s](mm|cm|m|ft|feet)$", "", text)
    return re.sub(r"[\s\-.]+", "_", text).strip("_")


def find(role: str, columns: Sequence[str]) -> str | None:
    """The column that fills a role best, or None."""
    spec = ROLES[role]
    names = {c: plain(c) for c in columns}
    for wanted in spec.exact:
        for column, name in names.items():
            if name == wanted:
                return column
    for word in spec.inside:
        for column, name in names.items():
            if word in name and not any(n in name for n in spec.never):
                return column
    return None


def chosen(layer: Layer, columns: Sequence[str], *, shown: str, record: Record) -> dict[str, str]:
    """The column of each role but the depth, as the layer names it or as guessed; guesses are recorded.

    columns: those that are left when the depth has its own. Raises InvalidInput where a named column is not there.
    """
    given = {"id": layer.id, "name": layer.name}
    result: dict[str, str] = {}
    for role in ROLES:
        wanted = given.get(role)
        if wanted is not None:
            if wanted not in columns:
                has = [str(c) for c in columns] or say("word.none")
                raise InvalidInput(say("read.no_column", path=shown, column=wanted, meant=nearest(wanted, columns), has=has))
            result[role] = wanted
            continue
        hit = find(role, [c for c in columns if c not in result.values()])
        if hit is not None:
            result[role] = hit
            record.decide(say("read.column_for", role=role), hit, say("read.by_name"))
    return result


def natural(text: str) -> str:
    """A key under which 'P2' sorts before 'P10'."""
    return re.sub(r"\d+", lambda m: m.group().lstrip("0").rjust(20, "0"), text)[:400] + "\0" + text
