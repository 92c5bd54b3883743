"""Judging land: which targets a unit may have, how well it suits each, and why, rule by rule."""

from planner.suitability.ahp import ahp_weights
from planner.suitability.ground import building_class, damage_grade, farmland_damage
from planner.suitability.judge import judge
from planner.suitability.wording import sentences

__all__ = ["ahp_weights", "building_class", "damage_grade", "farmland_damage", "judge", "sentences"]
