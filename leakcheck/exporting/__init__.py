"""Exporting: what a dump holds, as a file that other programs read."""

from leakcheck.exporting.export import Export, Exported
from leakcheck.exporting.formats import To

__all__ = ["Export", "Exported", "To"]
