"""Celery: what fails in a worker is recorded; no client waits for it there."""

from __future__ import annotations

import sys
from typing import Any
from weakref import WeakSet

from celery import Celery
from celery.signals import task_failure, task_internal_error
from celery.utils.serialization import UnpickleableExceptionWrapper

from tightlip.exchange import Request
from tightlip.responder.policy import ConfigurationError
from tightlip.responder.responder import Responder

_heard: WeakSet[Celery] = WeakSet()


def wrap(application: Any, responder: Responder) -> Any:
    """Have every failure of the application's tasks recorded; return the same object.

    Raises:
        ConfigurationError: It is no application of Celery.
    """
    if not isinstance(application, Celery):
        raise ConfigurationError("of Celery, shield() takes the application: celery.Celery")
    if application not in _heard:
        _heard.add(application)
        ear = _Ear(application, responder)
        # Celery keeps only weak references unless told otherwise, and would forget it.
        task_failure.connect(ear.hear, weak=False)
        task_internal_error.connect(ear.hear_of_internal, weak=False)
    return application


class _Ear:
    """Hears of the failures of one application's tasks (Celery's manual, "Signals")."""

    def __init__(self, application: Celery, responder: Responder) -> None:
        self._application = application
        self._responder = responder

    def hear(
        self, sender: Any = None, task_id: Any = None, exception: Any = None, **_: Any
    ) -> None:
        """Record a failure.

        Args:
            sender: The task.
            task_id: The identity of this call of it.
            exception: What it raised, or what ended it from outside.
        """
        if getattr(sender, "app", None) is not self._application:
            return
        if isinstance(exception, UnpickleableExceptionWrapper):
            # It stands for what cannot be sent to the parent process, and which is at hand here.
            exception = sys.exception() or exception
        if not isinstance(exception, BaseException):
            return
        facts: dict[str, str | int] = {"messaging.system": "celery"}
        if isinstance(task_id, str):
            facts["messaging.message.id"] = task_id
        request = Request("TASK", route=str(sender.name), scheme="celery", http_version="")
        self._responder.keep(exception, request, facts, "celery.task.failed")

    def hear_of_internal(self, request: Any = None, **named: Any) -> None:
        """Record a fault of Celery's own; not what a caller is about to get from an eager task."""
        if not (isinstance(request, dict) and request.get("is_eager")):
            self.hear(**named)
