"""Every text of the house: it exists in both languages with the same values, renders, is used, and its Chinese is Chinese."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from planner.columns import TABLES
from planner.landuse import COVERS, TARGETS, TREATMENTS
from planner.words import Message, render, term
from planner.words.table import sections

ROOT = Path(__file__).parents[2] / "planner"
CODES = {
    lang: {
        f"{room}.{name}": text
        for room, texts in tomllib.loads((ROOT / "words" / f"{lang}.toml").read_text(encoding="utf-8")).items()
        for name, text in texts.items()
    }
    for lang in ("en", "zh")
}
SECTIONS = {code.partition(".")[0] for code in CODES["en"]}
# Latin words that Chinese texts keep: names of programs, formats, systems, places and people, and what is typed as it stands.
NAMES = set((Path(__file__).parent / "names.txt").read_text(encoding="utf-8").split())
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
LATIN = re.compile(r"`[^`]*`|--?[A-Za-z][\w-]*|[A-Za-z][\w.:/*+\-\[\]=]*")


def parts(template: str) -> list[tuple[str, str]]:
    """The values a template names, each with its spec."""
    return [(name, spec or "") for _, name, spec, _ in Formatter().parse(template) if name is not None]


def sample(spec: str) -> Any:
    """A value that fits a spec, without a Latin letter."""
    if spec.startswith("?"):
        return 2
    if spec.startswith("@"):
        return next(iter(tomllib_section(spec[1:])), "甲")
    if spec.endswith("d"):
        return 3
    return 1234.5 if spec else "甲"


def tomllib_section(name: str) -> list[str]:
    if name in ("target", "treatment"):
        from planner.landuse import TARGETS, TREATMENTS

        return list({"target": TARGETS, "treatment": TREATMENTS}[name])
    return [code.partition(".")[2] for code in CODES["en"] if code.startswith(f"{name}.")]


def english_in(text: str) -> list[str]:
    """Latin words of a Chinese text that are neither names, units, keys of a file nor options."""
    found = []
    text = re.sub(r"^[\w.]+(?=：)|[\w.]+(?= = )", "", text)  # the key something is said of, as it is typed
    for hit in LATIN.findall(text):
        word = hit.rstrip(".:=/-*+")
        typed = word.startswith(("`", "-")) or re.search(r"[._/\[\]=\d]", word)
        if not (typed or word in NAMES or len(word) == 1 or word.replace("-", "").isupper()):
            found.append(word)
    return found


class Calls(ast.NodeVisitor):
    """What a file says: codes with the values given, texts that may be codes, beginnings of codes put together."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str, set[str] | None]] = []
        self.texts: set[str] = set()
        self.beginnings: set[str] = set()
        self.said_beginnings: set[str] = set()
        self.tables: set[str] = set()

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            if name == "term":
                self.tables.add(first.value)
            elif name in ("say", "tell", "told", "both", "text", "Message") and re.fullmatch(
                r"[a-z_]+\.[a-z0-9_]+", first.value
            ):
                named = {k.arg for k in node.keywords if k.arg}
                whole = name != "Message" and all(k.arg for k in node.keywords)
                self.said.append((node.lineno, first.value, named if whole else None))
        if isinstance(first, ast.JoinedStr) and name in ("say", "tell", "text") and isinstance(first.values[0], ast.Constant):
            begins = str(first.values[0].value)
            self.said_beginnings |= {begins} if re.match(r"[a-z_]+\.", begins) else set()
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.add(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        first = node.values[0] if node.values else None
        begins = str(first.value) if isinstance(first, ast.Constant) else ""
        if re.fullmatch(r"[a-z_]+\.[a-z0-9_]*", begins) and begins.partition(".")[0] in SECTIONS:
            self.beginnings.add(str(first.value))
        self.generic_visit(node)


def told(path: Path) -> Calls:
    calls = Calls()
    calls.visit(ast.parse(path.read_text(encoding="utf-8")))
    return calls


SOURCES = {str(path.relative_to(ROOT)): told(path) for path in sorted(ROOT.rglob("*.py"))}


def test_both_languages_hold_the_same_codes_in_the_same_order() -> None:
    assert list(CODES["en"]) == list(CODES["zh"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sections_are_in_alphabetical_order(lang: str) -> None:
    assert list(sections(lang)) == sorted(sections(lang))


@pytest.mark.parametrize("code", CODES["en"])
def test_a_text_names_the_same_values_in_both_languages(code: str) -> None:
    if code in ("words.both", "verdict.source", "verdict.standard", "verdict.clause"):  # each language shows its own
        return
    en, zh = ({name for name, _ in parts(CODES[lang].get(code, ""))} for lang in ("en", "zh"))
    assert en == zh, f"{code}: English names {sorted(en)}, Chinese {sorted(zh)}"


@pytest.mark.parametrize("code", CODES["en"])
def test_a_text_renders_and_its_chinese_is_chinese(code: str) -> None:
    for lang in ("en", "zh"):
        values = {name: sample(spec) for name, spec in reversed(parts(CODES[lang][code]))}
        shown = render(Message(code, values), lang)
        assert shown.strip() or not CODES[lang][code]
        assert "{" not in shown or "{{" in CODES[lang][code]
        if lang == "zh":
            assert not english_in(shown), f"{code}: {english_in(shown)} in {shown!r}"


@pytest.mark.parametrize("code", CODES["en"])
def test_an_english_text_is_english(code: str) -> None:
    kept = re.sub(r"[\u4e00-\u9fff]+〔\d{4}〕\d+号|地类", "", CODES["en"][code])  # decrees by their number, a field's name
    assert not CHINESE.search(kept)


@pytest.mark.parametrize("title", TABLES)
def test_headings_of_columns_are_in_their_language(title: str) -> None:
    for column in TABLES[title].values():
        assert not CHINESE.search(column.en) and not english_in(column.zh), column.name
        assert column.en and column.zh and column.meaning
        assert not column.unit or term("unit", column.unit, "zh") in CODES["zh"].values(), column.unit


def test_targets_treatments_and_covers_are_called_in_their_language() -> None:
    for known in (*TARGETS.values(), *TREATMENTS.values(), *COVERS):
        assert not CHINESE.search(known.en) and not english_in(known.zh), known.key


@pytest.mark.parametrize("name", [n for n, calls in SOURCES.items() if calls.said])
def test_what_is_said_exists_with_its_values(name: str) -> None:
    for line, code, given in SOURCES[name].said:
        assert code in CODES["en"], f"{name}:{line}: {code} is in no words/en.toml"
        if given is not None:
            needed = {n for lang in CODES for n, _ in parts(CODES[lang][code])}
            assert given == needed, f"{name}:{line}: {code} names {sorted(needed)}, given {sorted(given)}"


def test_every_text_is_used() -> None:
    texts = set().union(*(calls.texts for calls in SOURCES.values()))
    beginnings = tuple(set().union(*(calls.beginnings for calls in SOURCES.values())))
    tables = set().union(*(calls.tables for calls in SOURCES.values()))
    tables |= {"map_page", "map_view", "map_note", "step"}  # tests/maps/test_maps.py asks which of the page's words are used
    tables |= {spec[1:] for text in CODES["en"].values() for _, spec in parts(text) if spec.startswith("@")} | {"unit"}
    for beginning in set().union(*(calls.said_beginnings for calls in SOURCES.values())):
        assert any(code.startswith(beginning) for code in CODES["en"]), f"no text begins with {beginning}"
    unused = [
        code
        for code in CODES["en"]
        if code not in texts and code.partition(".")[0] not in tables and not (beginnings and code.startswith(beginnings))
    ]
    assert not unused, f"texts that nothing says: {unused}"


ERRORS = {"PlannerError", "UsageError", "InvalidInput", "CRSMismatch", "OutputExists", "Infeasible", "NoPlanInTime"}


def finished(source: str) -> list[int]:
    """Lines that raise an error with a sentence of their own: one language only, known to no words/*.toml."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in ERRORS
        and node.args
        and isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
    ]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_error_is_raised_with_a_finished_sentence(path: Path) -> None:
    assert not finished(path.read_text(encoding="utf-8"))


def test_finished_sentences_are_seen() -> None:
    assert finished('raise InvalidInput(f"{path}: no such file")\nraise InvalidInput(say("read.no_file"))') == [1]


@pytest.mark.parametrize("site", ["panan", "zhonghu"])
def test_sources_of_the_samples_are_told_in_chinese(site: str) -> None:
    written = tomllib.loads((ROOT.parent / "sample_geo" / site / "site.toml").read_text(encoding="utf-8"))
    for given in (*written["economics"]["item"], *written["economics"]["fund"], *written["reference"]):
        assert CHINESE.search(given["source_zh"]), given
        assert not english_in(given["source_zh"])
        assert not CHINESE.search(given["source"])


def test_english_words_in_chinese_are_seen() -> None:
    assert english_in("地块 no depth 缺失") == ["no", "depth"]
    assert not english_in("请用 --encoding 指明 layers.polygons，如 EPSG:4527；见 `planner init`（SL 252）")


# What stands outside words/ in Chinese, and why: words that users' files hold, and the tables of docs/words.md.
DATA = {
    "asbuilt/built.py": "land uses of surveys",
    "cli/console.py": "where a line may break",
    "columns/plan.py": "the table of headings",
    "columns/rooms.py": "the table of headings",
    "landuse.py": "the table of targets, treatments and covers, with the words of land-use maps",
    "maps/basemaps.py": "attributions, as their owners ask",
    "maps/web/frame.js": "languages under their own names",
    "parameters.toml": "sources by their titles",
    "periods.py": "dates as people write them",
    "plan/places.py": "kinds of places in users' layers",
    "protection.py": "fields of users' layers",
    "report/fonts.py": "where a line may break",
    "report/stakes.py": "items of cost that move households",
    "subsidence/headings.py": "fields of users' layers",
    "subsidence/panels.py": "fields of users' layers",
    "water/ground.py": "names of users' rasters",
}
READ = re.compile(r"read/(?!init\.py)\w+\.py")  # fields, roles and units of users' files


def chinese_in(path: Path) -> list[str]:
    """Strings with a Chinese letter or mark in a file of ours, docstrings and comments left out."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return [
            line for line in source.splitlines() if CHINESE.search(line.partition("#" if path.suffix == ".toml" else "//")[0])
        ]
    tree = ast.parse(source)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in told
        and CHINESE.search(node.value)
    ]


def test_chinese_stands_in_words_alone() -> None:
    files = [
        path.relative_to(ROOT) for path in sorted(ROOT.rglob("*")) if path.suffix in (".py", ".js", ".css", ".html", ".toml")
    ]
    ours = {str(name) for name in files if {"words", "vendor"}.isdisjoint(name.parts) and chinese_in(ROOT / name)}
    left = {name for name in ours if not READ.fullmatch(name)}
    assert left == set(DATA), f"Chinese outside planner/words/ that is no data: {sorted(left ^ set(DATA))}"


def test_chinese_in_a_file_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('"""文."""\nx = 1  # 注\nsay = f"恢复{x}亩"\n', encoding="utf-8")
    (tmp_path / "a.js").write_text('// 注\nconst a = "亿";\n', encoding="utf-8")
    assert [chinese_in(tmp_path / name) for name in ("a.py", "a.js")] == [["恢复", "亩"], ['const a = "亿";']]
