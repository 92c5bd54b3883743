"""What a rule adds to a problem: sums over the options, helper columns, forbidden options, order among units, borders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from planner.allocation.table import Bools, Floats, Ints, OptionTable
from planner.words import Message, plain

INF = float("inf")
TURNED = "turned"  # the kind of a row that says with minus signs, and at most, what is told as at least
ROUNDING = 2.0**-50  # share of its terms by which a sum may be off from numbers and coefficients becoming doubles: four ulps


@dataclass(frozen=True, eq=False)
class Sum:
    """One coupling row: lo ≤ Σ coef·x + helper columns + border·(border cost) ≤ hi, in `unit`.

    coef: shape (K,). label: what the row is called in results. limit: what the row's limit is called ("min", "max").
    border, money: how much of the compactness cost and of the price of helper columns and of hauls (yuan) the row counts; only
    rows with an upper limit alone may count them. at_worth: whether it counts the money at what it takes off the objective.
    """

    label: Message | str
    unit: str
    coef: Floats
    lo: float = -INF
    hi: float = INF
    border: float = 0.0
    money: float = 0.0
    kind: str = ""  # which of its rule's rows it is, where they are told apart: import, export
    at_worth: bool = False

    def paid(self, worth: float) -> float:
        """How much the row counts of a yuan that takes `worth` off the objective."""
        return self.money * (worth if self.at_worth else 1.0)


@dataclass(frozen=True)
class Column:
    """A quantity beside the options, 0 ≤ y ≤ upper, that costs `price` yuan a unit: imported earth, a haul.

    entries: (position among the same part's sums, coefficient). goal: what a unit takes off the objective beside its price,
    whatever the objective is. worth: what a yuan of the price takes off it; a row that counts money counts it as `Sum.paid`.
    allows: the limit that the user stated on the quantity (inf: none), told in place of that of the row it feeds (entry −1),
    which only balances; None where each row's limit is its own.
    """

    label: str
    price: float
    upper: float
    entries: tuple[tuple[int, float], ...]
    goal: float = 0.0
    worth: float = 1.0
    allows: float | None = None


@dataclass(frozen=True, eq=False)
class Below:
    """Order: unit `child` may take an option of `mask` only if unit `parent` takes one too. Shapes (n,), (n,), (K,)."""

    child: Ints
    parent: Ints
    mask: Bools


@dataclass(frozen=True, eq=False)
class Borders:
    """Shared borders of units `a` and `b`, shapes (E,), and what they cost, yuan: cost·weight[kind, kind] of the two options.

    kind (K,): what each option is as far as these borders go. weight (T, T): symmetric, zero on the diagonal.
    """

    a: Ints
    b: Ints
    cost: Floats
    kind: Ints
    weight: Floats


@dataclass(frozen=True, eq=False)
class Hauls:
    """Earth carried from unit to unit at the least cost.

    lack (K,): compacted m³ that an option wants (spoil it gives below 0); unit (K,): whose it is; xy (N, 2): where units lie,
    m; rate: yuan per m³ and m. imported, exported: whether more can be wanted than given, or less. worth: what a yuan of it
    takes off the objective.
    """

    lack: Floats
    unit: Ints
    xy: Floats
    rate: float
    imported: bool
    exported: bool
    worth: float = 1.0

    def most(self, start: Ints) -> float:
        """No haul costs more, yuan; start (N + 1,): first option of each unit."""
        earth = float(np.maximum.reduceat(np.abs(self.lack), start[:-1]).sum())
        return earth * self.rate * float(np.hypot(*np.ptp(self.xy, axis=0)))


@dataclass(frozen=True, eq=False)
class Clauses:
    """Sparse rows Σ value·x ≤ hi over options: row and col and value of each entry, shapes (n,); hi of each row."""

    row: Ints
    col: Ints
    value: Floats
    hi: Floats


@dataclass(frozen=True, eq=False)
class Hidden:
    """Variables beside the options that only branch and bound sees, 0 ≤ v ≤ 1, and rows Σ over options + Σ over them ≤ hi.

    whole (F,): which must be 0 or 1. options, own: entries of the rows over options and over the variables. They may rule out
    only choices that break the rule anyway.
    """

    whole: Bools
    options: Clauses
    own: Clauses


class Separator(Protocol):
    """Finds the clauses a choice breaks, for rules whose rows are too many to write down beforehand."""

    @property
    def inside(self) -> Bools:
        """The options the rule is about, (K,)."""

    @property
    def graph(self) -> sparse.csr_array:
        """Which units lie side by side, (N, N)."""

    @property
    def one_piece(self) -> bool:
        """Whether the rule asks for one connected piece and nothing else."""

    def mended(self, worth: Floats, units: Bools, most_mu: float) -> Bools:
        """Units (N,) near the given ones that would keep the rule; worth (N,): what being inside brings each unit.

        most_mu: area not worth exceeding, that of a plan without the rule.
        """

    def freedom(self, units: Bools, worth: Floats) -> tuple[Bools, Bools]:
        """Units (N,) that must stay inside and units that may be: whatever lies between keeps the rule, where `units` does."""

    def broken(self, shares: Floats) -> Clauses | None:
        """Rows that shares of the options (K,) break; None where none is found."""

    def area(self, chosen: Ints) -> float:
        """Area of what a choice has inside, mu."""

    def clauses(self, chosen: Ints) -> Clauses | None:
        """Violated rows for the chosen option of each unit, shape (N,); None where the rule is kept."""

    def offending(self, chosen: Ints) -> Ints:
        """Options that a plan can give up to keep the rule."""

    def at_least(self, most: Floats, least: float, must: Bools) -> Separator:
        """The separator where the units inside come to `least` in every plan: what each adds at most (N,), and which are inside
        in every plan (N,). Itself where that says nothing new."""

    def known(self) -> Clauses | None:
        """Rows worth writing down beforehand that every plan keeps."""


@dataclass(frozen=True, eq=False)
class Part:
    """Everything one rule adds to a problem. forbid: positions of options that may not be chosen. cuts: rows that every choice
    which the separator passes keeps anyway, worth writing down beforehand."""

    sums: tuple[Sum, ...] = ()
    columns: tuple[Column, ...] = ()
    forbid: Ints | None = None
    below: Below | None = None
    borders: Borders | None = None
    clauses: Clauses | None = None
    separator: Separator | None = None
    cuts: Clauses | None = None
    hidden: Hidden | None = None
    hauls: Hauls | None = None


@dataclass(frozen=True)
class Conflict:
    """Why a rule alone cannot be kept: in words, and by how much it must give (a number in the rule's own unit)."""

    words: str
    relaxation: str


class Rule(Protocol):
    """A named limit. `str(rule)` says it in words; `told(rule)` in any language."""

    def part(self, table: OptionTable) -> Part:
        """What the rule adds to a problem over these options."""


class Named:
    """A rule that says itself in any language: `rule.told`; str(rule) is its English."""

    @property
    def told(self) -> Message:
        """The rule in words."""
        raise NotImplementedError

    def __str__(self) -> str:
        return str(self.told)


def told(rule: Rule) -> Message:
    """A rule in words; one that is not the planner's own by its str()."""
    return rule.told if isinstance(rule, Named) else plain(rule)


def beside(rule: Rule) -> float:
    """What a rule's limit counts beside the choice: lump sums of a budget, yuan."""
    return float(getattr(rule, "beside_cny", 0.0))


def kind_of(rule: Rule, kind: str) -> str:
    """What a limit is about, by its row's kind, or else the name of its rule."""
    return type(rule).__name__.lower() if kind in ("", TURNED) else kind


def about(rule: Rule, kind: str) -> tuple[str, str, str, str]:
    """What a row of a rule is about: its kind, target, treatment and name, empty where it is about all of them."""
    name = getattr(rule, "name", "") or getattr(rule, "column", "") or ""
    return kind_of(rule, kind), getattr(rule, "target", None) or "", getattr(rule, "treatment", None) or "", name


def empty_clauses() -> Clauses:
    """No rows at all."""
    none = np.empty(0, dtype=np.int64)
    return Clauses(none, none, np.empty(0), np.empty(0))


def stack_clauses(blocks: list[Clauses]) -> Clauses:
    """Several blocks of clauses as one."""
    if not blocks:
        return empty_clauses()
    offsets = np.cumsum([0] + [b.hi.size for b in blocks])
    return Clauses(
        np.concatenate([b.row + o for b, o in zip(blocks, offsets, strict=False)]),
        np.concatenate([b.col for b in blocks]),
        np.concatenate([b.value for b in blocks]),
        np.concatenate([b.hi for b in blocks]),
    )
