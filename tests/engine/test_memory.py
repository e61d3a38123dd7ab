"""How much memory is free: what the system says, and what the control groups still allow."""

from pathlib import Path

import pytest

from bloom.memory import MemoryBudget, free_memory

GIB = 1 << 30
V1 = "9:name=systemd:/\n4:memory:/docker/abc\n2:cpu:/docker/abc\n"


def group(limit: str, used: int, stat: str = "") -> dict[str, str]:
    """The files of a group of version 2."""
    return {"memory.max": limit, "memory.current": f"{used}\n", "memory.stat": stat}


def system(root: Path, groups: str, files: dict[str, str], available: str = "16777216 kB") -> None:
    """Lay out proc and sys under `root`."""
    for name, text in {
        "proc/self/cgroup": groups,
        "proc/meminfo": f"MemTotal: 33554432 kB\nMemAvailable: {available}\n",
        **{f"sys/fs/cgroup/{name}": text for name, text in files.items()},
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


CACHED = f"anon 5\nfile {6 * GIB}\ninactive_file {5 * GIB}\nactive_file {GIB}\n"
OLD_CACHED = f"inactive_file 0\ntotal_inactive_file {3 * GIB}\n"


@pytest.mark.parametrize(
    ("groups", "files", "free"),
    [
        ("0::/\n", {}, 16 * GIB),
        ("0::/\n", group("max\n", GIB), 16 * GIB),
        ("0::/\n", group(f"{8 * GIB}\n", 7 * GIB), GIB),
        ("0::/\n", group(f"{8 * GIB}\n", 8 * GIB, CACHED), 5 * GIB),
        ("0::/\n", group(f"{8 * GIB}\n", 8 * GIB), 1),
        ("0::/\n", group(f"{8 * GIB}\n", 9 * GIB), 1),
        ("0::/\n", group(f"{64 * GIB}\n", GIB), 16 * GIB),
        ("0::/\n", group("nonsense\n", GIB), 16 * GIB),
        ("0::/\n", group(f"{8 * GIB}\n", GIB, "inactive_file x\nodd\n"), 7 * GIB),
        ("0::/\n", group(f"{8 * GIB}\n", GIB) | {"memory.high": f"{2 * GIB}\n"}, GIB),
        (
            "0::/a.slice/b.scope\n",
            {f"a.slice/{name}": text for name, text in group(f"{3 * GIB}\n", GIB).items()}
            | {f"a.slice/b.scope/{name}": text for name, text in group("max\n", 5).items()},
            2 * GIB,
        ),
        (
            V1,
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/memory.usage_in_bytes": f"{9 * GIB}\n",
                "memory/docker/abc/memory.limit_in_bytes": f"{4 * GIB}\n",
                "memory/docker/abc/memory.usage_in_bytes": f"{4 * GIB}\n",
                "memory/docker/abc/memory.stat": OLD_CACHED,
            },
            3 * GIB,
        ),
        ("", {}, 16 * GIB),
    ],
)
def test_what_the_groups_allow(
    tmp_path: Path, groups: str, files: dict[str, str], free: int
) -> None:
    system(tmp_path, groups, files)
    assert free_memory(str(tmp_path)) == free


def test_never_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing says how much there is, and where there is none."""
    assert free_memory(str(tmp_path)) >= 1 << 20
    system(tmp_path, "0::/\n", {}, available="")
    assert free_memory(str(tmp_path)) >= 1 << 20
    monkeypatch.delattr("os.sysconf")
    monkeypatch.setattr("os.sysconf", lambda name: int("none"), raising=False)
    assert free_memory(str(tmp_path / "nowhere")) == GIB
    monkeypatch.setattr("bloom.memory.free_memory", lambda: 1)
    budget = MemoryBudget(None)
    assert budget.pools > 1 << 20
    assert budget.window >= 1 << 20
    with pytest.raises(ValueError, match="at least 1"):
        MemoryBudget(0)
