"""Write the top-level domains, as Python and as Rust, from the Public Suffix List.

    pip install publicsuffixlist && python scripts/make_tlds.py

Source: the ICANN section of https://publicsuffix.org/list/ (Mozilla Public
License 2.0), of which only the last label of each rule is kept, as A-labels,
and the domains that once were: an old dump still holds them.
"""

import textwrap
from pathlib import Path

import idna
import publicsuffixlist

ROOT = Path(__file__).resolve().parent.parent
TITLE = "Every top-level domain, past and present, as A-labels. scripts/make_tlds.py wrote it."
# Country codes withdrawn since 1985, and generic ones given back to ICANN.
RETIRED = frozenset(
    """
an bu cs dd tp um yu zr gb oz nato su
abarth active adac afamilycompany alfaromeo blanco bnl boots budapest cancerresearch
cartier chrysler cityeats csc dodge doosan duck epost esurance everbank extraspace flsmidth
frontdoor frogans glade goodhands guardian htc iinet iselect jlc jcp jcb ladbrokes lancome lancia
liaison linde macys mcd mcdonalds meo metlife mlb montblanc mopar movistar mtpc mutuelle
nadex natura northlandinsurance onyourside orientexpress pamperedchef panerai piaget
polo qvc raid rightathome rmit sapo scjohnson shriram sling spiegel spreadbetting srt star
starhub statoil swiftcover symantec tab telecity telefonica teva theguardian tiffany
uconnect vista vistaprint warman xperia xn--4gq48lf9j xn--estv75g xn--kcrx77d1x4a zippo
xn--pgb3ceoj xn--jlq61u9w7b xn--hlcj6aya9esc7a
""".split()  # noqa: SIM905 - as readable as it gets
)


def suffixes() -> set[str]:
    """The last label, as an A-label, of every rule in the list's ICANN section."""
    text = (Path(publicsuffixlist.__file__).parent / "public_suffix_list.dat").read_text("utf-8")
    section = text.split("===BEGIN ICANN DOMAINS===")[1].split("===END ICANN DOMAINS===")[0]
    rules = [line.split()[0] for line in section.splitlines() if line[:1].strip("/ ")]
    return {idna.encode(rule.split(".")[-1], uts46=True).decode() for rule in rules}


def main() -> None:
    """Write leakcheck/subject/tlds.py and leakcheck/native/src/tlds.rs."""
    names = sorted(suffixes() | RETIRED)
    lines = textwrap.wrap(" ".join(names), 98, break_on_hyphens=False, break_long_words=False)
    (ROOT / "leakcheck" / "tlds.py").write_text(
        f'"""{TITLE}"""\n\nTLDS = frozenset(\n    b"""\n' + "\n".join(lines) + '\n""".split()\n)\n',
        "utf-8",
    )
    (ROOT / "leakcheck" / "native" / "src" / "tlds.rs").write_text(
        f'//! {TITLE}\n\npub const TLDS: &str = "\n' + "\n".join(lines) + '\n";\n',
        "utf-8",
    )


if __name__ == "__main__":
    main()
