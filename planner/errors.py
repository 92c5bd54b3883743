"""The error tree: what went wrong, where, the number, the fix, and the exit code the command line gives for it."""


class PlannerError(Exception):
    """Base of every error the planner raises on purpose; its text is one or two lines fit for a terminal."""

    exit_code = 1


class UsageError(PlannerError):
    """The command or call was put together wrongly."""

    exit_code = 2


class InvalidInput(PlannerError, ValueError):
    """A file, a parameter or a table holds something no plan can be built on."""

    exit_code = 3


class CRSMismatch(InvalidInput):
    """Two inputs do not share a position on the Earth, or one has none."""


class OutputExists(PlannerError, FileExistsError):
    """The place to write to holds a plan already and overwriting was not asked for."""


class Infeasible(PlannerError):
    """No plan can satisfy the limits.

    conflicts: the rules (in words) that cannot hold together.
    relaxations: for each of them in words, by how much it has to give, in its own unit.
    """

    exit_code = 4

    def __init__(self, message: str, *, conflicts: tuple[str, ...] = (), relaxations: tuple[str, ...] = ()):
        super().__init__(message)
        self.conflicts = conflicts
        self.relaxations = relaxations


class NoPlanInTime(PlannerError, TimeoutError):
    """The time limit passed before any plan that keeps the limits was found."""

    exit_code = 5
