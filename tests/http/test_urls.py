"""URLs: read strictly, shown without secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import UsageError
from leakcheck.http import urls
from leakcheck.http.urls import Url, parse_url, shown


@pytest.mark.parametrize(
    ("text", "url", "authority"),
    [
        ("http://h", Url("http", "h", 80, "/"), "h"),
        ("HTTPS://H.Ex:443/A%2fb?x=1#f", Url("https", "h.ex", 443, "/A%2fb?x=1"), "h.ex"),
        ("http://h:8080/a b", Url("http", "h", 8080, "/a%20b"), "h:8080"),
        ("http://h:65535/x", Url("http", "h", 65535, "/x"), "h:65535"),
        ("https://[::1]:8/x", Url("https", "::1", 8, "/x"), "[::1]:8"),
        ("http://bücher/ü", Url("http", "xn--bcher-kva", 80, "/%C3%BC"), "xn--bcher-kva"),
        ("http://BÜCHER/", Url("http", "xn--bcher-kva", 80, "/"), "xn--bcher-kva"),
        ("http://u%40x:p%2Fw@h/", Url("http", "h", 80, "/", "u@x:p/w"), "h"),
        ("http://h?x=[1]", Url("http", "h", 80, "/?x=[1]"), "h"),
    ],
)  # fmt: skip
def test_urls_are_read(text: str, url: Url, authority: str) -> None:
    assert parse_url(text) == url
    assert url.is_secure is (url.scheme == "https")
    assert url.origin == (url.scheme, url.host, url.port)
    assert parse_url(text).authority == authority


@pytest.mark.parametrize(
    "text",
    ["", "h", "http:", "http://", "http:///x", "http://[::1/x", "http://[x]/", "http://h:0/",
     "http://h:99999/", "http://h:65536/", "http://h:8o/", "ftp://h/",
     "http://h o/", "http://h\\x/", "http://a@b@c/",
     "http://h\r\nX: y/", "http://xn--\u0378/", "http://h\0/", "http://" + "h" * 300 + "/"],
)  # fmt: skip
def test_what_is_no_url_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match="give it as https://host/path"):
        parse_url(text)


@given(st.text(max_size=40))
def test_nothing_in_a_url_leaves_its_line(text: str) -> None:
    try:
        url = parse_url("http://h/" + text)
    except UsageError:
        return
    assert url.target.isascii()
    assert url.target.isprintable()
    assert " " not in url.target


@pytest.mark.parametrize(
    ("base", "location", "url"),
    [
        ("http://h/a/b", "c", "http://h/a/c"),
        ("http://h/a/b", "/c?d", "http://h/c?d"),
        ("http://h/a", "https://h/a", "https://h/a"),
        ("http://h:8/a", "//other/b", "http://other/b"),
    ],
)
def test_redirects_are_joined(base: str, location: str, url: str) -> None:
    assert str(urls.joined(parse_url(base), location)) == url


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://u:PW@h/x?t=PW#PW", "http://h/x"),
        ("HTTP://u:PW@H:8080/x", "http://h:8080/x"),
        ("http://h/\x1b[2J\u202e", "http://h/%1B%5B2J%E2%80%AE"),
        ("http://u:PW@h\x1b/x", "the URL"),
        ("http://u:P/W@h/x", "the URL"),
        ("http://u:P?W@h/x", "the URL"),
        ("http://u:P#W@h/x", "the URL"),
        ("http://uP/W@h/x", "http://up"),
        ("http://u:PW@", "the URL"),
        ("https://[::1]/x", "https://[::1]/x"),
    ],
)
def test_what_is_shown_of_a_url(text: str, told: str) -> None:
    assert shown(text) == told
