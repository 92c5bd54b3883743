"""One Chromium for all browser tests, with networking off; every request and every complaint of the page is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from map_world import world

from planner.maps import MapView, write_html


class Opened:
    """A page with what it asked for and complained about."""

    def __init__(self, page: Any):
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda r: self.requests.append(r.url) if not r.url.startswith(("data:", "blob:")) else None)
        page.on("console", lambda m: self.complaints.append(m.text) if self._counts(m) else None)
        page.on("pageerror", lambda e: self.complaints.append(str(e)))

    @staticmethod
    def _counts(message: Any) -> bool:
        """Errors and warnings, but for the one that a test's own reading of pixels causes."""
        return message.type in ("error", "warning") and "willReadFrequently" not in message.text

    def state(self, expression: str) -> Any:
        """A value of the page's own state."""
        return self.page.evaluate(f"() => planner.page.{expression}")

    def brush(self, column: str, low: float, high: float) -> None:
        """Drags over a column's chart from one share of its width to another."""
        self.page.click(".planner-charts summary")
        chart = self.page.locator(f".planner-histogram[data-column={column}]")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        self.page.mouse.move(box["x"] + low * box["width"], box["y"] + 20)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + high * box["width"], box["y"] + 20)
        self.page.mouse.up()

    def text(self, selector: str) -> str:
        """What a reader sees in an element."""
        return str(self.page.inner_text(selector))


@pytest.fixture(scope="module")
def view() -> MapView:
    """The small world that the tests of maps share."""
    return world()


@pytest.fixture(scope="module")
def path(view: MapView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its map as a file."""
    return write_html(view, tmp_path_factory.mktemp("map") / "map.html")


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a file at a size; after the test the page must have asked for nothing else and complained of nothing."""
    opened: list[tuple[Opened, str]] = []

    def go(
        path: Path,
        *,
        width: int = 1366,
        height: int = 768,
        fragment: str = "",
        ready: str = "[data-ready=yes]",
        locale: str = "en-GB",
    ) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": height}, offline=True, locale=locale, accept_downloads=True
        )
        found = Opened(context.new_page())
        found.page.set_default_timeout(15_000)
        found.page.goto(path.as_uri() + fragment)
        if ready:
            found.page.wait_for_selector(ready)
        opened.append((found, path.as_uri()))
        return found

    yield go
    for found, address in opened:
        assert [r for r in found.requests if r.split("#")[0] != address] == []
        assert found.complaints == []
        found.page.context.close()
