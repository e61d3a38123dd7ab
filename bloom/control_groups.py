"""The control groups (Linux) around this process, of either version, and what their files say."""

from collections.abc import Iterator


def folders(controller: str, root: str = "/") -> Iterator[str]:
    """The folders of the groups around this process that `controller` rules, outermost first.

    root: where proc and sys are mounted.
    """
    for line in words(f"{root}/proc/self/cgroup", "\n"):
        _, controllers, group = (line + "::").split(":")[:3]
        if controllers and controller not in controllers.split(","):
            continue
        top = f"{root}/sys/fs/cgroup" + (f"/{controller}" if controllers else "")
        # In a container the group may be named as the host sees it: its own is then the top.
        names = [name for name in group.split("/") if name not in ("", "..")]
        for depth in range(len(names) + 1):
            yield "/".join([top, *names[:depth]])


def words(path: str, separator: str | None = None) -> list[str]:
    """What the file at `path` holds, split; nothing where it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes longer to load
            return file.read().split(separator)
    except (OSError, ValueError):
        return []


def numbers(path: str) -> list[int]:
    """The whole numbers in the file at `path`, what is none left out."""
    return [int(word) for word in words(path) if word.isdecimal()]
