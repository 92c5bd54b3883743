"""[locale]: what land and money are told in outside China."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from planner.keys.layer import Part, Positive
from planner.words import say
from planner.words.locale import Locale


class LocaleKey(Part):
    """[locale]: preset `cn` (mu, yuan, approval number, size classes of SL 252) or `metric` (hectares first, none of these).

    currency: what money is called; cny_per_unit: yuan that one of it is worth, by which prices of parameters.toml are told.
    """

    preset: Literal["cn", "metric"] = "cn"
    currency: str = ""
    cny_per_unit: Positive | None = None

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.preset == "cn" and (self.currency or self.cny_per_unit is not None):
            raise ValueError(say("keys.locale_cn"))
        if bool(self.currency) != (self.cny_per_unit is not None):
            raise ValueError(say("keys.locale_rate"))
        return self

    @property
    def told(self) -> Locale:
        """The units that texts are told in."""
        return Locale(self.preset, self.currency or "CNY", self.cny_per_unit or 1.0)
