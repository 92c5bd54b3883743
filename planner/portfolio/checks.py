"""What is wrong with a programme before anything is solved: one line each, with the fix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.portfolio.keys import ProjectItem
from planner.portfolio.programme import Programme, trimmed
from planner.words import Message, say

ENOUGH = 1 - 1e-9  # shares that add up to less leave a part of a project unpaid


def check(made: Programme) -> None:
    """Raises InvalidInput at the first fault: names, years, circles, money, places."""
    _names(made)
    _years(made)
    _variants(made)
    _circle(made)
    _shares(made)
    _places(made)


def _names(made: Programme) -> None:
    if not made.projects:
        raise InvalidInput(say("portfolio.no_projects"))
    if not made.funds:
        raise InvalidInput(say("portfolio.no_funds"))
    for kind, ids in (("project", [p.id for p in made.projects]), ("fund", [f.id for f in made.funds])):
        twice = [name for name, count in Counter(ids).items() if count > 1]
        if twice:
            raise InvalidInput(say("portfolio.twice", kind=kind, id=twice[0]))
    known, funds = set(made.index), {f.id for f in made.funds}
    for project in made.projects:
        for key, others in (("after", project.after), ("with", project.with_), ("not_with", project.not_with)):
            _known(f"project {project.id}: {key}", others, known)
            if project.id in others:
                raise InvalidInput(say("portfolio.itself", id=project.id, key=key))
    for fund in made.funds:
        _known(f"fund {fund.id}: eligible.projects", fund.eligible.projects, known)
        _known(f"fund {fund.id}: match", fund.match, funds)


def _known(where: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise InvalidInput(say("portfolio.unknown", where=where, name=name, nearest=nearest(name, known)))


def _years(made: Programme) -> None:
    first, last = int(made.years[0]), int(made.years[-1])
    span = {"first": first, "last": last}
    for fund in made.funds:
        if isinstance(fund.yearly_cny, dict):
            for year, cny in fund.yearly_cny.items():
                if not first <= year <= last and cny > 0:
                    raise InvalidInput(say("portfolio.money_outside", fund=fund.id, year=year, cny=cny, **span))
    for project in made.projects:
        low, high = project.earliest or first, project.latest or last
        if low > last or high < first:
            raise InvalidInput(say("portfolio.project_outside", id=project.id, earliest=low, latest=high, **span))
        if low > high:
            raise InvalidInput(say("portfolio.crossed", id=project.id, earliest=low, latest=high))


def _variants(made: Programme) -> None:
    for project in made.projects:
        if not project.variant:
            raise InvalidInput(say("portfolio.no_variant", id=project.id))
        names = [v.name for v in project.variant]
        if len(set(names)) < len(names):
            raise InvalidInput(say("portfolio.variant_twice", id=project.id, name=max(names, key=names.count)))
        for variant in project.variant:
            if not trimmed(variant.spend_cny) and not any(variant.benefit_cny):
                raise InvalidInput(say("portfolio.empty_variant", id=project.id, name=variant.name))
        wanted = project.settled
        if wanted is not None and wanted.variant not in names:
            raise InvalidInput(say("portfolio.settled_variant", id=project.id, name=wanted.variant, known=names))
        if (project.must or wanted is not None) and not any(made.starts(project, v) for v in project.variant):
            raise InvalidInput(_no_start(made, project))


def _no_start(made: Programme, project: ProjectItem) -> Message:
    shortest = min(made.lasts(v) for v in project.variant)
    return say("portfolio.no_start", id=project.id, years=shortest, last=int(made.years[-1]))


def _circle(made: Programme) -> None:
    """The first circle among `after`, told whole."""
    after = {p.id: p.after for p in made.projects}
    done: set[str] = set()
    for root in after:
        path: list[str] = []
        stack = [(root, iter(after[root]))] if root not in done else []
        on_path = {root}
        path = [root]
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                done.add(name)
                on_path.discard(path.pop())
            elif following in on_path:
                circle = [*path[path.index(following) :], following]
                raise InvalidInput(say("portfolio.circle", path=" → ".join(circle)))
            elif following not in done:
                stack.append((following, iter(after[following])))
                path.append(following)
                on_path.add(following)


def _shares(made: Programme) -> None:
    """Whether the funds that may pay for a project can pay all of it by their shares."""
    for project in made.projects:
        found = []
        for variant in project.variant:
            paying = [made.funds[f] for f in range(len(made.funds)) if made.pays(f, project, variant)]
            found.append((sum(f.max_share for f in paying), sum(f.min_share for f in paying), [f.id for f in paying]))
        if not any(most >= ENOUGH and least <= 2 - ENOUGH for most, least, _ in found):
            most, least, names = max(found)
            if not names:
                raise InvalidInput(say("portfolio.nobody_pays", id=project.id))
            if most < ENOUGH:
                raise InvalidInput(say("portfolio.shares_short", id=project.id, funds=names, share=100 * most))
            raise InvalidInput(say("portfolio.shares_over", id=project.id, funds=names, share=100 * least))


def _places(made: Programme) -> None:
    if made.earth is None:
        return
    for project in made.projects:
        moved = any(any(v.surplus_m3) if isinstance(v.surplus_m3, tuple) else v.surplus_m3 for v in project.variant)
        if moved and project.id not in made.places:
            raise InvalidInput(say("portfolio.no_place", id=project.id))
