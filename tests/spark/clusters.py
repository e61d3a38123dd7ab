"""What the tests of builds on Spark share: dumps of every sort, and a build on both sides."""

import bz2
import gzip
import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

from framed import bgzf, bzip2, zstd_frames

from leakcheck.building import BuildReport, BuildRequest, Form
from leakcheck.building import build as build_here
from leakcheck.errors import LeakcheckError
from leakcheck.subject.kinds import Kind

SALT = "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg"
ITEM = 100_000  # bytes of a plain file for a task: several a file


def accounts(count: int, seed: int, end: str = "\n") -> str:
    """`address:password` lines, some of them twice, some broken."""
    chance = random.Random(seed)
    lines = []
    for at in range(count):
        who = (
            f"{chance.choice('abcdefgh')}{chance.randrange(count)}@example{chance.randrange(9)}.fr"
        )
        lines.append(f"{who}:pw-{seed}-{at % (count // 2)}" if at % 97 else "no account here")
    return end.join(lines) + end


def dumps(folder: Path) -> Path:
    """A folder with dumps of many forms, plain, compressed, archived, damaged."""
    folder.mkdir()

    def put(name: str, data: str | bytes) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    put("combo.txt", accounts(12_000, 1))
    put("windows.txt", "\ufeff" + accounts(9_000, 2, "\r\n"))
    put("returns.txt", accounts(6_000, 3, "\r"))
    put("wide.txt", accounts(4_000, 4).encode("utf-16"))
    put("folded.txt", "".join(f"mail: a{at}@exam\n ple{at % 7}.fr\n" for at in range(12_000)))
    put("soft.txt", "".join(f"b{at}@exam=\nple{at % 7}.org text\n" for at in range(12_000)))
    long = " ".join(f"c{at}@example.net" for at in range(150_000))
    put("long.txt", accounts(3_000, 5) + long + "\n" + accounts(3_000, 6))
    put("small/a.txt", accounts(40, 7))
    put("small/b.txt", accounts(40, 8))
    put("small/empty.txt", "")
    put("one.gz", gzip.compress(accounts(8_000, 9).encode(), mtime=0))
    put("two.bz2", bz2.compress(accounts(4_000, 10).encode()))
    rows = [{"email": f"d{at}@example.org", "password": f"json-{at}"} for at in range(3_000)]
    put("users.json", json.dumps(rows))
    values = ",\n".join(f"({at},'e{at}@example.org','sql-{at}')" for at in range(3_000))
    put("users.sql", f"INSERT INTO `users` (`id`,`email`,`password`) VALUES\n{values};\n")
    table = "".join(f'f{at}@example.org,"quo""ted\nline {at}",x\n' for at in range(6_000))
    put("users.csv", "email,password,note\n" + table)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for at in range(9):
            archive.writestr(f"member{at}.txt", accounts(1_500, 20 + at))
        archive.writestr("inner.gz", gzip.compress(accounts(500, 40).encode(), mtime=0))
        archive.writestr("noise.bin", random.Random(5).randbytes(300_000))
        archive.writestr("users.csv", "email,password\ng1@example.org,zipped\n")
    put("many.zip", packed.getvalue())
    put("broken.gz", gzip.compress(accounts(5_000, 41).encode(), mtime=0)[:-4_000])
    return folder


def framed(folder: Path) -> Path:
    """A folder with compressed files that are made of frames, whole and broken."""
    folder.mkdir()

    def text(seed: int) -> bytes:
        return accounts(14_000, seed).encode()  # others in each: what is too much must be seen

    def half(data: bytes) -> tuple[bytes, bytes]:
        return data[: len(data) // 2], data[len(data) // 2 + 9 :]

    for name, data in {
        "a.bgz": bgzf(text(1)),
        "b.bz2": bzip2(text(2)),
        "c.zst": zstd_frames(text(3), skippable=True),
        "d.cut.bgz": bgzf(text(4))[:70_000],
        "e.changed.bgz": bytes(9).join(half(bgzf(text(5)))),
        "f.lost.zst": b"".join(half(zstd_frames(text(6), skippable=True))),
        "g.trailed.bz2": bzip2(text(7)) + b"something else",
        "h.wide.bgz": bgzf(text(8).decode().encode("utf-16")),
    }.items():
        (folder / name).write_bytes(data)
    return folder


def asked(
    output: Path, *paths: Path, kind: str | None = None, form: str | None = None, **options: Any
) -> BuildRequest:
    """A request for the filter `output`."""
    return BuildRequest(
        paths=tuple(map(str, paths)),
        output=output,
        kind=Kind(kind) if kind else None,
        form=Form(form) if form else None,
        rate=options.pop("rate", 1e-4),
        about={"name": "Test"},
        force=True,
        **options,
    )


def here(request: BuildRequest) -> tuple[BuildReport, list[str]]:
    """Built on one machine; and what was said."""
    said: list[str] = []
    report = build_here(request, said.append, lambda *_: None, lambda *_: None)
    return report, said


def there(
    spark: Any, request: BuildRequest, partitions: int | None = 7, item_bytes: int = ITEM
) -> tuple[BuildReport, list[str]]:
    """Built on Spark; and what was said."""
    from leakcheck.spark import cluster_build  # an extra

    said: list[str] = []
    cluster = cluster_build.Cluster(spark, partitions, item_bytes)
    report = cluster_build.build(cluster, request, said.append, lambda *_: None, lambda *_: None)
    return report, said


def outcome(build: Any) -> Any:
    """The bytes and the account of a build, or the sentence with which it is refused."""
    try:
        report, said = build()
    except LeakcheckError as error:
        return str(error)
    account = report.as_json()
    for each in account["inputs"]:
        del each["new"], each["new_exact"]  # which a cluster does not count
    del account["seconds"]
    account["skipped"].sort(key=str)
    return account, said
