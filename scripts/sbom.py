"""Print what a wheel holds of others and what it installs beside it, as CycloneDX 1.6 (JSON).

    python scripts/sbom.py > leakcheck.cdx.json

Crates and their checksums are those of Cargo.lock, the JavaScript that of vendor/noble.json;
what pip installs beside has the range of pyproject.toml, and no version. The time is that of
SOURCE_DATE_EPOCH where it is set: the same tree gives the same text.
"""

import base64
import datetime
import json
import os
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from make_notices import ROOT, compiled

VENDOR = ROOT / "leakcheck" / "publishing" / "site" / "vendor"


def component(system: str, name: str, version: str | None, **more: Any) -> dict[str, Any]:
    """One part, named by its package URL."""
    url = f"pkg:{system}/{quote(name, safe='/')}" + (f"@{version}" if version else "")
    known = {"version": version} if version else {}
    return {"type": "library", "bom-ref": url, "name": name, **known, "purl": url, **more}


def crates() -> Iterator[dict[str, Any]]:
    """What is compiled into the extensions."""
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text("utf-8"))["package"]
    sums = {(each["name"], each["version"]): each.get("checksum") for each in locked}
    for each in compiled():
        name, version = each["name"], each["version"]
        yield component(
            "cargo", name, version,
            hashes=[{"alg": "SHA-256", "content": sums[name, version]}],
            licenses=[{"expression": each["license"].replace("/", " OR ")}],
        )  # fmt: skip


def scripts() -> Iterator[dict[str, Any]]:
    """What is in the page for checking oneself."""
    for name, each in json.loads((VENDOR / "noble.json").read_text("utf-8"))["packages"].items():
        kind, _, digest = each["integrity"].partition("-")
        content = base64.b64decode(digest).hex()
        yield component(
            "npm", name, each["version"],
            hashes=[{"alg": kind.upper().replace("SHA", "SHA-"), "content": content}],
            licenses=[{"license": {"id": "MIT"}}],
        )  # fmt: skip
    row = re.search(r"npm `(\S+)`, .*? \| (\S+) \| MIT", (VENDOR / "README.md").read_text("utf-8"))
    assert row is not None
    yield component("npm", row[1], row[2], licenses=[{"license": {"id": "MIT"}}])


def beside(project: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What pip installs as well."""
    for line in project["dependencies"]:
        requirement, _, where = line.partition(";")
        name, _, wanted = re.split(r"(\[.*?\])?(?=[<>=!~]|$)", requirement.strip(), maxsplit=1)
        said = [{"name": "leakcheck:range", "value": wanted}]
        if where:
            said.append({"name": "leakcheck:where", "value": where.strip()})
        yield component("pypi", name.lower(), None, scope="required", properties=said)


def main() -> None:
    """Print it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    ours = component(
        "pypi", project["name"], project["version"],
        licenses=[{"license": {"id": project["license"]}}],
    )  # fmt: skip
    parts = [*crates(), *scripts(), *beside(project)]
    told = os.environ.get("SOURCE_DATE_EPOCH")
    when = (
        datetime.datetime.fromtimestamp(int(told), datetime.UTC)
        if told
        else datetime.datetime.now(datetime.UTC)
    )
    refs = sorted(each["bom-ref"] for each in parts)
    content = {
        "metadata": {"timestamp": f"{when:%Y-%m-%dT%H:%M:%SZ}", "component": ours},
        "components": parts,
        "dependencies": [{"ref": ours["bom-ref"], "dependsOn": refs}],
    }
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{number}"}
    json.dump({**head, "version": 1, **content}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
