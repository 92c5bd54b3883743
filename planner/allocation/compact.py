"""Large problems with border costs: a matrix-free primal-dual method for the prices of rows, borders and water.

Halpern's iteration with reflection and restarts on the saddle of the relaxation; every bound reported is the closed-form dual
at the prices reached, with the row prices re-optimised by Newton. The nearly whole choice is rounded, repaired and improved by
moves, and a core program over the least decided units closes what is left.
Source: PDHG, Chambolle & Pock 2011; restarts, Applegate et al. 2021; reflected Halpern, Lu & Yang 2024.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.allocation.bound import Multipliers, forest, least_value
from planner.allocation.core_search import close_gap
from planner.allocation.dual import minimise
from planner.allocation.exact import relax
from planner.allocation.highs import Solved
from planner.allocation.model import Model, Settled, at_worth, settle
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.polishing import polisher
from planner.allocation.program import program
from planner.allocation.saddle import Saddle, copied, without_borders
from planner.allocation.search import Best, Found, Outcome, Settings, Warm, best_of
from planner.allocation.standing import Standing, room, taken_in
from planner.allocation.swaps import won_by_pairs
from planner.allocation.table import Floats, Ints
from planner.core.choice.primaldual import Point

CHECK = 40  # steps between looks at the bound
PLAN_EVERY = 3  # looks between attempts at a plan
PATIENT_LOOKS = 6  # looks without a plan after which the limits themselves are doubted
PATIENT_PLANS = 3  # the same where earth is carried: plans are only tried at rest there
MOST_STEPS = 20_000
EAGER = 1  # looks at plans in a row without headway after which zones of earth are halved
STILL = 3  # the same where they are small: after which only plans at their own worth of earth are tried
PLAYS = 16  # plans made at the worth of earth that earlier ones have shown; of many units fewer
MANY = 3_000
NUDGE = 8.0  # the first such plan's own worth counts one in so many
REST = 2e-5  # share of the bound below whose change prices of earth have come to rest, so that a plan is worth its while
HEADWAY = 0.02  # share of the gap that counts as headway
POOR = 1e-2  # gap of the best plan, above which several moves at once are tried where single ones end outside the limits
COLD = 8e-4  # temperature of Newton's method in the iteration, whose own prices are near already
IDLE = 0.2  # share of what is unproven that the unused rest of one limit may be worth
LEANINGS = 4  # most times that the price of a limit which a plan does not use up is halved towards where it does
WIDE = 4.0  # times the gap asked for, above which pairs of moves wait for finer zones of earth: they win little and cost hauls
TRADES = 12  # most times that pairs of moves are made on a plan and weighed with their true haul
SMALLEST = 0.05  # share of a plan's own worth of earth below which such pairs are not tried again
LEAST_LEANING = 0.8  # of the price of such a limit, at first


def solve_compact(model: Model, settings: Settings, start: Ints | None, prices: Floats | None) -> Found | None:
    """A plan with borders and its bound; None where no plan was found (then the exact method must speak)."""
    order = forest(model)
    near = neighbours(model)
    water = waters(model, order)
    saddle = Saddle(model, order, near, water, _typical_gain(model))
    border, worth = saddle.begin(settings.warm)
    bare = without_borders(model if worth is None else at_worth(model, worth), saddle.pull(border))
    first = minimise(bare, order, start=prices, accuracy=1e-6, go_on=settings.go_on)
    search = _Search(saddle, settings, first.multipliers.rows, start, (border, worth))
    search.run()
    if search.impossible:
        return Found(Outcome.INFEASIBLE, None, -np.inf, first.multipliers, "relaxation", relaxation_empty=True)
    search.play()
    return search.finish()


def _typical_gain(model: Model) -> float:
    """Half of what separates a unit's best from its median option, on average: the scale of the money that decides."""
    high = np.maximum.reduceat(np.where(model.allowed, model.gain, -np.inf), model.start[:-1])
    total = np.add.reduceat(np.where(model.allowed, model.gain, 0.0), model.start[:-1])
    mean = total / np.add.reduceat(model.allowed.astype(np.float64), model.start[:-1])
    return max(float((high - mean).mean()), 1e-9)


class _Search:
    """The iteration with its restarts, its best bound and its best plan."""

    def __init__(
        self, saddle: Saddle, settings: Settings, rows: Floats, start: Ints | None, begin: tuple[Floats, Floats | None]
    ) -> None:
        self.saddle, self.settings = saddle, settings
        m = saddle.model
        self.fine = max(0.02 * settings.gap, 1e-8)
        self.border, self.worth = begin
        self.pull = saddle.pull(self.border)
        self.bound, self.rows = saddle.bound(rows, self.pull, self.worth)
        self.best, self.short, self.least, self.attempts = Best(), 0.0, least_value(m), 0
        self.plain = Best()  # the best before pairs of moves
        self.traded: Ints | None = None  # the one that these were last made on
        self.leaning = np.ones(self.rows.size)
        if settings.warm is not None and settings.warm.leaning is not None and settings.warm.leaning.size == self.rows.size:
            self.leaning = settings.warm.leaning.copy()
        self.interrupted = self.impossible = self.examined = False
        self.begun = start
        self.seen: list[tuple[float, float]] = []
        self.before, self.tried = np.inf, np.empty(0, dtype=np.int64)
        self.best = best_of(m, self.best, start)
        here = self._at(self.worth)
        value = here.gain - self.pull - (self.rows @ here.coef if self.rows.size else 0.0)
        chosen = start if start is not None else saddle.rounded(value)
        self.x = np.zeros(m.gain.size)
        self.x[chosen] = 1.0
        self.nearest = chosen  # where the start is near enough to the bound no plan is tried
        if start is not None and self.pull.any():  # the prices of an earlier search may know better than its plan
            self.try_plan(value, self.worth)
        if self.gap > settings.gap:
            self.try_plan(self.x, self.worth)
        if saddle.carrying is not None and m.carriage is not None:
            known = self.worth if self.worth is not None and self.worth.any() else m.carriage.of(self.nearest).worth
            saddle.carrying.begin(known, m.carriage.dear(self.rows))

    @property
    def gap(self) -> float:
        return abs(self.bound - self.best.value) / max(abs(self.best.value), 1e-9) if np.isfinite(self.best.value) else np.inf

    def run(self) -> None:
        """Iterates until the gap, the time, or the steps run out; Ctrl-C ends it with what there is."""
        saddle, m = self.saddle, self.saddle.model
        z = Point(
            self.x.copy(),
            self.rows * saddle.scale / saddle.money,
            self.border.copy(),
            np.zeros(m.size),
            np.zeros(m.price.size),
        )
        anchor, hat = copied(z), copied(z)
        weight = self.weight = max(float(np.median(saddle.edges.cost)), 1e-6) if m.edges.cost.size else 1.0
        k, since, first_residual, last = 0, 0, 0.0, np.inf
        try:
            while k < MOST_STEPS and self.gap > self.settings.gap and self.settings.seconds_left > 0:
                residual = saddle.step(z, anchor, hat, since, weight)
                first_residual = residual if since == 0 else first_residual
                k, since = k + 1, since + 1
                if k % CHECK:
                    continue
                self.look(hat, k)
                if self.bound < self.least or self._hopeless(k):
                    self.impossible = True
                    return
                refined = False
                if saddle.carrying is not None and k % (CHECK * PLAN_EVERY) == 0 and self._seen():
                    refined = self._still(EAGER) and saddle.refine(hat)
                    if not refined and self._still(STILL):
                        break
                fallen = residual <= 0.04 * first_residual
                stuck = residual <= 0.64 * first_residual and residual > last
                if refined or fallen or stuck or since >= 0.36 * k:
                    if refined:
                        self.seen.clear()
                    else:
                        weight = _balanced(weight, hat, anchor, saddle)
                    z, anchor = copied(hat), copied(hat)
                    if saddle.carrying is not None:
                        saddle.carrying.restart()
                    since, last = 0, np.inf
                else:
                    last = residual
        except KeyboardInterrupt:
            self.interrupted = True

    def _seen(self) -> bool:
        """Notes bound and plan where prices have come to rest and there is a plan; whether they have."""
        if self.best.chosen is None or self.nearest is self.tried:  # prices still move
            return False
        self.tried = self.nearest
        self.seen.append((self.bound, self.best.value))
        return True

    def _still(self, looks: int) -> bool:
        """Whether neither bound nor plan has moved for so many looks: what prices can do is done."""
        if len(self.seen) <= looks:
            return False
        (bound, value), scale = self.seen[-1 - looks], abs(self.bound)
        left = bound - value if np.isfinite(value) else 0.01 * scale
        won = bound - self.bound + (self.best.value - value if np.isfinite(value) else 0.0)
        return won <= HEADWAY * left

    def play(self) -> None:
        """Plans at the worth of earth that they themselves show, in the mean of ever more of them.

        Source: fictitious play, Brown 1951; Robinson 1951.
        """
        hauls, worth = self.saddle.model.carriage, self.worth
        if hauls is None or worth is None:
            return
        try:
            chosen = self.nearest if self.best.chosen is None else self.best.chosen
            for turn in range(PLAYS if self.saddle.model.size < MANY else PLAYS // 4):
                if self.gap <= self.settings.gap or self.settings.seconds_left <= 0:
                    return
                worth = worth + (hauls.of(chosen).worth - worth) / (turn + NUDGE)
                self.offer_plan(chosen, worth)
                chosen = self.nearest
                if self.settings.progress is not None:
                    self.settings.progress(self.bound, self.best.value, self.gap)
        except KeyboardInterrupt:
            self.interrupted = True

    def _trade(self, plan: Best) -> None:
        """Pairs of moves on a plan, with earth at a worth between the bound's and the plan's own: nearer to the bound's where
        the true haul takes back what they win."""
        hauls, worth, share = self.saddle.model.carriage, self.worth, 1.0
        for _ in range(TRADES):
            if plan.chosen is None or share < SMALLEST or self.gap <= self.settings.gap or self.settings.seconds_left <= 0:
                return
            m = self.saddle.model
            if hauls is not None and worth is not None:
                here = worth + share * (hauls.of(plan.chosen).worth - worth)
                m = self._at(here, max(hauls.unseen(here, plan.chosen), 0.0))
            moves = polisher(m, self.saddle.near, self.saddle.water, go_on=self.settings.go_on)
            found = won_by_pairs(moves, plan.chosen, self.rows)
            settled, before = settle(self.saddle.model, found), plan.value
            if settled.feasible and settled.objective > before:
                plan = Best(settled.objective, found)
                self._keep(plan)
            if plan.value - before <= HEADWAY * (self.bound - before):
                share = 0.0 if hauls is None else share / 2

    def look(self, hat: Point, k: int) -> None:
        """Bound at the projected prices; now and then Newton on the row prices and a plan from the projected shares."""
        saddle = self.saddle
        pull = saddle.pull(hat.border)
        worth = None if saddle.carrying is None else saddle.carrying.worth(hat.row)
        self.offer(hat.row * saddle.money / saddle.scale, hat.border, pull, worth)
        if (k // CHECK) % PLAN_EVERY:
            return
        if self.rows.size:
            priced = without_borders(self._at(worth), pull)
            start = hat.row * saddle.money / saddle.scale
            going = self.settings.go_on
            rows = minimise(priced, saddle.order, start=start, accuracy=self.fine, warmth=COLD, go_on=going).multipliers.rows
            self.offer(rows, hat.border, pull, worth)
            hat.row[:] = self.rows * saddle.scale / saddle.money
        moved, self.before = self.before - self.bound, self.bound
        resting = moved <= REST * abs(self.bound)
        if worth is None or resting:
            self.try_plan(hat.x, worth, resting)
            if self.best.chosen is None and self.begun is not None:
                self.offer_plan(self.begun, worth)
        if self.settings.progress is not None:
            self.settings.progress(self.bound, self.best.value, self.gap)

    def _at(self, worth: Floats | None, room: float = 0.0) -> Model:
        """The model with earth at a worth, where any is carried, and room for haul that this does not see, yuan."""
        return self.saddle.model if worth is None else at_worth(self.saddle.model, worth, room)

    def _hopeless(self, k: int) -> bool:
        """Whether the limits alone cannot hold: asked once, of the relaxation without borders, when no plan has turned up."""
        looks, hauled = k // CHECK, self.saddle.model.carriage is not None
        patient = looks < PATIENT_LOOKS or (hauled and looks < 4 * PATIENT_LOOKS and self.attempts < PATIENT_PLANS)
        if self.examined or self.best.chosen is not None or patient:
            return False
        self.examined = True
        free = without_borders(self._at(self.worth))
        return relax(free, program(free), self.settings)[0].status is Solved.INFEASIBLE

    def offer(self, rows: Floats, border: Floats, pull: Floats, worth: Floats | None) -> None:
        bound, rows = self.saddle.bound(rows, pull, worth)
        if bound < self.bound:
            self.bound, self.rows, self.pull, self.worth = bound, rows, pull, worth
            self.border = border.copy()

    def try_plan(self, x: Floats, worth: Floats | None, resting: bool = False) -> None:
        """The plan nearest to shares x, mended and improved at the prices reached; with hauls, at the worth of earth given."""
        self.offer_plan(self.saddle.rounded(x), worth, resting)

    def offer_plan(self, chosen: Ints, worth: Floats | None, resting: bool = False) -> None:
        """The plan that moves from a choice lead to, kept where it is the best so far; made to use up its limits where earth is
        at its worth, or neither prices nor plans move on."""
        before = self.plain.value if self.attempts else np.inf
        settled = self._moved(chosen, worth, self.rows * self.leaning)
        self.attempts += 1
        if worth is None and not (resting and self.plain.value - before <= HEADWAY * (self.bound - before)):
            return
        if settled is not None:
            self._use_up(worth, settled)
        carrying = self.saddle.carrying
        if carrying is not None and not carrying.finest and self.gap > WIDE * self.settings.gap:
            return
        if self.attempts > 1 and self.plain.chosen is not self.traded:  # what the start leads to is not worth the while
            self.traded = self.plain.chosen
            self._trade(self.plain)
        if worth is None:  # without hauls prices of rows come nearer to their best with every look
            self.leaning[:] = 1.0

    def _moved(self, chosen: Ints, worth: Floats | None, rows: Floats) -> Settled | None:
        """The plan that moves from a choice lead to, at prices of rows (S,) and a worth of earth, with room for the haul
        that these do not see; None where it keeps not every limit."""
        saddle, m = self.saddle, self._at(worth, self.short)  # the haul is never less than at prices: leave it room
        hauls = saddle.model.carriage
        scaled = (saddle.rows, saddle.scale) if worth is None else None
        self.nearest = polisher(m, saddle.near, saddle.water, scaled, go_on=self.settings.go_on)(chosen, rows)
        if (self.attempts > 1 or self.begun is not None) and self.gap > POOR and not settle(m, self.nearest).feasible:
            here = Standing(saddle.model, saddle.order, saddle.near, saddle.water, self.pull, worth, self.settings.go_on)
            taken = taken_in(here, chosen, self.rows, room(here, chosen, self.rows, self.short))
            self.nearest = self.nearest if taken is None else taken
        if worth is not None and self.best.chosen is not None and not settle(self._at(worth), self.nearest).feasible:
            if self.gap > POOR:  # of a plan that is none of the best the haul tells little
                self.short *= 0.5
            return None  # the true haul, which takes longest to find, is never less than at prices
        settled = settle(saddle.model, self.nearest)
        if settled.feasible and settled.objective > self.plain.value:
            self.plain = Best(settled.objective, self.nearest)
            self._keep(self.plain)
        if worth is not None and hauls is not None:
            self.short = max(hauls.unseen(worth, self.nearest), 0.0) * (1.0 + 1e-6)
        return settled if settled.feasible else None

    def _use_up(self, worth: Floats | None, settled: Settled) -> None:
        """The price of the limit whose unused rest is worth most is lowered as far as plans still keep it: moves that mend
        broken limits overshoot, and single moves cannot spend what is left."""
        limit = np.where(self.rows > 0, self.saddle.model.hi, np.where(self.rows < 0, self.saddle.model.lo, settled.activity))
        idle = np.abs(self.rows * (limit - settled.activity))
        row = int(np.argmax(idle)) if idle.size else -1
        if row < 0 or idle[row] <= IDLE * (self.bound - settled.objective):
            return
        before, chosen, best, short = self.leaning[row], self.nearest, self.plain.value, self.short
        high, low = before, LEAST_LEANING * before
        for _ in range(LEANINGS):
            if self.gap <= self.settings.gap or self.settings.seconds_left <= 0:
                break
            self.leaning[row] = (high + low) / 2
            if self._moved(chosen, worth, self.rows * self.leaning) is None:
                low = self.leaning[row]
            else:
                high = self.leaning[row]
        self.leaning[row] = high
        if self.plain.value == best:  # nothing won: on from where it was
            self.leaning[row], self.nearest, self.short = before, chosen, short
        elif self.plain.chosen is not None:
            self.nearest = self.plain.chosen

    def _keep(self, plan: Best) -> None:
        """The best plan is this one, where it is better."""
        if plan.value > self.best.value:
            self.best = plan

    def finish(self) -> Found | None:
        """What was found, after a core program where the gap is not met yet."""
        m = self.saddle.model
        multipliers = Multipliers(self.rows, pull=self.pull, earth=self.worth)
        method, warm = "primal-dual + polish", Warm(self.border * self.saddle.money, self.worth, self.leaning)
        outcome = Outcome.NOTHING if self.best.chosen is None else Outcome.FOUND
        so_far = Found(outcome, self.best.chosen, self.bound, multipliers, method, self.interrupted, warm=warm)
        if m.carriage is not None:  # core programs see no haul
            return so_far
        if self.gap <= self.settings.gap or self.interrupted or self.settings.seconds_left <= 0:
            return so_far if self.best.chosen is not None else None
        base = self.best.chosen if self.best.chosen is not None else self.nearest
        found = close_gap(
            m,
            self.settings,
            self.saddle.order,
            multipliers,
            bound=self.bound,
            best=self.best,
            method=f"{method} + core",
            base=base,
        )
        return None if found is None else replace(found, warm=warm)


def _balanced(weight: float, hat: Point, anchor: Point, saddle: Saddle) -> float:
    """The primal weight, moved towards the ratio of how far prices and shares travelled since the anchor."""
    dx = float(np.sqrt((((hat.x - anchor.x) ** 2) * saddle.column[saddle.model.unit]).sum()))
    dy = float(
        np.sqrt(
            ((hat.border - anchor.border) ** 2).sum() / saddle.border_pace
            + ((hat.water - anchor.water) ** 2).sum() / saddle.water_pace
            + ((hat.row - anchor.row) ** 2 / saddle.row_pace).sum()
        )
    )
    if saddle.carrying is not None:
        flows, prices = saddle.carrying.distance()
        dx, dy = float(np.hypot(dx, np.sqrt(flows))), float(np.hypot(dy, np.sqrt(prices)))
    if dx <= 1e-12 or dy <= 1e-12:
        return weight
    return float(np.exp(0.5 * np.log(dy / dx) + 0.5 * np.log(weight)))
