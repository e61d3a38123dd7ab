"""Which Windows accounts have the same password, and which have none: NT hashes have no salt."""

import re
from collections.abc import Iterator

from leakcheck.language import said, said_of
from leakcheck.wording import counted, number

_EMPTY = bytes.fromhex("31d6cfe0d16ae931b73c59d7e0c089c0")  # MD4 of nothing
_FORMER = re.compile(r"_history\d+$")
_NAMED = 10  # accounts of a group, and groups, that are named


class SharedHashes:
    """The accounts of each NT hash in a list; what it holds grows with the list, 16 bytes a row."""

    def __init__(self) -> None:
        self._accounts: dict[bytes, dict[str, None]] = {}

    def add(self, digest: bytes, account: str) -> None:
        """Note that `account` has the password of this NT hash; former ones do not count."""
        if account and not _FORMER.search(account):
            self._accounts.setdefault(digest, {})[account] = None

    def groups(self) -> list[list[str]]:
        """The accounts that share a password, the largest group first."""
        found = [list(names) for digest, names in self._accounts.items()
                 if len(names) > 1 and digest != _EMPTY]  # fmt: skip
        return sorted(found, key=len, reverse=True)

    def without(self) -> list[str]:
        """The accounts with an empty password."""
        return list(self._accounts.get(_EMPTY, ()))

    def lines(self) -> Iterator[str]:
        """Both as people read them."""
        if empty := self.without():
            yield said("Empty password ({count}): {names}.", count=number(len(empty)),
                       names=_some(empty))  # fmt: skip
        groups = self.groups()
        for group in groups[:_NAMED]:
            yield said("The same password ({accounts}): {names}.",
                       accounts=counted(len(group), "account"), names=_some(group))  # fmt: skip
        if len(groups) > _NAMED:
            rest = len(groups) - _NAMED
            yield said_of(
                rest,
                "And {count} more group that shares a password.",
                "And {count} more groups that share a password each.",
                count=number(rest),
            )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    if len(names) <= _NAMED:
        return shown
    return said("{names} and {count} more", names=shown, count=number(len(names) - _NAMED))
