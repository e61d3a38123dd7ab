"""Building: from named dumps to a filter, every line of them accounted for."""

from leakcheck.building.build import build
from leakcheck.building.forms import Form
from leakcheck.building.request import Request
from leakcheck.building.tally import Report, Tally

__all__ = ["Form", "Report", "Request", "Tally", "build"]
