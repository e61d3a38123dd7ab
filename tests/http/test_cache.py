"""What is kept of answers: for a while, for this user, and never in the way."""

import os
import time
from pathlib import Path

import pytest

from leakcheck.http.cache import Cache, cache_folder


def age(cache: Cache, seconds: float) -> None:
    """Let every entry have been written so many seconds ago."""
    for path in (cache_folder() / "answers").iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_an_entry_is_good_for_as_long_as_it_may_be() -> None:
    cache, for_ever = Cache("answers", 100), Cache("answers")
    cache.put("a", b"body")
    assert (cache.get("a"), cache.get("b")) == (b"body", None)
    for seconds, found in ((90, b"body"), (101, None), (-5, None)):  # the clock was put back
        age(cache, seconds)
        assert cache.get("a") == found
        assert for_ever.get("a") == b"body"
    cache.put("a", b"")
    assert cache.get("a") == b""


def test_what_is_damaged_is_no_entry() -> None:
    cache = Cache("answers")
    cache.put("a", b"body")
    (path,) = (cache_folder() / "answers").iterdir()
    for data in (b"", b"x" * 32, path.read_bytes() + b"x", path.read_bytes()[:-1]):
        path.write_bytes(data)
        assert cache.get("a") is None


def test_what_is_too_old_is_removed_and_nothing_else() -> None:
    cache = Cache("answers", 100)
    cache.put("old", b"1")
    age(cache, 200)
    cache.put("new", b"2")
    cache.prune()
    assert len(list((cache_folder() / "answers").iterdir())) == 1
    assert cache.get("new") == b"2"
    Cache("nothing").prune()


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "cache").write_text("a file in its place")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEAKCHECK_HOME", str(tmp_path / "home"))
        cache = Cache("answers")
        cache.put("a", b"body")
        assert cache.get("a") is None


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("LEAKCHECK_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder().name == "leakcheck"
    assert tmp_path / "cache" != cache_folder()
