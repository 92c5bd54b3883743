"""The plan's map alone, on one sheet of A4 or A3 for the wall and the file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

from planner.errors import InvalidInput
from planner.report.charts import plan_map
from planner.report.document import Say
from planner.report.fonts import HINT, chinese_family, font, plotting
from planner.words import Message
from planner.words import say as tell

if TYPE_CHECKING:
    from planner.plan import Plan

PAPER_IN = {"A4": (11.69, 8.27), "A3": (16.54, 11.69)}  # landscape
MARGIN_IN = 0.55
HEAD_IN = 0.95


def map_pdf(plan: Plan, *, paper: Literal["A3", "A4"] = "A3", lang: str = "en") -> bytes:
    """The map by target as a PDF sheet in landscape with title, legend, scale, north arrow and approval number.

    Raises InvalidInput where paper is neither A3 nor A4, or a Chinese sheet is wanted and no font for it is there.
    """
    if paper not in PAPER_IN:
        raise InvalidInput(Message("report.paper", {"paper": paper, "known": sorted(PAPER_IN)}))
    matplotlib = plotting()
    if lang == "zh" and chinese_family() is None:
        raise InvalidInput(Message("report.no_font", {"hint": HINT}))
    say = Say(lang)
    width, height = PAPER_IN[paper]
    inner = (width - 2 * MARGIN_IN, height - 2 * MARGIN_IN - HEAD_IN)
    made = plan_map(plan, say, inner[0], inner[1] / inner[0])
    engine = made.get_layout_engine()
    made.set_size_inches(width, height)
    if engine is not None:
        engine.set(rect=(MARGIN_IN / width, MARGIN_IN / height, inner[0] / width, inner[1] / height))  # type: ignore[call-arg]
    about, s = plan.site.scenario.site, plan.summary()
    title = say.held(about.name_en or plan.site.name, plan.site.name)[:120]
    line = say("report.sheet_line", restored=s["restored_mu"], storage=s["water"]["storage_m3"], crs=s["site"]["crs"])
    number = say("report.approval", number=about.approval_number or tell("word.internal"))
    lines = [(title, 20.0, "bold", "#1d2321"), (line, 10.0, "regular", "#5a625f"), (number, 10.0, "regular", "#5a625f")]
    if about.kind == "reconstruction":
        lines.insert(1, (say("word.reconstruction"), 11.0, "bold", "#7a2e0b"))
    y = height - MARGIN_IN
    for text, size, weight, colour in lines:
        y -= size / 72 * 1.25
        clean = "".join(c if c.isprintable() else " " for c in text)
        place = (MARGIN_IN / width, y / height)
        made.text(*place, clean, fontproperties=font(size, weight=weight), color=colour, parse_math=False)
    buffer = io.BytesIO()
    info = {"Title": title, "CreationDate": None, "ModDate": None, "Creator": "planner", "Producer": "matplotlib"}
    with matplotlib.rc_context({"pdf.fonttype": 3}):
        made.savefig(buffer, format="pdf", metadata=info)
    return buffer.getvalue()
