"""Many projects, years and funds as one problem: which, when, how far, with whose money and earth; with a proven bound."""

from planner.portfolio.facade import Portfolio, portfolio

__all__ = ["Portfolio", "portfolio"]
