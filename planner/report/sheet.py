"""The plan's map alone, on one sheet of A4 or A3 for the wall and the file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

from planner.errors import InvalidInput
from planner.plan.verdict import verdict
from planner.report.charts import plan_map
from planner.report.document import Say
from planner.report.fonts import HINT, Ruler, chinese_family, font, plotting
from planner.words import Message, render
from planner.words import say as tell

if TYPE_CHECKING:
    from planner.plan import Plan

PAPER_IN = {"A4": (11.69, 8.27), "A3": (16.54, 11.69)}  # landscape
MARGIN_IN = 0.55
LEADING = 1.3
GAP_PT = 5.0  # below the title, and between head and map


def map_pdf(plan: Plan, *, paper: Literal["A3", "A4"] = "A3", lang: str = "en") -> bytes:
    """The map by target as a PDF sheet in landscape with title, verdict, figures, legend, scale, north and approval number.

    Raises InvalidInput where paper is neither A3 nor A4, or a Chinese sheet is wanted and no font for it is there.
    """
    if paper not in PAPER_IN:
        raise InvalidInput(Message("report.paper", {"paper": paper, "known": sorted(PAPER_IN)}))
    matplotlib = plotting()
    if lang == "zh" and chinese_family() is None:
        raise InvalidInput(Message("report.no_font", {"hint": HINT}))
    say = Say(lang)
    width, height = PAPER_IN[paper]
    title, lines = _head(plan, say, (width - 2 * MARGIN_IN) * 72)
    head = sum(size * LEADING for _, size, _, _ in lines) / 72 + 2 * GAP_PT / 72
    inner = (width - 2 * MARGIN_IN, height - 2 * MARGIN_IN - head)
    made = plan_map(plan, say, inner[0], inner[1] / inner[0])
    engine = made.get_layout_engine()
    made.set_size_inches(width, height)
    if engine is not None:
        engine.set(rect=(MARGIN_IN / width, MARGIN_IN / height, inner[0] / width, inner[1] / height))  # type: ignore[call-arg]
    y = height - MARGIN_IN
    for k, (text, size, weight, colour) in enumerate(lines):
        y -= size / 72 * LEADING + (GAP_PT / 72 if k == 1 else 0.0)
        place = (MARGIN_IN / width, y / height)
        made.text(*place, text, fontproperties=font(size, weight=weight), color=colour, parse_math=False)
    buffer = io.BytesIO()
    info = {"Title": title, "CreationDate": None, "ModDate": None, "Creator": "planner", "Producer": "matplotlib"}
    with matplotlib.rc_context({"pdf.fonttype": 3}):
        made.savefig(buffer, format="pdf", metadata=info)
    return buffer.getvalue()


def _head(plan: Plan, say: Say, room: float) -> tuple[str, list[tuple[str, float, str, str]]]:
    """Title, and the lines above the map: text, size in points, weight, colour; broken to `room` points."""
    about, s = plan.site.scenario.site, plan.summary()
    title = say.held(about.name_en or plan.site.name, plan.site.name)[:120]
    money = {"cost": s["economics"]["cost_cny"], "value": s["economics"]["benefit_cny"]}
    told = [(title, 20.0, "bold", "#1d2321")]
    if about.kind == "reconstruction":
        told.append((say("word.reconstruction"), 11.0, "bold", "#7a2e0b"))
    told.append((render(verdict(s).sentence, say.lang), 11.0, "bold", "#1d2321"))
    line = say("report.sheet_line", restored=s["restored_mu"], storage=s["water"]["storage_m3"], crs=s["site"]["crs"], **money)
    number = say("report.approval", number=about.approval_number or tell("word.internal"))
    told += [(line, 10.0, "regular", "#5a625f"), (number, 10.0, "regular", "#5a625f")]
    lines = []
    for text, size, weight, colour in told:
        clean = "".join(c if c.isprintable() else " " for c in text)
        lines += [(part, size, weight, colour) for part in Ruler(weight="bold").wrap(clean, size, room)]
    return title, lines
