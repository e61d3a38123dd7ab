"""What `--json` prints is on docs/json.md: every field by its name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import leakcheck

from leakcheck.store.format import StoreHeader, store_json

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
NAMED = set(re.findall(r"`([a-z_]+)`", PAGE))
# What is in these is not fixed: reasons by their words, kinds, what a publisher says.
OPEN = {"rejected", "tables", "keys"}

COMMANDS = """
    build dump.txt -o b.bloom --kind email --json
    info a.bloom --json
    inspect dump.txt --json
    merge a.bloom.keys a.bloom.keys -o m.bloom --json
    range 0 --from a.bloom -o s.bloom --json
    export dump.txt -o e.bin --kind email --to dcso --json
    check alice@example.fr carol@example.fr --in a.bloom --json
    filters list --json
    config --json
    """.strip().splitlines()


def fields(value: Any) -> Iterator[str]:
    """The names in an object, and in those inside it."""
    for one in value if isinstance(value, list) else []:
        yield from fields(one)
    for name, inner in value.items() if isinstance(value, dict) else []:
        yield name
        if name not in OPEN:
            yield from fields(inner)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dump, its filter, and that filter installed."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "dump.txt").write_text("alice@example.fr:a\nbob@example.fr:b\nnone\n", "utf-8")
    for line in ("build dump.txt -o a.bloom --kind email --keep-keys", "filters add a.bloom"):
        assert leakcheck(*line.split(), cwd=folder, LEAKCHECK_HOME="home").status == 0
    return folder


@pytest.mark.parametrize("line", [line.strip() for line in COMMANDS])
def test_every_field_is_on_the_page(place: Path, line: str) -> None:
    ran = leakcheck(*line.split(), cwd=place, LEAKCHECK_HOME="home")
    assert ran.out, ran.err
    assert set(fields(json.loads(ran.out))) - NAMED - {"version"} == set()


def test_every_field_of_a_store_is_on_the_page() -> None:
    names = [*StoreHeader.__dataclass_fields__]
    header = StoreHeader(**dict.fromkeys(names, 0) | {"about": {}})
    assert set(store_json(header)) - NAMED - {"version"} == set()
