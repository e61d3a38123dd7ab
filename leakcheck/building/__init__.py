"""Building: from named dumps to a filter, every line of them accounted for."""

from leakcheck.building.account import BuildReport, InputCounts
from leakcheck.building.build import build
from leakcheck.building.request import BuildRequest
from leakcheck.records.formats import Form

__all__ = ["BuildReport", "BuildRequest", "Form", "InputCounts", "build"]
