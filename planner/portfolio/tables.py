"""A solved programme as tables and as its summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.portfolio.programme import LAND, MU, Floats

if TYPE_CHECKING:
    from planner.portfolio.record import Solved


def projects(found: Solved) -> pd.DataFrame:
    """One row a project, index `id`: variant, start, finish, mu, loss, loss_cny; empty where left out.

    loss: what doing it would lose of the objective, in its unit; loss_cny: the yuan of net present value that would make up for
    it, empty where that is no part of the objective.
    cost_cny: all that is paid for it, earth included; npv_cny: benefits less that and what the funds charge for it, discounted.
    """
    made, answer = found.made, found.solution
    cols = made.columns
    rows = {}
    loss, npv, yuan = losses(found), _present(found), found.solution.relaxed.model.weights.get("npv", 0.0)
    for i, project in enumerate(made.projects):
        rows[project.id] = {"name": project.name, "name_en": project.name_en, "selected": False, "loss": loss[i]}
    for at, j in enumerate(answer.chosen.tolist()):
        project = made.projects[int(cols.project[j])]
        rows[project.id] |= {
            "selected": True,
            "variant": project.variant[int(cols.variant[j])].name,
            "start": int(cols.start[j]),
            "finish": int(cols.finish[j]),
            "cost_cny": float(answer.paid.money[at].sum()),
            "npv_cny": float(npv[at]),
            **{name: float(cols.mu[j, k]) for k, name in enumerate(MU)},
            "restored_mu": float(cols.mu[j, : len(LAND)].sum()),
            "loss": np.nan,
        }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    wanted = ["variant", "start", "finish", "cost_cny", "npv_cny", *MU, "restored_mu"]
    frame["loss_cny"] = frame["loss"] / yuan if yuan > 0 else np.nan
    frame = frame.reindex(columns=["name", "name_en", "selected", *wanted, "loss", "loss_cny"])
    for name in ("start", "finish"):
        frame[name] = frame[name].astype("Int64")
    return frame.rename_axis("id")


def _present(found: Solved) -> Floats:
    """Net present value of every chosen project, (n,), yuan: its works' less the earth that is paid for it and the charges."""
    made, answer = found.made, found.solution
    money, spend = answer.paid.money, made.columns.spend[answer.chosen]
    charges = np.tensordot(money, [fund.charge for fund in made.funds], axes=(1, 0))
    return np.asarray(made.columns.npv[answer.chosen] - (money.sum(axis=1) - spend + charges) @ made.discount)


def losses(found: Solved) -> Floats:
    """What doing each project would cost at the programme's prices, (n,), in the objective's unit; 0 where it is in reach."""
    made, reduced = found.made, found.solution.relaxed.reduced
    best = np.full(len(made.projects), -np.inf)
    np.maximum.at(best, made.columns.project, reduced)
    return np.where(np.isfinite(best), np.maximum(-best, 0.0), np.nan)


def schedule(found: Solved) -> pd.DataFrame:
    """Who pays what when: columns `id`, `fund`, `year`, `cny`."""
    made, answer = found.made, found.solution
    at, f, t = np.nonzero(answer.paid.money)
    ids = [made.projects[int(made.columns.project[answer.chosen[a]])].id for a in at]
    sums = answer.paid.money[at, f, t]
    return pd.DataFrame({"id": ids, "fund": [made.funds[k].id for k in f], "year": made.years[t], "cny": sums})


def funds(found: Solved) -> pd.DataFrame:
    """One row a fund and year: `id`, `year`, `given_cny`, `spent_cny`, `left_cny` (inf without a limit), `shadow_price`."""
    made, answer = found.made, found.solution
    spent = answer.paid.money.sum(axis=0) if len(answer.chosen) else np.zeros((len(made.funds), len(made.years)))
    prices = fund_prices(found)
    rows = []
    for f, fund in enumerate(made.funds):
        kept = 0.0
        whole = np.inf if fund.total_cny is None else fund.total_cny
        for t, year in enumerate(made.years.tolist()):
            given = min(made.limits[f, t] + kept, whole - spent[f, :t].sum())
            left = max(given - spent[f, t], 0.0)
            rows.append((fund.id, year, float(given), float(spent[f, t]), float(left), float(prices[f, t])))
            kept = left if fund.carry_over and np.isfinite(left) else 0.0
    return pd.DataFrame(rows, columns=["id", "year", "given_cny", "spent_cny", "left_cny", "shadow_price"])


def fund_prices(found: Solved) -> Floats:
    """What one more yuan of each fund and year brings at the relaxation, (F, T), in the objective's unit per yuan."""
    relaxed, made = found.solution.relaxed, found.made
    blocks, model = relaxed.model.rows.blocks, relaxed.model
    shape = (len(made.funds), len(made.years))
    yearly = np.maximum(-relaxed.duals[blocks["year"]].reshape(shape), 0.0) / model.yuan
    total = np.maximum(-relaxed.duals[blocks["total"]], 0.0) / model.yuan
    for f, fund in enumerate(made.funds):
        if fund.carry_over:  # a yuan of a year is there in every later year too
            yearly[f] = yearly[f, ::-1].cumsum()[::-1]
        if not np.isfinite(made.limits[f]).any():
            yearly[f] = total[f]
    return np.asarray(yearly, dtype=np.float64)


def earth(found: Solved) -> pd.DataFrame:
    """Whose spoil goes where: `from`, `to`, `year`, `m3`, `km`; bought earth comes from ""."""
    made, answer = found.made, found.solution
    ids = [made.projects[int(made.columns.project[j])].id for j in answer.chosen]
    hauls = answer.paid.hauls
    rows = [(ids[r.giver], ids[r.taker], r.year, r.m3, r.km) for r in hauls.itertuples()]
    for at, t in zip(*np.nonzero(answer.paid.bought > 1e-6), strict=True):
        rows.append(("", ids[at], int(made.years[t]), float(answer.paid.bought[at, t]), np.nan))
    return pd.DataFrame(rows, columns=["from", "to", "year", "m3", "km"]).sort_values(["year", "from", "to"], ignore_index=True)


def summary(found: Solved) -> dict[str, Any]:
    """The programme in figures, as `summary.json` holds it (schema planner.portfolio/1)."""
    table, paid, answer = projects(found), schedule(found), found.solution
    done = table[table["selected"].astype(bool)]
    selected = _selected(done, paid)
    left = table[~table["selected"].astype(bool)].sort_values(["loss"], kind="stable")
    made, general = found.made, found.made.general
    npv = float(made.columns.npv[answer.chosen].sum()) - answer.paid.cost_cny
    return {
        "schema": "planner.portfolio/1",
        "portfolio": {
            "name": general.name,
            "name_en": general.name_en,
            "kind": general.kind,
            "first_year": general.first_year,
            "years": general.years,
            "discount_rate": general.discount_rate,
            "objective": general.objective,
        },
        "selected": selected,
        "rejected": [{"id": str(name), **{k: _none(row[k]) for k in ("loss", "loss_cny")}} for name, row in left.iterrows()],
        "funds": [
            {k: _none(v) if isinstance(v, float) else v for k, v in row.items()} for row in funds(found).to_dict("records")
        ],
        "earth": [
            {k: _none(v) if isinstance(v, float) else v for k, v in row.items()} for row in earth(found).to_dict("records")
        ],
        "totals": {
            "projects": len(selected),
            "restored_mu": float(done["restored_mu"].sum()),
            **{name: float(done[name].sum()) for name in MU},
            "cost_cny": float(done["cost_cny"].sum()),
            "npv_cny": npv,
            "earth_m3": float(answer.paid.hauls["m3"].sum()),
            "bought_m3": float(answer.paid.bought.sum()),
        },
        "solver": {
            "status": answer.status,
            "objective": answer.objective,
            "bound": answer.bound,
            "gap": answer.gap,
            "relaxation": answer.relaxed.value,
            "seconds": answer.seconds,
            **found.columns_proof,
        },
    }


def _selected(done: pd.DataFrame, paid: pd.DataFrame) -> list[dict[str, Any]]:
    """The projects that are done, each with what every fund pays in every year."""
    by_fund = {
        str(name): {
            str(f): dict(zip(map(str, g["year"]), g["cny"].astype(float), strict=True)) for f, g in rows.groupby("fund")
        }
        for name, rows in paid.groupby("id")
    }
    return [
        {
            "id": str(name),
            "variant": row["variant"],
            "start": int(row["start"]),
            "finish": int(row["finish"]),
            "cost_cny": float(row["cost_cny"]),
            "npv_cny": float(row["npv_cny"]),
            "mu": {k.removesuffix("_mu"): float(row[k]) for k in MU},
            "funds": by_fund.get(str(name), {}),
        }
        for name, row in done.iterrows()
    ]


def _none(value: Any) -> Any:
    return None if value is None or (isinstance(value, float) and not np.isfinite(value)) else value
