"""Jobs for texts whose records need a parser: CSV, JSON, SQL, stealer logs."""

from collections.abc import Callable, Generator
from typing import Any

from leakcheck.building.crew import Job
from leakcheck.building.plan import Plan
from leakcheck.building.tally import Tally
from leakcheck.read import Input, ReadError


def record_jobs(
    take: Callable[[Tally, Any], None], item: Input, plan: Plan, column: str | None, tally: Tally
) -> Generator[Job, None, None]:
    raise ReadError("not yet")
    yield
