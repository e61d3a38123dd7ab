"""Jupyter notebooks (nbformat 4): cells of code and of Markdown, read as what they are.

A notebook is JSON, with a string for each line of a cell: a candidate stands
where the string of its line does.
"""

from leakcheck.ci.readers.families import JSON, of_language
from leakcheck.ci.readers.json_tokens import build
from leakcheck.ci.readers.tree import Mapping, Node, Scalar, Sequence, read_tree
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import Text


def read(text: Text) -> None:
    """Add the candidates of a notebook."""
    roots, whole = build(text.data)
    language = "python"
    cells: list[Node] = []
    for key, value in roots[0].pairs if roots and isinstance(roots[0], Mapping) else ():
        name = key.value if isinstance(key, Scalar) else ""
        if name == "cells" and isinstance(value, Sequence):
            cells = value.nodes
        elif name == "metadata" and isinstance(value, Mapping):
            language = _language(value) or language
    for cell in cells:
        if isinstance(cell, Mapping):
            _cell(text, cell, language)
    read_tree(text, roots, "json")
    if not whole:
        scan(text, JSON)


def _cell(text: Text, cell: Mapping, language: str) -> None:
    held = {key.value: value for key, value in cell.pairs if isinstance(key, Scalar)}
    kind, source = held.get("cell_type"), held.get("source")
    nodes = source.nodes if isinstance(source, Sequence) else [source] if source else []
    lines = [node for node in nodes if isinstance(node, Scalar)]
    if not lines or not isinstance(kind, Scalar) or text.read_lines is None:
        return
    family, suffix = of_language("markdown" if kind.value == "markdown" else language.lower())
    if family is not None:
        text.read_lines(text, [(line.start + 1, line.value) for line in lines], family, suffix)


def _language(metadata: Mapping) -> str:
    """What the kernel's language is called."""
    named = {
        (key.value, inner.value): value.value
        for key, about in metadata.pairs
        if isinstance(key, Scalar) and isinstance(about, Mapping)
        for inner, value in about.pairs
        if isinstance(inner, Scalar) and isinstance(value, Scalar)
    }
    return named.get(("kernelspec", "language")) or named.get(("language_info", "name")) or ""
