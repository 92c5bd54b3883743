"""The planner for agents: check, allocate, explain, whatif and compare as tools of the Model Context Protocol.

Read-only unless it is told otherwise, and confined to one folder: no tool reads or writes a path outside it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from planner.documents import read_toml
from planner.errors import InvalidInput, OutputExists, PlannerError
from planner.facade import load_plan, make_plan
from planner.plan.compare import compare_plans
from planner.plan.sensitivity import sweep
from planner.read import check as check_site
from planner.read import read_site
from planner.read.places import EVERYWHERE, cell_files
from planner.words import say

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from planner.facade import Plan

MOST_PLANS: Final = 8  # plans kept in memory, the oldest is forgotten first
MOST_VALUES: Final = 12  # of a key in one what-if
INSTRUCTIONS: Final = (
    "Plans the restoration of coal-mining subsidence land. A site is a folder with site.toml or a vector file below the root; "
    "`allocate` returns the plan's figures and a handle for `explain` and `compare`; a saved plan's folder is a handle too. "
    "Areas are mu (1/15 ha), volumes m³, money yuan."
)


@dataclass
class Desk:
    """What a session works on: the root no path may leave, whether it may write, and the plans made so far by handle."""

    root: Path
    writes: bool = False
    plans: dict[str, Plan] = field(default_factory=dict)

    def inside(self, path: str) -> Path:
        """A path below the root. Raises InvalidInput where it leaves it, by whatever way."""
        found = (self.root / path).resolve()
        if not found.is_relative_to(self.root.resolve()):
            raise InvalidInput(say("agents.outside", path=path))
        return found

    def site(self, path: str, sets: Mapping[str, Any] | None = None) -> Path:
        """A site whose own files lie below the root too, those that sets name and the tiles of mosaics among them."""
        found = self.inside(path)
        document = found / "site.toml" if found.is_dir() else found
        if document.suffix == ".toml" and document.is_file():
            for text in _texts(read_toml(document, say("scenario.no_file", path=document))):
                self._named(document.parent / text, text)
        for text in _texts(sets or {}):
            self._named(document.parent / text, text)
        return found

    def _named(self, path: Path, text: str) -> None:
        """Raises InvalidInput where a file that is named, or one that it is made of, lies outside the root."""
        root = self.root.resolve()
        if not os.path.lexists(path):
            return
        parts = cell_files(path.resolve(), EVERYWHERE) if path.is_file() else [path]
        if not all(part.resolve().is_relative_to(root) for part in (path, *parts)):
            raise InvalidInput(say("agents.outside", path=text))

    def plan(self, handle: str) -> Plan:
        """A plan made in this session, or the one saved in a folder."""
        return self.plans[handle] if handle in self.plans else load_plan(self.inside(handle))

    def keep(self, plan: Plan) -> str:
        """A new plan's handle."""
        handle = f"plan-{len(self.plans) + 1}"
        while handle in self.plans:
            handle += "'"
        if len(self.plans) >= MOST_PLANS:
            del self.plans[next(iter(self.plans))]
        self.plans[handle] = plan
        return handle


def _texts(node: Any) -> Iterator[str]:
    """Every text of a document that may name a file."""
    if isinstance(node, str) and 0 < len(node) < 1000 and "\0" not in node:
        yield node
    elif isinstance(node, Mapping):
        for child in node.values():
            yield from _texts(child)
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)


def server(root: str | Path, *, writes: bool = False) -> MCPServer:
    """The server over a folder; `writes` also lets `allocate` save plans there.

    Raises PlannerError where the SDK is not installed.
    """
    try:
        from mcp.server import MCPServer
    except ImportError:
        raise PlannerError(say("agents.missing")) from None
    desk = Desk(Path(root), writes)
    made = MCPServer("planner", instructions=INSTRUCTIONS)
    for tool in (_check, _allocate, _explain, _whatif, _compare):
        made.tool(name=tool.__name__.removeprefix("_"), description=tool.__doc__)(_bound(tool, desk))
    return made


def _bound(tool: Any, desk: Desk) -> Any:
    """A tool without its first argument, its errors told in words and never as a traceback."""
    import functools
    import inspect

    @functools.wraps(tool)
    def call(*args: Any, **named: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = tool(desk, *args, **named)
        except PlannerError as error:
            return {
                "error": str(error),
                "kind": type(error).__name__,
                "relax": list(map(str, getattr(error, "relaxations", ()))),
            }
        return answer

    signature = inspect.signature(tool, eval_str=True)
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
    call.__annotations__ = {name: p.annotation for name, p in signature.parameters.items() if name != "desk"}
    call.__annotations__["return"] = dict[str, Any]
    return call


def _check(desk: Desk, site: str) -> dict[str, Any]:
    """Read a site and report what was found, what was decided and why, and what is wrong; nothing is written."""
    return check_site(desk.site(site)).to_dict()


def _allocate(desk: Desk, site: str, sets: dict[str, Any] | None = None, save_as: str = "") -> dict[str, Any]:
    """Make the whole plan of a site: figures as in summary.json and a handle. sets: dotted keys that win over site.toml, e.g.
    {"budget.max_cny": 1e9}. save_as: a new folder below the root, only where the server may write."""
    if save_as and not desk.writes:
        raise InvalidInput(say("agents.read_only"))
    target = desk.inside(save_as) if save_as else None
    if target is not None and target.exists():
        raise OutputExists(say("agents.exists", path=save_as))
    plan = make_plan(read_site(desk.site(site, sets), sets=sets))  # whatever its name, a key of sets is one of site.toml
    answer = {"plan": desk.keep(plan), "summary": plan.summary()}
    if target is not None:
        answer["folder"] = str(plan.save(target).relative_to(desk.root.resolve()))
    return answer


def _explain(desk: Desk, plan: str, unit_id: str) -> dict[str, Any]:
    """Say why a unit has its target, why not the others, what would have to change. plan: a handle or a saved plan's folder."""
    return dict(desk.plan(plan).explain(unit_id).to_dict())


def _whatif(desk: Desk, site: str, key: str, values: list[float]) -> dict[str, Any]:
    """The plan over values of a dotted key, e.g. budget.max_cny: areas, money, and where no plan exists."""
    if len(values) > MOST_VALUES:
        raise InvalidInput(say("agents.too_many", count=len(values), most=MOST_VALUES))
    table = sweep(desk.site(site), key, values)
    rows = table.reset_index().to_dict("records")
    clean = [{k: (None if isinstance(v, float) and v != v else v) for k, v in row.items()} for row in rows]
    return {"key": key, "rows": clean}


def _compare(desk: Desk, plans: list[str]) -> dict[str, Any]:
    """Put plans side by side: mu, m³, yuan, and what moved from target to target. plans: handles or saved plans' folders."""
    return compare_plans([desk.plan(handle) for handle in plans], names=plans)
