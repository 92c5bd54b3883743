"""Plan → report: one page for the decision, then how, from what, and what it means; as HTML, as PDF, and the map as a sheet."""

from planner.report.html import as_html
from planner.report.pdf import as_pdf
from planner.report.sheet import map_pdf
from planner.report.write import report_html, report_pdf, write_report

__all__ = ["as_html", "as_pdf", "map_pdf", "report_html", "report_pdf", "write_report"]
