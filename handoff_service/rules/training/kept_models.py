"""Decides which models keep their files. A file takes 16 MB, and most files are never used
again."""

from collections.abc import Iterable
from typing import Protocol

from handoff_service.rules.shared.vocabulary import ModelState

LAST_TRAINED = 10
LAST_RUN = 5
IN_USE = frozenset({ModelState.RUNNING, ModelState.CANARY, ModelState.CANDIDATE})


class Model(Protocol):
    """``is_pinned``: a trainer wants to keep it."""

    @property
    def hash(self) -> str: ...
    @property
    def state(self) -> ModelState: ...
    @property
    def is_pinned(self) -> bool: ...


def deletable[M: Model](models: Iterable[M], ran: Iterable[str]) -> list[M]:
    """The models with a file that the service may delete. ``models``: the newest first. ``ran``:
    the hashes of the models that have run, the latest first.

    Models in use, pinned models and the newest ``LAST_TRAINED`` keep their files. So do the
    ``LAST_RUN`` models that ran last, because a rollback needs one of them.
    """
    last_run = set(list(dict.fromkeys(ran))[:LAST_RUN])
    with_files = [one for one in models if one.state is not ModelState.GONE]
    return [
        one
        for one in with_files[LAST_TRAINED:]
        if one.state not in IN_USE and not one.is_pinned and one.hash not in last_run
    ]
