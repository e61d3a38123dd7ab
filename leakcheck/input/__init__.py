"""Reading: from paths to texts to chunks of whole lines, whatever wraps them.

    for item in inputs(["dump/", "more.7z", "-"]):
        for chunk in chunks(item.open()):
            chunk.data                  # whole lines, bytes

`build`, `hunt` and `scan` read by this room alone.
"""

from leakcheck.input.chunk import Buffers, Chunk, chunks, line_ends
from leakcheck.input.frames import FrameCut, FramePart, frame_cuts
from leakcheck.input.inputs import Input, Options, expand, inputs
from leakcheck.input.parts import FilePart, line_cuts
from leakcheck.input.streams import ReadError
from leakcheck.input.walk import STDIN, Found, Skipped, listed, walk

__all__ = [
    "STDIN",
    "Buffers",
    "Chunk",
    "FilePart",
    "Found",
    "FrameCut",
    "FramePart",
    "Input",
    "Options",
    "ReadError",
    "Skipped",
    "chunks",
    "expand",
    "frame_cuts",
    "inputs",
    "line_cuts",
    "line_ends",
    "listed",
    "walk",
]
