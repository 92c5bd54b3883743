"""Pages run their own scripts and nothing else, whatever texts a site's files held."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from map_world import HOSTILE, world

from planner.maps import draw
from planner.report.document import Document
from planner.report.html import as_html


class Page(HTMLParser):
    """A page's policy, the scripts it would run, and every attribute it has."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=False)
        self.policy, self.scripts, self.attributes, self._script = "", [], [], None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "meta" and told.get("http-equiv") == "Content-Security-Policy":
            self.policy = told["content"] or ""
        self._script = [] if tag == "script" and "type" not in told else None
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._script is not None:
            self.scripts.append("".join(self._script))
            self._script = None

    def allowed(self, directive: str) -> list[str]:
        found = re.search(rf"{directive} ([^;]*)", self.policy)
        return found.group(1).split() if found else []


def hash_of(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def checked(text: str) -> Page:
    page = Page(text)
    assert "default-src 'none'" in page.policy
    allowed = page.allowed("script-src")
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set(allowed)
    assert sorted({hash_of(script) for script in page.scripts}) == sorted(set(allowed))
    handlers = [(name, value) for name, value in page.attributes if name.startswith("on")]
    assert not handlers
    assert not [v for _, v in page.attributes if v and v.strip().lower().startswith(("javascript:", "vbscript:"))]
    return page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_map_of_hostile_names_runs_its_own_scripts_only(lang: str) -> None:
    text = draw(world(), lang=lang).page()
    page = checked(text)
    assert len(page.scripts) == 4
    assert not [name for name in HOSTILE.values() if "<" in str(name) and str(name) in text]


def test_two_maps_have_their_own_hashes() -> None:
    a, b = (Page(draw(world(), lang=lang).page()).allowed("script-src") for lang in ("en", "zh"))
    assert len(set(a) & set(b)) == 3  # Leaflet, its flags, the engine
    assert len(set(a) - set(b)) == 1


def test_a_report_runs_nothing_at_all() -> None:
    name = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    text = as_html(Document(name, name, name, "en", (), name))
    page = checked(text)
    assert page.scripts == []
    assert page.allowed("script-src") == []


@pytest.mark.browser
def test_what_is_slipped_into_a_page_does_not_run(browser: Any, tmp_path: Path) -> None:
    text = draw(world()).page()
    slipped = "<script>window.slipped = 1</script><img src=x onerror='window.slipped = 2'>"
    slipped += "<a id=l href='javascript:window.slipped=3'>x</a>"
    (tmp_path / "map.html").write_text(text.replace("</body>", slipped + "</body>"), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "map.html").as_uri())
    page.wait_for_function("() => window.planner && planner.page")
    page.evaluate("() => document.getElementById('l').click()")
    assert page.evaluate("() => window.slipped") is None
    page.close()
