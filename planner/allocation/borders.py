"""What borders between unlike units cost, as terms that a linear program and a price per border can hold.

A border whose units take kinds s and t costs weight[s, t]. That is a sum of terms w·max(x_a,head − x_b,tail, 0) over sets of
kinds: one per kind where all pairs cost alike, cuts (a set of kinds against the rest) where the weights are a metric that cuts
make up, and pairs for what is left. Every sum is exact for whole plans; cuts also make the relaxation tight.
Source: Potts terms, Boykov, Veksler & Zabih 2001; cut cone, Deza & Laurent 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components

from planner.allocation.parts import Borders
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.arrays import Edges, Terms

ALL_CUTS = 8  # kinds up to which every cut is tried; above, single kinds and the groups that near weights make

Cut = tuple[float, Bools, Bools]  # weight, head set, tail set


@dataclass(frozen=True, eq=False)
class Merged:
    """All borders of a problem: edges, terms, and the kind of each option (K,)."""

    edges: Edges
    terms: Terms
    kind: Ints


def no_edges() -> Edges:
    """No borders at all."""
    none = np.empty(0, dtype=np.int32)
    return Edges(none, none, np.empty(0), none)


def merged(borders: Sequence[Borders], factor: float, options: int) -> Merged:
    """The borders of several rules, costs times a factor, the kinds of all of them crossed into one kind per option."""
    used = [b for b in borders if factor > 0 and (b.cost > 0).any()]
    kind = np.zeros(options, dtype=np.int64)
    for layer in used:
        kind = np.unique(kind * layer.weight.shape[0] + layer.kind, return_inverse=True)[1].reshape(-1).astype(np.int64)
    kinds = int(kind.max(initial=0)) + 1
    pairs, cuts = [], []
    for layer in used:
        own = np.zeros(kinds, dtype=np.int64)
        own[kind] = layer.kind
        pairs.append(layer.weight[np.ix_(own, own)])
        cuts.append([(w, head[own], tail[own]) for w, head, tail in cut_terms(layer.weight)])
    a = np.concatenate([np.minimum(b.a, b.b)[b.cost > 0] for b in used]) if used else np.empty(0)
    b = np.concatenate([np.maximum(b.a, b.b)[b.cost > 0] for b in used]) if used else np.empty(0)
    cost = np.concatenate([b.cost[b.cost > 0] for b in used]) * factor if used else np.empty(0)
    layer_of = np.repeat(np.arange(len(used)), [int((b.cost > 0).sum()) for b in used])
    edges = Edges(a.astype(np.int32), b.astype(np.int32), cost, layer_of.astype(np.int32))
    return Merged(edges, _terms(pairs, cuts, kinds), kind)


def _terms(pairs: list[Floats], cuts: list[list[Cut]], kinds: int) -> Terms:
    """The terms of all layers over one list of distinct sets of kinds."""
    known: dict[bytes, int] = {}
    sets: list[Bools] = []

    def number(members: Bools) -> int:
        key = members.tobytes()
        if key not in known:
            known[key] = len(sets)
            sets.append(members)
        return known[key]

    flat = [(w, number(head), number(tail)) for layer in cuts for w, head, tail in layer]
    inside = [np.flatnonzero([members[t] for members in sets]) for t in range(kinds)]
    return Terms(
        pair=np.array(pairs).reshape(len(pairs), kinds, kinds),
        first=np.cumsum([0] + [len(layer) for layer in cuts]).astype(np.int64),
        head=np.array([h for _, h, _ in flat], dtype=np.int64),
        tail=np.array([t for *_, t in flat], dtype=np.int64),
        weight=np.array([w for w, *_ in flat], dtype=np.float64),
        set_first=np.cumsum([0] + [i.size for i in inside]).astype(np.int64),
        sets=np.concatenate(inside).astype(np.int64),
        set_count=len(sets),
    )


def cut_terms(weight: Floats) -> list[Cut]:
    """Terms whose sum is weight[s, t] for every pair of kinds (T, T), symmetric, zero on the diagonal."""
    groups = _alike(weight)
    if groups is not None:
        level, label = groups
        classes = [label == c for c in range(int(label.max()) + 1)]
        return [(level, c, c) for c in classes] if len(classes) > 2 else _both_ways(level, classes[0])
    sets = _sets(weight)
    upper = np.triu_indices(weight.shape[0], 1)
    columns = np.array([(s[upper[0]] != s[upper[1]]).astype(float) for s in sets]).T
    price = np.r_[np.full(len(sets), -1e-6), np.ones(upper[0].size)]  # what cuts cannot make up is dear
    equal = np.hstack([columns, np.eye(upper[0].size)])
    answer = linprog(price, A_eq=equal, b_eq=weight[upper], bounds=(0, None), method="highs")
    share = np.asarray(answer.x)
    share[share < 1e-12 * max(float(weight.max()), 1e-300)] = 0.0
    terms = [t for s, w in zip(sets, share[: len(sets)], strict=True) if w > 0 for t in _both_ways(float(w), s)]
    rest = weight[upper] - columns @ share[: len(sets)]
    for s, t, w in zip(*upper, rest, strict=True):
        if w > 1e-9 * float(weight.max()):
            one, other = np.zeros(weight.shape[0], dtype=np.bool_), np.zeros(weight.shape[0], dtype=np.bool_)
            one[s], other[t] = True, True
            terms += [(float(w), one, ~other), (float(w), other, ~one)]
    return terms


def _both_ways(weight: float, members: Bools) -> list[Cut]:
    return [(weight, members, members), (weight, ~members, ~members)]


def _alike(weight: Floats) -> tuple[float, Ints] | None:
    """The one weight between groups of kinds that cost nothing among themselves, and each kind's group; else None."""
    level = float(weight.max(initial=0.0))
    _, label = connected_components(weight + np.eye(weight.shape[0]) == np.where(np.eye(weight.shape[0]) > 0, 1, 0))
    apart = label[:, None] != label[None, :]
    return (level, label.astype(np.int64)) if (weight == np.where(apart, level, 0.0)).all() else None


def _sets(weight: Floats) -> list[Bools]:
    """Sets of kinds to cut along."""
    kinds = weight.shape[0]
    if kinds <= ALL_CUTS:
        codes = np.arange(1, 2 ** (kinds - 1))
        return [((code >> np.arange(kinds)) & 1).astype(np.bool_) for code in codes]
    found = {np.eye(kinds, dtype=np.bool_)[k].tobytes(): np.eye(kinds, dtype=np.bool_)[k] for k in range(kinds)}
    for level in np.unique(weight):
        count, label = connected_components(weight <= level)
        for c in range(count):
            found[(label == c).tobytes()] = label == c
    return [s for s in found.values() if not s.all()]
