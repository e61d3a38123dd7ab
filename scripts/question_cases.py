"""The rows of tests/vectors/question.json: what may be asked, and what becomes of it.

Every way of writing an address that people, programs and attackers use, by
itself and together with what is copied with it; passwords by their bytes.
"""

# ruff: noqa: E501 - samples are easier to read in long rows

import itertools
from collections.abc import Iterator
from typing import Any

from leakcheck.errors import SubjectError
from leakcheck.subject.address import BLANKS
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question

AROUND = [
    "{}", "<{}>", "Alice <{}>", "Alice Martin <mailto:{}>", "<<{}>", "mailto:{}", "MailTo:{}?subject=x",
    '"{}"', "'{}'", "“{}”", "‘{}’", "„{}“", "«{}»", "« {} »", "‹{}›", "`{}`", "'\"{}\"'", "\"{}'",
    "{}.", "{}..", "{}。", "{}．", "{}｡", "({})", "[{}]", "{},", "{};", "{}?subject=x", "{}>", "<{}",
    "\"Alice\" <{}>.", " \t{}\r\n", "{}\0", "{}:x", "{} x", "x {}",
]  # fmt: skip
LOCALS = [
    "alice", "Alice", "ALICE", "a", "a" * 64, "a" * 65, "a.b", "a..b", ".a", "a.", "a+b", "a_b", "-a",
    "a-", "_", "+", "0", "o'brien", "'a", "a'", "o''brien", "1'a", "a'b'c", "élodie", "алиса", "爱丽丝",
    "a b", '"a b"', "a!b", "a/b", "a=b", "a\\b", "a@b", "a%b", "%61lice", "ali\\u0063e", "ali&#99;e",
    "o\\'brien", "o&#39;brien", "o&apos;brien", "a%2Bb", "", "а", "ａｌｉｃｅ", "a\u200bb", "a\u0301",
]  # fmt: skip
DOMAINS = [
    "acme.fr", "ACME.FR", "acme", "", ".", ".fr", "acme.", "acme..fr", "-acme.fr", "acme-.fr", "a-b.fr",
    "a--b.fr", "ac_me.fr", "acme.fr-", "acme.fr:80", "acme.fr/x", "user.acme.co.uk", "1.2.3.4", "[1.2.3.4]",
    "666.com", "1.fr", "acme.f", "acme.jpg", "acme.local", "acme.comcast", "acme.yu", "acme.goo",
    "acme.zz", "acme.museum", "acme.arpa", "acme.onion", "acme.xn--p1ai", "acme.рф", "acme.РФ",
    "пример.рф", "例え.jp", "例え。jp", "例え．jp", "例え｡jp", "bücher.de", "BÜCHER.DE", "bu\u0308cher.de",
    "xn--bcher-kva.de", "XN--BCHER-KVA.DE", "xn--bcher-KVA.de", "faß.de", "FAẞ.de", "fass.de",
    "xn--fa-hia.de", "straße41.de", "ελλάς.gr", "ΕΛΛΆΣ.gr", "ελλάσ.gr", "نامه\u200cای.com",
    "نامهای.com", "a\u200db.fr", "क्\u200dष.com", "ශ්\u200dරී.lk", "i❤️.ws", "i❤.ws", "👍.ws", "👍🏽.ws",
    "xn--on8h5e.ws", "👩\u200d💻.ws", "🇫🇷.ws", "a≠b.com", "a=\u0338b.com", "xn--ab-miv.com", "a－b.com",
    "a⁄b.com", "a‐b.com", "a‑b.com", "a‒b.com", "a–b.com", "a—b.com", "a−b.com", "o’brien.com",
    "“acme”.fr", "（acme）.fr", "a…b.fr", "a‥b.fr", "a⒈b.fr", "①.fr", "½.fr", "㎏.fr", "℡.fr", "™.com",
    "ａｃｍｅ.fr", "ａｃｍｅ．ｆｒ", "𝒶𝒸𝓂ℯ.fr", "ac\u00adme.fr", "ac\u200bme.fr", "ac\ufeffme.fr",
    "ac\u2060me.fr", "acme.fr\u200b", "\u200bacme.fr", "ac\u180eme.fr", "ac\u034fme.fr", "\u0301a.fr",
    "a\u0301.fr", "á.fr", "\u00ad.fr", "Ⴀbc.com", "ⴀbc.com", "ᏸ.com", "Ꭰ.com", "İ.com", "ı.com", "K.com",
    "ſ.com", "Å.com", "ﬀ.com", "ŉ.com", "ĳ.nl", "ǆ.hr", "ъ.рф", "עברית.il", "אa1.com", "1א.com",
    "한국.kr", "\u1112\u1161\u11ab\u1100\u116e\u11a8.kr", "ガ.jp", "カ\u3099.jp", "ｶﾞ.jp", "ไทย.th", "தமிழ்.in",
    "中国.中国", "中國.中國", "你好。中国", "col·legi.cat", "a・b.jp", "a،b.com", "a，b.com", "a、b.com",
    "ac me.fr", "ac\tme.fr", "ac\nme.fr", "ac\u00a0me.fr", "ac\u3000me.fr", "xn--.fr", "xn--a.fr",
    "xn--a-.fr", "xn---.fr", "xn---fa.fr", "xn--0.fr", "xn--é.fr", "ｘｎ－－fa-hia.de", "xn--xn--a.fr",
    "xn--99999999.fr", "xn--zva.fr", "xn--ls8h.la", "xn--80ak6aa92e.com", "\ue000.fr", "\ufffd.fr",
    "\u0378.fr", "\U000e0061.fr", "\ufe0f.fr", "a" * 63 + ".fr", "a" * 64 + ".fr", "é" * 56 + ".fr",
    "é" * 60 + ".fr", ".".join(["a" * 50] * 5)[:249] + ".fr", ".".join(["a" * 50] * 5)[:250] + ".fr",
    "a." * 126 + "fr", "%61cme.fr", "acme%2Efr", "b%C3%BCcher.de", "b\\u00fccher.de", "b&#252;cher.de",
    "b\\xfccher.de", "\\ud83d\\udc4d.ws", "acme\\.fr", "acme&amp;.fr", "acme.fr%00", "acme.fr#x",
]  # fmt: skip
SIGNS = ["@", "%40", "\\u0040", "\\\\u0040", "\\x40", "&#64;", "&#064;", "&#x40;", "&#X40;", "＠",
         " @ ", "@@", " at ", "[at]"]  # fmt: skip
PASSWORDS: list[str | bytes] = [
    "password", "", " ", "  ", "x", " x", "x ", " x ", "\tx", "x\r", "x\u00a0", "\u3000x", "x\u200b",
    "é", "e\u0301", "É", "ﬁ", "Å", "Å", "한국", "\u1112\u1161\u11ab", "пароль", "كلمة", "密码", "👍🏽",
    "a\u0323\u0307", "a\u0307\u0323", "\u0344", "क\u093c", "क़", "$HEX[70617373]", "$HEX[e9]", "$HEX[]",
    "$HEX[7]", "$hex[70]", "$HEX[70617373] ", "a:b", "a\0b", "\0", "x" * 100, "correct horse battery",
    b"caf\xe9", b"\xff\xfe", b"\x80", b"\xe9 ", b" \xe9", b"\xc3", b"\xc3\xa9", b"\xed\xa0\x80", b"a\x00b",
    b"\x81\x8d\x8f\x90\x9d",
]  # fmt: skip
CREDENTIALS: list[str | bytes] = [
    "alice@acme.fr:x", "Alice@Acme.FR:x", "alice@acme.fr;x", "alice@acme.fr|x", "alice@acme.fr\tx",
    "alice@acme.fr,x", "alice@acme.fr:", "alice@acme.fr", "alice:x", "alice@acme.fr:a:b", "alice@acme.fr: x",
    "<alice@acme.fr>:x", "mailto:alice@acme.fr:x", "alice%40acme.fr:50%40", "alice@faß.de:é",
    "alice@acme.jpg:x", ":x", "", b"alice@acme.fr:caf\xe9", "alice@acme.fr:a\0",
]  # fmt: skip


def _texts() -> Iterator[tuple[Kind, str | bytes]]:
    for around in AROUND:
        yield Kind.EMAIL, around.format("alice@acme.fr")
    for blank in BLANKS:
        yield Kind.EMAIL, f"{blank}alice@acme.fr{blank}"
    for name in LOCALS:
        yield Kind.EMAIL, f"{name}@acme.fr"
    for host in DOMAINS:
        yield Kind.EMAIL, f"zoe@{host}"
    for sign in SIGNS:
        yield Kind.EMAIL, f"alice{sign}acme.fr"
    for around, host in itertools.product(AROUND[1:6], ("faß.de", "👍🏽.ws", "例え。jp")):
        yield Kind.EMAIL, around.format(f"zoe@{host}")
    yield Kind.EMAIL, "zoe@bücher.de".encode("latin-1")
    yield Kind.EMAIL, "zoe@acme.fr" + "\u00ad" * 246
    yield Kind.EMAIL, "zoe@acme" + "\\u00ad" * 400 + ".fr"
    for host in ("acme.fr", "@acme.fr", "Acme.FR.", "*.acme.fr", "zoe@acme.fr", "fr", "", "faß.de",
                 "пример.рф", "acme.comcast", "acme.jpg"):  # fmt: skip
        yield Kind.DOMAIN, host
    for password in PASSWORDS:
        yield Kind.PASSWORD, password
        yield Kind.NTLM, password
    for credential in CREDENTIALS:
        yield Kind.CREDENTIAL, credential


def rows() -> list[dict[str, Any]]:
    """Each question once: its forms, digests and needs, or why it is refused."""
    found: dict[tuple[Kind, str | bytes], dict[str, Any]] = {}
    for kind, text in _texts():
        given = {"text": text} if isinstance(text, str) else {"bytes": text.hex()}
        row: dict[str, Any] = {"kind": kind.value, **given}
        try:
            one = question(kind, text)
        except SubjectError as error:
            row["refused"] = str(error)
        else:
            row["forms"] = [form.content.hex() for form in one.forms]
            row["digests"] = [digest.hex() for digest in one.digests()]
            if one.needs is not None:
                row["needs"] = one.needs.record()
        found.setdefault((kind, text), row)
    return list(found.values())
