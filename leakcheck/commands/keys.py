"""`leakcheck keys`: make a publisher's key, and say whom to trust."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Make a publisher's key, and choose which publishers to trust.",
)


@app.command()
def new(
    origin: Annotated[
        str,
        typer.Argument(metavar="ORIGIN", help="Your name, such as filters.example.org/acme."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The private key, mode 0600.")
    ],
) -> int:
    """Make a private key, and print the public one that readers trust.

    Keep a copy of the private key off-line: without it no new edition can be signed.
    """
    from leakcheck.terminal import say
    from leakcheck.trust import keys
    from leakcheck.wording import printable

    key = keys.make(origin, output)
    say(str(key))
    say(f"{printable(str(output))} is the private key: keep it to yourself, and keep a copy.")
    say(f"Readers type: leakcheck keys trust {key}")
    return 0


@app.command()
def public(
    key: Annotated[Path, typer.Argument(metavar="FILE", help="A private key.")],
) -> int:
    """Print the public key that goes with a private one."""
    from leakcheck.terminal import say
    from leakcheck.trust import keys

    say(str(keys.private_key(key).verifier))
    return 0


@app.command()
def trust(
    keys: Annotated[
        list[str],
        typer.Argument(metavar="KEY...", help="A public key (NAME+HASH+BASE64), or a file of it."),
    ],
) -> int:
    """Trust a publisher: from now on, nothing of theirs is believed without a proof.

    Compare the fingerprint with what the publisher says elsewhere.
    """
    from leakcheck.terminal import say
    from leakcheck.trust.keys import public_keys
    from leakcheck.trust.store import Store
    from leakcheck.wording import printable

    store = Store()
    for key in [key for text in keys for key in public_keys(text)]:
        news = "is trusted" if store.trust(key) else "was trusted already"
        say(f"{printable(key.name)} {news}; fingerprint {key.fingerprint}.")
    return 0


@app.command(name="list")
def list_keys() -> int:
    """List the publishers that are trusted."""
    from leakcheck.terminal import say, table
    from leakcheck.trust.store import Store

    store = Store()
    found = store.keys()
    if found:
        table(
            ("origin", "fingerprint", "newest edition seen", "key"),
            [
                (key.name, key.fingerprint, str(store.serial(key.name) or ""), str(key))
                for key in found
            ],
        )
    else:
        say("Nobody is trusted yet: `leakcheck keys trust KEY` trusts a publisher.")
    return 0


@app.command()
def distrust(
    names: Annotated[
        list[str], typer.Argument(metavar="ORIGIN|KEY...", help="As `list` shows them.")
    ],
) -> int:
    """Trust a publisher no longer."""
    from leakcheck.errors import UsageError
    from leakcheck.terminal import say
    from leakcheck.trust.store import Store
    from leakcheck.wording import printable

    for name in names:
        gone = Store().distrust(name)
        if not gone:
            raise UsageError("No such key is trusted: `leakcheck keys list` shows them.")
        for key in gone:
            say(f"{printable(str(key))} is trusted no longer.")
    return 0
