"""Building: from named dumps to a filter, every line of them accounted for."""

from leakcheck.building.account import Report, Tally
from leakcheck.building.build import build
from leakcheck.building.request import Request
from leakcheck.records.formats import Form

__all__ = ["Form", "Report", "Request", "Tally", "build"]
