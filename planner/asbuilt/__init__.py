"""What was built against what was planned: a new survey of the ground, registered, compared and judged."""

from planner.asbuilt.compare import asbuilt
from planner.asbuilt.noun import AsBuilt

__all__ = ["AsBuilt", "asbuilt"]
