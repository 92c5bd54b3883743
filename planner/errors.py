"""The error tree: what went wrong, where, the number, the fix, and the exit code the command line gives for it."""

from __future__ import annotations

from planner.words import Message, plain, render, shortened


class PlannerError(Exception):
    """Base of every error the planner raises on purpose; its text is one or two lines fit for a terminal.

    message: what is told, in any language (`render(error.message, "zh")`); str(error) is its English text. A plain text is
    the same in every language.

    Examples
    --------
    >>> import planner as pl
    >>> try:
    ...     pl.samples.folder("zhongu")
    ... except pl.PlannerError as error:
    ...     print(error.exit_code, error)
    2 no sample 'zhongu'; did you mean 'zhonghu'?; the samples are zhonghu, panan, jiawang, aidans
    """

    exit_code = 1

    def __init__(self, message: Message | str):
        super().__init__(message)
        self.message = shortened(message if isinstance(message, Message) else plain(message))

    def __str__(self) -> str:
        return render(self.message)


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

    conflicts: the rules that cannot hold together. relaxations: for each of them, by how much it has to give, in its own
    unit. Both are messages or plain texts; str() of each is its English text.
    """

    exit_code = 4

    def __init__(
        self,
        message: Message | str,
        *,
        conflicts: tuple[Message | str, ...] = (),
        relaxations: tuple[Message | str, ...] = (),
    ):
        super().__init__(message)
        self.conflicts = conflicts
        self.relaxations = relaxations


class NoPlanInTime(PlannerError, TimeoutError):
    """The time limit passed before any plan that keeps the limits was found."""

    exit_code = 5
