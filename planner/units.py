"""Units of Chinese land surveys and their exact relation to SI."""

from typing import Any, Final

M2_PER_MU: Final = 10_000.0 / 15.0  # m² per mu (亩); 1 ha = 15 mu exactly
M2_PER_HA: Final = 10_000.0  # m² per hectare
MU_PER_HA: Final = 15.0
MU_PER_KM2: Final = 1_500.0


def mu_from_m2(area_m2: Any) -> Any:
    """Area in mu of an area in m² (scalar, array or Series)."""
    return area_m2 * 15.0 / 10_000.0


def m2_from_mu(area_mu: Any) -> Any:
    """Area in m² of an area in mu (scalar, array or Series)."""
    return area_mu * 10_000.0 / 15.0
