"""`leakcheck publish`: a page where people check themselves, for any static host."""

from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.language import said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def publish(
    filters: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILTER...]", help="Filter files.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR|URL",
            help="The folder to write, or one in object storage, such as s3://bucket/acme.",
        ),
    ] = None,
    key: Annotated[
        list[Path] | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help="Private key to sign with; repeatable, while one key replaces another.",
        ),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            metavar="HOST/PATH",
            help="Where the page will be, without https://. Default: the name in the key.",
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", help="Name of the breach, as people know it.")
    ] = None,
    data: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="NAME,...",
            help="What was leaked: password, email, name, birthdate, phone, address, iban, card, "
            "identity, health, tax, photo, username, ip.",
        ),
    ] = "email",
    contact: Annotated[
        str | None,
        typer.Option("--contact", help="Whom people can ask: an e-mail address or an https URL."),
    ] = None,
    languages: Annotated[
        str,
        typer.Option(
            "--lang", metavar="LANG,...", help="Languages of the page, from en, fr, de, es."
        ),
    ] = "en",
    chunks: Annotated[
        bool,
        typer.Option(
            "--chunks", help="Also write chunks, for hosts that do not serve byte ranges."
        ),
    ] = False,
    mirrors: Annotated[
        list[str] | None,
        typer.Option(
            "--mirror",
            metavar="URL",
            help="A folder elsewhere with the same files, used if this host fails; repeatable.",
        ),
    ] = None,
    decoys: Annotated[
        int,
        typer.Option(
            "--decoys",
            min=0,
            max=255,
            help="Have the page fetch at least N other pages too, as decoys: 1, 3, 7, ... 255.",
        ),
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder that was published before.")
    ] = False,
    check: Annotated[
        str | None,
        typer.Option(
            "--check",
            metavar="URL",
            help="Publish nothing. Ask a live host as a browser would, and say what is wrong.",
        ),
    ] = None,
) -> int:
    """Write a folder for any web server, with a page where people check themselves.

    The page does its work in the browser. The server learns which page of a filter is read, but
    no address and no password. Exit status of --check: 2 if people would get no answer.
    """  # fmt: skip
    from leakcheck.errors import UsageError

    if check is not None:
        if filters or output:
            raise UsageError(said("--check takes a URL and publishes nothing."))
        return _check(check)
    if not filters or output is None or title is None or contact is None:
        raise UsageError(said("To publish, give FILTER, --output, --title and --contact."))
    from bloom.cores import usable_cores
    from leakcheck.publishing.request import SiteRequest
    from leakcheck.publishing.site_folder import publish as publish_site
    from leakcheck.storage import is_object
    from leakcheck.terminal import say, warn
    from leakcheck.trust import keys
    from leakcheck.wording import printable

    signers = [keys.private_key(path) for path in key or ()]
    if origin is None:
        if not signers:
            raise UsageError(said("--origin is missing: where will the page be?"))
        origin = signers[0].name
    request = SiteRequest(
        filters=filters, output=Path(output), origin=origin, title=title, data=_words(data),
        contact=contact, languages=_words(languages) or ["en"], signers=signers,
        mirrors=mirrors or (), chunks=chunks, decoys=decoys,
    )  # fmt: skip
    workers = usable_cores()
    notes: list[str] = []
    if is_object(output):
        from leakcheck.publishing.site_objects import publish_to

        edition, notes = publish_to(output, request, replace=force, workers=workers)
    else:
        edition = publish_site(request, replace=force, workers=workers)
    for note in notes:
        warn(note)
    if edition is None:
        warn(said("not signed: nobody can tell a copy that was changed. See --key."))
    else:
        say(
            said(
                "{origin}, edition {serial}.",
                origin=printable(edition.origin),
                serial=edition.serial,
            )
        )
    if is_object(output):
        say(
            said(
                "{output} is complete: serve it as {url}", output=printable(output), url=request.url
            )
        )
    else:
        say(
            said(
                "{output} is ready to be uploaded as {url}",
                output=printable(output),
                url=request.url,
            )
        )
    say(said("Then: leakcheck publish --check {url}", url=request.url))
    return 0


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word for word in text.replace(" ", "").split(",") if word))


def _check(url: str) -> int:
    from leakcheck.publishing.probe import probe
    from leakcheck.terminal import say
    from leakcheck.wording import printable

    found = probe(url)
    for finding in found:
        say(
            said("wrong: {what}", what=printable(finding.text))
            if finding.fatal
            else said("better: {what}", what=printable(finding.text))
        )
    fatal = any(finding.fatal for finding in found)
    if not fatal:
        say(said("People can check themselves there."))
    return 2 if fatal else 0
