"""`leakcheck keys`: make a publisher's key, and say whom to trust."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.language import said

if TYPE_CHECKING:
    from leakcheck.trust.note import Verifier

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Make a publisher's key, and choose which publishers to trust.",
)


@app.command()
def new(
    origin: Annotated[
        str | None,
        typer.Argument(metavar="ORIGIN", help="Your name, such as filters.example.org/acme."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The private key, mode 0600.")
    ] = ...,  # type: ignore[assignment]
    sealing: Annotated[
        bool, typer.Option("--sealing", help="Make a key to seal filters with. It has no ORIGIN.")
    ] = False,
) -> int:
    """Make a private key, and print the public one that readers trust.

    Keep a copy of the private key offline: without it no new edition can be signed.
    """
    from leakcheck.terminal import say
    from leakcheck.trust import keys
    from leakcheck.wording import printable

    if sealing == (origin is not None):
        raise UsageError(said("Name your ORIGIN for a key to sign with, or say --sealing."))
    if origin is None:
        from leakcheck.trust.sealing import make_sealing_key

        made = make_sealing_key(output)
        say(said("sealing key {hex}…", hex=made.public.hex()[:16]))
        say(
            said(
                "{output} is private: keep it to yourself, and keep a copy offline. "
                "Without it no filter that it sealed can be checked; with it all of them "
                "can be guessed.",
                output=printable(str(output)),
            )
        )
        return 0
    key = keys.make(origin, output)
    say(str(key))
    say(said("Fingerprint: {fingerprint}", fingerprint=key.fingerprint))
    say(
        said(
            "{output} is the private key: keep it to yourself, and keep a copy.",
            output=printable(str(output)),
        )
    )
    say(said("Readers type: leakcheck keys trust {key}", key=key))
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
        typer.Argument(
            metavar="KEY|FILE|URL...",
            help="A public key (NAME+HASH+BASE64), or a file or URL that has it.",
        ),
    ],
    fingerprint: Annotated[
        str | None,
        typer.Option(
            "--fingerprint",
            metavar="HEX",
            help="Trust the key at a URL without asking if it has this fingerprint.",
        ),
    ] = None,
    via: options.Via = None,
) -> int:
    """Trust a publisher: from now on, nothing of theirs is believed without a proof.

    Compare the fingerprint with what the publisher says elsewhere. For a key at a URL,
    leakcheck shows the fingerprint and asks first.
    """
    from leakcheck.sources.names import is_remote
    from leakcheck.trust.keys import public_keys

    for text in keys:
        if is_remote(text):
            _trust_url(text, fingerprint, via)
        else:
            for key in public_keys(text):
                _trust(key)
    return 0


def _trust_url(url: str, fingerprint: str | None, via: str | None) -> None:
    """Trust the keys at a URL, each once its fingerprint was found right."""
    from leakcheck.installing.publishers import folder_of, keys_at
    from leakcheck.sources import Access
    from leakcheck.terminal import agreed, say
    from leakcheck.trust.store import Store
    from leakcheck.wording import printable

    for key in keys_at(url, Access(proxy=via)):
        if fingerprint is None:
            say(said("{name}, fingerprint {fingerprint}", name=printable(key.name),
                     fingerprint=key.fingerprint))  # fmt: skip
            if not agreed(
                said("Is it the one that the publisher shows elsewhere?"),
                said(
                    'compare the fingerprint, then give it: --fingerprint "{fingerprint}"',
                    fingerprint=key.fingerprint,
                ),
            ):
                raise UsageError(said("The key is not trusted."))
        elif "".join(fingerprint.split()).lower() != key.fingerprint.replace(" ", ""):
            raise UsageError(
                said(
                    "The key there has another fingerprint, {fingerprint}: it is not trusted.",
                    fingerprint=key.fingerprint,
                )
            )
        _trust(key)
        Store().remember_place(key.name, folder_of(url))


def _trust(key: "Verifier") -> None:
    from leakcheck.terminal import say
    from leakcheck.trust.store import Store
    from leakcheck.wording import printable

    name, shown = printable(key.name), key.fingerprint
    if Store().trust(key):
        say(said("{name} is trusted; fingerprint {fingerprint}.", name=name, fingerprint=shown))
    else:
        say(said("{name} was trusted already; fingerprint {fingerprint}.", name=name,
                 fingerprint=shown))  # fmt: skip


@app.command(name="list")
def list_keys() -> int:
    """List the publishers you trust."""
    from leakcheck.terminal import out_is_terminal, say, table
    from leakcheck.trust.store import Store
    from leakcheck.wording import printable

    store = Store()
    found = store.keys()
    if found and out_is_terminal():
        for key in found:
            say(printable(key.name))
            say(said("  fingerprint {fingerprint}", fingerprint=key.fingerprint))
            seen = store.serial(key.name)
            say(said("  newest edition seen: {serial}", serial=seen) if seen
                else said("  no edition seen yet"))  # fmt: skip
            say(printable(f"  {key}"))
    elif found:
        table(
            (said("origin"), said("fingerprint"), said("newest edition seen"), said("key")),
            [
                (key.name, key.fingerprint, str(store.serial(key.name) or ""), str(key))
                for key in found
            ],
        )
    else:
        say(
            said(
                "Nobody is trusted yet: take a publisher's key from its own site, and give it to "
                "`leakcheck keys trust KEY`."
            )
        )
    return 0


@app.command()
def distrust(
    names: Annotated[
        list[str], typer.Argument(metavar="ORIGIN|KEY...", help="Names as shown by `list`.")
    ],
) -> int:
    """Stop trusting a publisher."""
    from leakcheck.terminal import say
    from leakcheck.trust.store import Store
    from leakcheck.wording import printable

    for name in names:
        gone = Store().distrust(name)
        if not gone:
            raise UsageError(said("No such key is trusted: `leakcheck keys list` shows them."))
        for key in gone:
            say(said("{name} is trusted no longer.", name=printable(str(key))))
    return 0
