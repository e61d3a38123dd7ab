"""The texts to send to people: mail, letter and SMS in each language, with the page's address."""

from collections.abc import Mapping
from pathlib import Path

from leakcheck.publishing.page import say
from leakcheck.publishing.request import SiteRequest, texts

_NOTICES = Path(__file__).parent / "notices"
FORMS = ("mail", "letter", "sms")


def files(request: SiteRequest) -> Mapping[str, str]:
    """The notices, by name. No tracking: every person gets the same address."""
    found = {}
    for language in request.languages:
        words = texts(language)
        data = ", ".join(words["kinds"][name] for name in request.data)
        actions = "\n\n".join(f"- {words['actions'][name]}" for name in request.data)
        for form in FORMS:
            text = (_NOTICES / language / f"{form}.txt").read_text(encoding="utf-8")
            found[f"notice/{language}/{form}.txt"] = say(
                text, title=request.title, url=request.url, data=data, actions=actions,
                contact=request.contact,
            )  # fmt: skip
    return found
