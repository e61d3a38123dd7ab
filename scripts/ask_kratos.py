"""Ask Ory Kratos's own password validator against `leakcheck serve`: present, absent, failing.

    python scripts/ask_kratos.py [--version v1.3.1] [--folder DIR]

Needs Go and its module proxy; compiling the validator takes minutes of CPU with nothing cached. Its
result is in the table of docs/compatibility.md. Retries are turned off to save time.
"""

import argparse
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trustme

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from loopback.corpus import body
from loopback.serving import serving

MODULE = "github.com/ory/kratos"
PASSWORDS = ("correct horse battery staple", "an absent sentinel", "a sentinel without a range")
PROGRAM = """
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ory/kratos/driver/config"
	"github.com/ory/kratos/selfservice/strategy/password"
	"github.com/ory/x/configx"
	"github.com/ory/x/contextx"
	"github.com/ory/x/logrusx"
)

type registry struct{ config *config.Config }

func (r registry) Config() *config.Config { return r.config }

func main() {
	values := map[string]interface{}{config.ViperKeyPasswordHaveIBeenPwnedHost: os.Args[1]}
	if os.Args[2] != "default" {
		values[config.ViperKeyIgnoreNetworkErrors] = false
	}
	made, err := config.New(context.Background(), logrusx.New("", ""), os.Stderr,
		&contextx.Default{}, configx.SkipValidation(), configx.WithValues(values))
	if err != nil {
		panic(err)
	}
	validator, err := password.NewDefaultPasswordValidatorStrategy(registry{made})
	if err != nil {
		panic(err)
	}
	validator.Client.RetryMax = 0
	for _, word := range os.Args[3:] {
		fmt.Println(validator.Validate(context.Background(), "", word))
	}
}
"""


def compiled(folder: Path, version: str) -> Path:
    """The program, with the replacements of modules that Kratos itself makes."""

    def go(*command: str) -> str:
        done = subprocess.run(["go", *command], cwd=folder, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    (folder / "main.go").write_text(PROGRAM)
    if not (folder / "go.mod").exists():
        go("mod", "init", "ask")
        go("mod", "download", f"{MODULE}@{version}")
        go("get", f"{MODULE}@{version}")
        home = Path(go("list", "-m", "-f", "{{.Dir}}", MODULE).strip())
        for line in (home / "go.mod").read_text().splitlines():
            found = re.fullmatch(r"\s+(\S+) => (\S+)(?: (v\S+))?.*", line)
            if found and "go-swagger" not in line:  # a tool, which the validator needs not
                old, new, wanted = found.groups()
                place = f"{new}@{wanted}" if wanted else str(home / new)
                go("mod", "edit", f"-replace={old}={place}")
        go("get", f"{MODULE}/selfservice/strategy/password@{version}")
    go("build", "-mod=mod", "-o", "ask", ".")
    return folder / "ask"


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """A server of the ranges of two of the passwords, with TLS: its URL, and its authority."""
    (folder / "sha1").mkdir()
    for password in PASSWORDS[:2]:
        digest = hashlib.sha1(password.encode()).hexdigest().upper()
        lines = body(digest[:5]).decode().split("\r\n")
        lines += [f"{digest[5:]}:1234"] if password == PASSWORDS[0] else []
        (folder / "sha1" / f"{digest[:5]}.txt").write_text("\r\n".join(sorted(lines)))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    pair = folder / "pair.pem"
    made = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    made.write_to_path(str(pair))
    with serving(folder, "--cert", str(pair), "--key", str(pair)) as (url, _):
        yield url, str(folder / "ca.pem")


def main() -> int:
    """Print what it says of each, as Kratos is set by default and as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--version", default="v1.3.1")
    parser.add_argument("--folder", type=Path, help="where to compile, and what to use again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        work = options.folder or folder / "work"
        work.mkdir(exist_ok=True)
        program = compiled(work, options.version)
        with served(folder) as (url, authority):
            for how in ("default", "ignore_network_errors: false"):
                told = subprocess.run(
                    [program, url.removeprefix("https://"), how, *PASSWORDS], check=True,
                    env=os.environ | {"SSL_CERT_FILE": authority},
                    capture_output=True, text=True,
                ).stdout.splitlines()  # fmt: skip
                print(f"{options.version}, {how}: present: {told[0]}; absent: {told[1]}; "
                      f"failing: {told[2]}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
