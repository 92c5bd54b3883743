"""Units of length as people spell them, in tables' headings and cells, rasters' bands and tags, and site.toml."""

from __future__ import annotations

import re
import unicodedata
from typing import Final


def words_of(text: str) -> tuple[str, ...]:
    """The words of a list in one string."""
    return tuple(text.split())


_FOOT, _US_FOOT, _CHI = 0.3048, 1200.0 / 3937.0, 1.0 / 3.0  # m; 市尺: a third of a metre

# Unit → (metres, spellings in lower case without full stops, spaces or hyphens); the first is what it is called here.
UNITS: Final = {
    "m": (1.0, "m metre metres meter meters mètre mètres metro metros metr metry mts mtr м метр метры 米 公尺"),
    "dm": (0.1, "dm decimetre decimetres decimeter decimeters dezimeter décimètre décimètres дм 分米 公寸"),
    "cm": (0.01, "cm cms centimetre centimetres centimeter centimeters zentimeter centimètre centimètres см 厘米 公分"),
    "mm": (0.001, "mm mms millimetre millimetres millimeter millimeters millimètre millimètres мм 毫米 公厘"),
    "um": (1e-6, "um µm μm micron microns micrometre micrometer micrometres micrometers 微米"),
    "km": (1000.0, "km kilometre kilometres kilometer kilometers км 公里 千米"),
    "ft": (_FOOT, "ft foot feet fts internationalfoot internationalfeet footinternational 英尺 呎"),
    "us-ft": (
        _US_FOOT,
        "usft ftus ussurveyfoot ussurveyfeet footus feetus usfoot usfeet surveyfoot surveyfeet sft ussft footussurvey 测量英尺",
    ),
    "in": (_FOOT / 12, "in inch inches ins zoll pouce 英寸 吋"),
    "yd": (3 * _FOOT, "yd yds yard yards 码"),
    "fathom": (6 * _FOOT, "fathom fathoms ftm 英寻"),
    "尺": (_CHI, "chi 尺 市尺"),
    "寸": (_CHI / 10, "cun 寸 市寸"),
    "丈": (_CHI * 10, "zhang 丈 市丈"),
}
METRES: Final = {word: name for name, (_, words) in UNITS.items() for word in words.split()}
_PLAIN_WORDS: Final = words_of("chi cun zhang ins pouce ftm yard yards metro")  # also mean something else in a heading
_HARMLESS: Final = words_of("max min avg mean total sum new old est obs meas calc pred cum gis gps dem abs")
_HAN_UNITS: Final = tuple(sorted((w for w in METRES if "\u4e00" <= w[0] <= "\u9fff"), key=len, reverse=True))
_BRACKET: Final = re.compile(r"[(\[{<（【〔]([^)\]}>）】〕]*)[)\]}>）】〕]?")
_PER: Final = re.compile(
    r"(mm|cm|m|毫米|厘米|米|ft|in|inch|feet)\s*(/|per\s+|每|[·*.]\s*)\s*(a|y|yr|yrs|year|d|day|month|mon|mo|h|年|月|日|天|季|半年)"
    r"(\b|_|-1|\)|$)",
)  # a rate: mm/a, mm per year, 毫米每年, mm·a-1


def metres(unit: object) -> float | None:
    """Metres in one unit of length, however it is spelled; None where it is no unit of length."""
    name = known(unit)
    return None if name is None else UNITS[name][0]


def known(unit: object) -> str | None:
    """What a unit of length is called here: 'Meters' → 'm', 'US survey foot' → 'us-ft', '毫米' → 'mm'."""
    text = unicodedata.normalize("NFKC", str(unit)).strip().lower()
    return METRES.get(re.sub(r"[\s.\-_()\[\]（）]+", "", text))


def tokens(name: object) -> list[str]:
    """A heading's words in lower case: 'SubsidenceDepth_mm(2023)' → subsidence, depth, mm, 2023; Chinese stays in runs."""
    text = unicodedata.normalize("NFKC", str(name))
    text = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z]{2}\b)", " ", text)
    return re.findall(r"[\u3400-\u9fff]+|[^\W\d_\u3400-\u9fff]+|\d+", text.lower())


def is_rate(name: object) -> bool:
    """Whether a heading says so much in a time: mm/a, mm per year, m·d⁻¹, 毫米每年."""
    return _PER.search(unicodedata.normalize("NFKC", str(name)).lower()) is not None


def unit_of(name: object) -> str | None:
    """The unit of length a heading says, as it is called here; None where it says none.

    Raises LookupError with what stands in brackets where that looks like a unit and is none known.
    """
    text = unicodedata.normalize("NFKC", str(name)).strip()
    strange = None
    for inside in _BRACKET.findall(text):
        said = re.split(r"[,;:，；：]|单位", inside.lower())
        for part in (p.strip() for p in said):
            if known(part) is not None:
                return known(part)
            if re.fullmatch(r"[a-zµμ]{1,3}[.²³]?|[a-z]{4,}s?", part) and part not in _HARMLESS and len(part) <= 4:
                strange = part
    words = tokens(_BRACKET.sub(" ", text))
    hits = [METRES[w] for w in words if w in METRES and w not in _PLAIN_WORDS and w not in ("m", "in") and len(words) > 1]
    if not hits and len(words) > 1:
        last = [w for w in words if not w.isdigit()][-1:]
        hits = [METRES[w] for w in last if w == "m" or w == words[-1] == "in"]  # "sunk in 2020" is no inch
    if not hits:
        runs = [w for w in words if "\u3400" <= w[0] <= "\u9fff"]
        hits = [METRES[u] for w in runs for u in _HAN_UNITS if w.endswith(u) and (len(u) > 1 or len(w) > 2)][:1]
    if not hits and strange is not None:
        raise LookupError(strange)
    return hits[0] if hits else None


_SPELLED = "|".join(sorted((re.escape(w) for w in METRES if len(w) > 1 or w in "m米尺寸丈"), key=len, reverse=True))
QUANTITY: Final = re.compile(
    rf"^\s*(?:约|≈|~|ca\.?)?\s*([-+−]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)\s*({_SPELLED}|us[- ]?ft|′|')?\.?\s*$",
    re.IGNORECASE,
)


def quantity(text: str) -> tuple[float, str | None] | None:
    """A cell's number and the unit beside it: '2,5 ft' → (2.5, 'ft'), '−3' → (−3, None); None where it is no number."""
    hit = QUANTITY.match(text)
    if hit is None:
        return None
    unit = hit.group(2)
    return float(hit.group(1).replace(",", ".").replace("−", "-")), None if unit is None else "ft" if unit in "′'" else known(
        unit
    )
