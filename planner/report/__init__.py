"""Plan → report: one page for the decision, then how, from what, and what it means; as HTML and as PDF."""

from planner.report.write import report_html, report_pdf, write_report

__all__ = ["report_html", "report_pdf", "write_report"]
