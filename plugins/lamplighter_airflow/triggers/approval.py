"""Trigger of the approve-promotion step: an answer on Airflow's page, or one in the ledger."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.hitl import HITLTrigger, HITLTriggerEventSuccessPayload
from airflow.sdk.execution_time.hitl import update_hitl_detail_response
from airflow.sdk.timezone import utcnow
from airflow.triggers.base import TriggerEvent
from asgiref.sync import sync_to_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from lamplighter.ledger import ApprovalAct, Ledger


class ApprovalTrigger(HITLTrigger):
    """Wait until a person has answered, by whatever way, or the deadline has passed.

    Airflow itself resumes the task when somebody answers on its page while the task waits. This
    notices the other ways: an answer that `lamplighter approve` wrote into the ledger, which it
    then shows on Airflow's page too, and one on the page that came before the task waited.

    Parameters
    ----------
    question : str
        The key of the question in the ledger.
    answers : mapping of str to str
        Which option of the page each answer of the ledger is.
    """

    def __init__(self, *, question: str, answers: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.question = question
        self.answers = dict(answers)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Say how the triggerer makes this trigger again."""
        _, kwargs = super().serialize()
        ours = {"question": self.question, "answers": self.answers}
        return f"{__name__}.{type(self).__name__}", kwargs | ours

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at page and ledger by turns until there is an answer."""
        while True:
            # First sleep: the scheduler may still have to hear that the task lay down.
            await asyncio.sleep(self.poke_interval)
            event = await self._told() or await self._on_page()
            if event is not None:
                yield event
                return

    async def _told(self) -> TriggerEvent | None:
        try:
            act = await asyncio.to_thread(self._in_ledger)
        except Exception as error:
            self.log.warning("the ledger does not answer, it is asked again: %s", error)
            return None
        if act is None:
            return None
        options = [self.answers[act.answer]]
        how = f"{act.reason}, says {act.actor} by 'lamplighter approve'"
        said = {"reason": how if act.answer != "expired" else "nobody answered in time"}
        try:
            await sync_to_async(update_hitl_detail_response)(
                ti_id=self.ti_id, chosen_options=options, params_input=said
            )
        except Exception as error:  # somebody answers on the page in the same moment
            self.log.info("Airflow's page keeps what it shows: %s", error)
        return _event(options, said, act.answered_at)

    async def _on_page(self) -> TriggerEvent | None:
        overdue = self.timeout_datetime is not None and self.timeout_datetime < utcnow()
        try:
            if overdue:
                return await self._handle_timeout()
            found: TriggerEvent | None = await self._handle_response()  # type: ignore[no-untyped-call]
            return found
        except Exception as error:
            self.log.warning("Airflow does not tell what was answered, asking again: %s", error)
            return None

    def _in_ledger(self) -> ApprovalAct | None:
        return None if self._ledger is None else self._ledger.approval(self.question)

    @cached_property
    def _ledger(self) -> Ledger | None:
        """The ledger; None where the one that this triggerer sees does not hold the question."""
        from lamplighter.ledger import Ledger
        from lamplighter.steps.store_paths import StorePaths

        paths = StorePaths.from_environment()
        if paths.has_ledger:
            found = Ledger.open(paths.ledger)
            if found.decision(self.question) is not None:
                return found
        self.log.warning(
            "the ledger that the triggerer sees does not hold the question, so it takes no notice "
            "of 'lamplighter approve'; give it the LAMPLIGHTER_ variables that workers have"
        )
        return None


def _event(options: list[str], said: dict[str, Any], at: datetime) -> TriggerEvent:
    return TriggerEvent(  # type: ignore[no-untyped-call]
        HITLTriggerEventSuccessPayload(
            chosen_options=options,
            params_input=said,
            responded_by_user=None,
            responded_at=at,
            timedout=False,
        )
    )
