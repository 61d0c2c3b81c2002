"""The guard around callbacks: a failure reaches the reader as a sentence, never as a traceback."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from dash.exceptions import PreventUpdate

from dashboard.api.client import ApiError

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure as one sentence, and what to do about it."""

    sentence: str
    fix: str


def guarded(instead: Callable[[Problem], R]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a callback: when it fails, ``instead`` gives the values of its outputs."""

    def decorate(callback: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(callback)
        def safe(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return callback(*args, **kwargs)
            except PreventUpdate:
                # Not a failure: this is how a callback leaves its outputs as they are.
                raise
            except ApiError as error:
                return instead(Problem(str(error), error.fix))
            except Exception:
                _log.exception("callback %s failed", callback.__name__)
                return instead(
                    Problem(
                        "This panel could not be drawn.",
                        "Reload the page; if the error stays, see the dashboard's log.",
                    )
                )

        return safe

    return decorate
