"""Comments and strings of source code: Rust's walk is that of the regular expressions."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.ci.readers import lexical
from leakcheck.ci.readers.lexical import _BY_SUFFIX, _OTHER, _pattern, _walk, _WalkedInPython

NATIVE = getattr(lexical._module, "Spans", None)
LANGUAGES = sorted({*_BY_SUFFIX.values(), _OTHER})
PIECES = [
    "//", "/*", "*/", "/", "#", "#{", "#[", "--", "--[", "--[[", "]]", "[[", "[", "%", ";", "(*",
    "*)", "{-", "-}", "<!--", "-->", "'", "''", "'''", '"', '""', '"""', "`", "@", "@$", "$@", "$",
    'R"(', ')"', 'r#"', '"#', "aR", "\\", "\\\\", "\\'", "\n", " ", "a", "é", "&", "'a'", "'\\n'",
    "'\\u0123456'", "'\\u01234567890'", "<<", "=",
]  # fmt: skip


@pytest.mark.skipif(NATIVE is None, reason="the engine is plain Python")
@given(st.sampled_from(LANGUAGES), st.lists(st.sampled_from(PIECES), max_size=16))
@settings(max_examples=400, deadline=None)
def test_both_engines_see_the_same(parts: tuple[bytes, ...], pieces: list[str]) -> None:
    data = "".join(pieces).encode()
    native, plain = _walk(data, parts), _WalkedInPython(data, _pattern(parts))
    for offset in range(len(data) + 1):
        assert native.at(offset) == plain.at(offset), offset


@pytest.mark.skipif(NATIVE is None, reason="the engine is plain Python")
def test_rust_walks_all_languages_without_here_documents() -> None:
    python = [parts for parts in LANGUAGES if isinstance(_walk(b"", parts), _WalkedInPython)]
    assert [parts for parts in python if lexical._HEREDOC not in parts] == []
    with pytest.raises(ValueError, match="no part h"):
        NATIVE(b"", ["h"])
