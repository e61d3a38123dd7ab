"""`leakcheck check`: one or a few subjects, asked of every source."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.subject.digests import to_bytes
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Answer, Verdict, exit_status

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def check(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(metavar="SUBJECT...", help="E-mail addresses. A password is never one."),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Kind of the subjects. Default: email.")
    ] = None,
    password: Annotated[
        bool,
        typer.Option(
            "--password",
            help="Prompt for a password without echo, or read passwords from stdin, one per line.",
        ),
    ] = False,
    hashes: Annotated[
        list[str] | None,
        typer.Option(
            "--hash",
            metavar="HEX",
            help="Check a digest: SHA-1 (40 digits) or NT hash (32). Repeatable. Others on "
            "this machine can read arguments, and the digest of a password is as good as "
            "the password.",
        ),
    ] = None,
    from_file: Annotated[
        str | None,
        typer.Option(
            "--from-file",
            metavar="FILE",
            help="Check the subjects in a list, read as scan reads it; - for stdin.",
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--from", metavar="FORM", help="Format of the list, as for scan."),
    ] = None,
    hashes_from: Annotated[
        str | None,
        typer.Option(
            "--hashes-from",
            metavar="FILE",
            help="Check the digests in a file, one per line; - for stdin.",
        ),
    ] = None,
    variants: Annotated[
        bool,
        typer.Option("--variants", help="Also check other spellings that reach the same mailbox."),
    ] = False,
    sources: options.In = None,
    offline: options.Offline = False,
    decoys: options.Decoys = 0,
    allow_bits: options.AllowBits = 22.0,
    via: options.Via = None,
    hibp_url: options.HibpUrl = None,
    min_count: options.MinCount = 1,
    require_signature: options.RequireSignature = False,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact", help="Mask the addresses of a list. Default: where CI=true."
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Check one or a few addresses, passwords or hashes.

    Nothing is sent unless --in or config.toml names a URL or hibp. Then a few bits of a digest
    are sent. A sealed filter also asks its oracle, which cannot see the subject.
    Exit status: 1 if any is exposed, else 2 if any is unknown, else 0.
    """
    from leakcheck import api

    access = options.access(
        offline, decoys, via, hibp_url, min_count, allow_bits, require_signature
    )
    names = sources or []
    given = subjects or []
    asked = sum((bool(given or password), bool(hashes), bool(from_file), bool(hashes_from)))
    if asked != 1:
        raise UsageError(
            said("Name addresses, or one of --password, --hash, --from-file and --hashes-from.")
        )
    if form is not None and from_file is None:
        raise UsageError(said("--from says how to read a list: it goes with --from-file."))
    if from_file is not None or hashes_from is not None:
        from leakcheck.input.lists import place_of
        from leakcheck.scanning.options import ScanOptions, form_of
        from leakcheck.scanning.plain import check_list
        from leakcheck.terminal import in_ci

        listed = ScanOptions(
            path=place_of(from_file or hashes_from or ""),
            kind=kind,
            form=form_of(form),
            hashes=True if hashes_from is not None else None,
            sources=tuple(names),
            access=access,
            variants=variants,
            redact=in_ci() if redact is None else redact,
        )
        return check_list(listed, as_json=json)
    if hashes:
        answers = api.check_digests(hashes, kind=kind, sources=names, access=access)
    else:
        wanted = kind or (Kind.PASSWORD if password else Kind.EMAIL)
        asked_for = _subjects(given, wanted, password)
        answers = api.check(asked_for, kind=wanted, sources=names, access=access, variants=variants)
    return _print(answers, json, variants)


def _subjects(given: list[str], kind: Kind, password: bool) -> Sequence[str | bytes]:
    """The subjects to ask about; what is secret comes from the terminal or stdin."""
    if not kind.secret:
        if password:
            raise UsageError(said("--password does not go with --kind {kind}.", kind=kind))
        return given
    if kind is Kind.CREDENTIAL:
        if not given:
            return _secrets(said("Address:password (not shown): "))
        secrets = _secrets(said("Password (not shown): "))
        if len(secrets) != len(given):
            raise UsageError(said("Give one password for each address, in the same order."))
        return [
            to_bytes(address) + b":" + secret
            for address, secret in zip(given, secrets, strict=True)
        ]
    if given:
        raise UsageError(
            said(
                "A password is never an argument, where others could read it: use --password alone."
            )
        )
    return _secrets(said("Password (not shown): "))


def _secrets(prompt: str) -> list[bytes]:
    from leakcheck.input.secrets import read_secrets
    from leakcheck.terminal import ask_secret

    return read_secrets(partial(ask_secret, prompt))


def _print(answers: list[Answer], as_json: bool, variants: bool) -> int:
    from leakcheck.checking.answers import answers_json, lines_of
    from leakcheck.terminal import say, settings, tell

    if as_json:
        say(answers_json(answers))
    else:
        for line in lines_of(answers, variants=variants):
            if not (line.aside and settings().quiet):
                tell(line.text, indent=line.indent, tone=line.tone)
    verdicts = [answer.verdict for answer in answers]
    return exit_status(Verdict.EXPOSED in verdicts, Verdict.UNKNOWN in verdicts)
