"""Compare both engines on hostile input, for a given time: no difference, no crash.

    python scripts/fuzz_extract.py --seconds 120 [--seed N] [--native PATH]
    python scripts/fuzz_extract.py --seconds 120 --guided     # needs pip install atheris

A case is a chunk of 200 lines of tricky tokens, mutated. Where a chunk
differs, it is cut down to a line that does, which is printed: it is made up,
so no secret is shown.
With --guided, libFuzzer makes the cases, led by what the plain-Python engine
has not yet been through.
"""

import argparse
import importlib.util
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import fuzzing

import leakcheck
from leakcheck.subject.kinds import Kind

WORDS = r"""
@ @ @ @ @ . . . - ' " \ % ; : | , < > & # + _ = / a A n r t u x o O z Z 0 4 6 9 $
.. -- '' \' \\ \\\\
%40 %4 %2B %2b %27 %2E %C3%A9 %ad %20 \u0040 \u002b \u0027 \u00e9 \u1234 \ud83d \ud83d\ude00
\x40 \x27 \xe9 &#64; &#064; &#x40; &#39; &#039; &#x27; &apos; &lt; &#233; \n \r \t alice bob o'brien
d'alice fr com uk co.uk acme.fr a.b xn--p1ai xn--bcher-kva.de evil Call @acme.fr alice@acme.fr
%40acme.fr \u0040acme.fr $HEX[ ] $HEX[6162] $HEX[e9] $HEX[] :pass :1 :0 :12 DEADBEEF
da39a3ee5e6b4b0d da39a3ee5e6b4b0d3255bfef95601890afd80709 31d6cfe0d16ae931b73c59d7e0c089c0
=40 =3D =2E =27 =C3=BC %2540 %252540 %252E %u0040 %u002e &commat; &period; &amp; &amp;#64;
&amp;#x40; &amp;commat; &lowbar; &shy; \u{40} \u{2e} \x{40} \_ \. 0x616c69636540612e6672
X'616c4061636d652e6672' \x6140612e6672 4040 mail:: YUBhY21lLmZy
YUBh Y21lLmZy :: mail: EMAIL;T=X: = == ＠ ﹫
DA39A3EE5E6B4B0D3255BFEF95601890AFD80709:3 é ü ß 谢谢 пример.рф РФ 。 ． ａｃｍｅ．ｆｒ ❤️ · ’ “ »
"""
UNSEEN = ["\u00a0", "\u200b", "\u200d", "\u00ad", "\ufeff", "\U0001f600", "e\u0301", "\u3000"]
TOKENS: list[bytes] = [
    *WORDS.encode().split(),
    *(text.encode() for text in UNSEEN),
    *(bytes([code]) for code in (0, 9, 13, 32, 32, 0x80, 0xA0, 0xAD, 0xB7, 0xC3, 0xE9, 0xFC, 0xFF)),
    *(
        b"\xed\xa0\x80",
        b"\r\r",
        b" : ",
        b"=\n",
        b"=\r\n",
        b"\n ",
        b"\r\n\t",
        b"\nmail:: ",
        b"\nmail: ",
    ),
    *(b"\x1b[31m", b"\x1b[01;31m\x1b[K", b"\x1b(B", b"aGFzaGhhc2hoYXNoaGFzaGhhc2g=\n"),
    *(b"a" * 63, b"-" * 66, b"b." * 120, b"x" * 300, b"y " * 500, b"=2E" * 700, b"z" * 2000),
]
LINES = 200  # of a chunk
SLOW = 16  # the NT hash in plain Python is slow: compare it for one chunk in so many
CALLS: list[tuple[str, Callable[..., object]]] = [
    ("emails", lambda kernels, chunk: kernels.emails(chunk)),
    ("domains", lambda kernels, chunk: kernels.domains(chunk)),
    ("address_spans", lambda kernels, chunk: kernels.address_spans(chunk)),
    ("encoded_spans", lambda kernels, chunk: kernels.encoded_spans(chunk)),
    ("passwords", lambda kernels, chunk: kernels.passwords(chunk, Kind.PASSWORD)),
    ("ntlm", lambda kernels, chunk: kernels.passwords(chunk, Kind.NTLM)),
    ("combo_passwords", lambda kernels, chunk: kernels.combo_passwords(chunk, Kind.PASSWORD)),
    ("combo ntlm", lambda kernels, chunk: kernels.combo_passwords(chunk, Kind.NTLM)),
    ("credentials", lambda kernels, chunk: kernels.credentials(chunk)),
    ("hashes", lambda kernels, chunk: kernels.hashes(chunk, 20, 1, b"")),
    ("hashes 16", lambda kernels, chunk: kernels.hashes(chunk, 16, 2, b"")),
    ("hashes prefix", lambda kernels, chunk: kernels.hashes(chunk, 20, 1, b"dA39a")),
    (
        "password_fields",
        lambda kernels, chunk: kernels.password_fields(chunk.split(b"\n"), Kind.PASSWORD),
    ),
    (
        "credential_fields",
        lambda kernels, chunk: kernels.credential_fields(
            [(line[: len(line) // 2], line[len(line) // 2 :]) for line in chunk.split(b"\n")]
        ),
    ),
]


def line(chance: random.Random) -> bytes:
    """Tokens, most of the time around an at sign."""
    made = b"".join(chance.choices(TOKENS, k=chance.randint(1, 12)))
    style = chance.random()
    if style < 0.3:
        made = b"".join((made, b"@", *chance.choices(TOKENS, k=3), b".fr"))
    elif style < 0.4:
        at = chance.randint(0, len(made))
        made = made[:at] + bytes([chance.randrange(256)]) + made[at + chance.randint(0, 2) :]
    return made


def load(path: str) -> None:
    """Use the extension module in the file `path`, not the installed one."""
    spec = importlib.util.spec_from_file_location("leakcheck._native", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path}: no extension module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["leakcheck._native"] = leakcheck._native = module  # type: ignore[attr-defined]


def differing(call: Callable[..., object], chunk: bytes, engines: tuple[object, object]) -> bytes:
    """The smallest part of `chunk`, in whole lines, on which the engines differ."""
    lines = chunk.split(b"\n")
    for line in lines:
        if call(engines[0], line) != call(engines[1], line):
            return line
    return chunk


def remember_lines() -> None:
    """Let the plain-Python kernels read each line for addresses once, not once each."""
    from leakcheck.extract.reference import addresses, combos, encoded, lines

    @lru_cache(maxsize=4)
    def found(chunk: bytes, literal: bool) -> list[object]:
        return list(encoded.at_signs(chunk, literal=literal))

    def at_signs(chunk: bytes, *, literal: bool = True) -> Iterator[object]:
        return iter(found(chunk, literal))

    combos.read = lru_cache(maxsize=1024)(lines.read)
    addresses.at_signs = at_signs


def compare(chunk: bytes, with_ntlm: bool) -> None:
    """Run all kernels of both engines on `chunk`. AssertionError where they differ."""
    from leakcheck.extract import native, reference

    for name, call in CALLS:
        if "ntlm" in name and not with_ntlm:
            continue
        if call(reference, chunk) != call(native, chunk):
            guilty = differing(call, chunk, (reference, native))
            print(f"{name} differs: {guilty!r}")
            print("  python", call(reference, guilty))
            print("  native", call(native, guilty))
            raise AssertionError(f"{name} differs")


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """A chunk, through every kernel of both engines."""
    with_ntlm = chance.randrange(SLOW) == 0
    compare(b"\n".join(line(chance) for _ in range(LINES)), with_ntlm)
    return "with the NT hash" if with_ntlm else "without it"


def guided(seconds: float) -> None:
    """Let libFuzzer lead, by the coverage of the plain-Python engine."""
    import atheris

    with atheris.instrument_imports(include=["leakcheck"]):
        import leakcheck.extract.reference  # noqa: F401
    with tempfile.TemporaryDirectory() as corpus:
        for number, token in enumerate(TOKENS):
            Path(corpus, str(number)).write_bytes(b"alice" + token + b"@acme.fr" + token)
        flags = [f"-max_total_time={seconds:.0f}", "-max_len=400", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *flags, corpus], lambda data: compare(data, False))
        atheris.Fuzz()


def main() -> int:
    """Try cases for a while."""
    parser = fuzzing.parser(__doc__)
    parser.add_argument("--native", help="another build of leakcheck._native")
    parser.add_argument("--guided", action="store_true")
    options = parser.parse_args()
    if options.native:
        load(options.native)
    if options.guided:
        guided(options.seconds)
    remember_lines()
    return fuzzing.run(options, case)


if __name__ == "__main__":
    sys.exit(main())
