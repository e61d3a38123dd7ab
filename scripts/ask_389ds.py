"""Ask 389 Directory Server's own client of breached passwords against `leakcheck serve`.

    python scripts/ask_389ds.py --source 389-ds-base/ldap/servers/slapd/hibp_client.c

It compiles that file of the server's source, with stand-ins for what it calls in the rest of the
server (logging, allocation) and an authority for this test's certificate. It asks about a password
that is in its range, one that is not, and one whose range cannot be answered. Needs gcc,
pkg-config, and the development files of NSS and libcurl. Its result is in docs/compatibility.md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ask_kratos import PASSWORDS, served

HEADER = """
#pragma once
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <nspr.h>
#include <nss.h>

#define SLAPI_LOG_ERR 0
#define SLAPI_LOG_WARNING 1
#define slapi_log_err(level, where, ...) fprintf(stderr, __VA_ARGS__)
#define slapi_ch_malloc malloc
#define slapi_ch_calloc calloc
#define slapi_ch_realloc realloc
#define slapi_ch_free(place) (free(*(place)), *(place) = NULL)
#define slapd_nss_is_initialized NSS_IsInitialized
#define slapd_pk11_isFIPS() 0
#define curl_easy_perform perform_with_our_authority

typedef struct {
    char *pw_breach_db_url;
    int pw_breach_db_timeout;
} passwdPolicy;
"""
PROGRAM = """
#include <curl/curl.h>
#include "slap.h"
#include "hibp.h"
#undef curl_easy_perform

CURLcode perform_with_our_authority(CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_CAINFO, getenv("AUTHORITY"));
    return curl_easy_perform(curl);
}

int main(int count, char **words)
{
    passwdPolicy policy = {words[1], 5};
    if (NSS_NoDB_Init(NULL) != SECSuccess || hibp_init() != 0)
        return 2;
    for (int at = 2; at < count; at++)
        printf("%d\\n", hibp_check_password(words[at], &policy));
    return 0;
}
"""


def compiled(folder: Path, source: Path) -> Path:
    """The program."""
    (folder / "slap.h").write_text(HEADER)
    (folder / "ask.c").write_text(PROGRAM)
    for name in ("hibp_client.c", "hibp.h"):
        (folder / name).write_bytes((source.parent / name).read_bytes())
    (folder / "prinit.h").write_text("#include_next <prinit.h>\n")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "nss", "nspr", "libcurl"],
        stdout=subprocess.PIPE, check=True, text=True,
    ).stdout.split()  # fmt: skip
    command = ["gcc", "-O1", "-w", "-I.", "-o", "ask", "ask.c", "hibp_client.c", *flags]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "ask"


def main() -> int:
    """Print what it says of each: how often it was seen, 0 for not found, -1 for no answer."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, required=True, help="hibp_client.c of 389-ds-base")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "work").mkdir()
        program = compiled(folder / "work", options.source)
        with served(folder) as (url, authority):
            told = subprocess.run(
                [program, f"{url}/range/", *PASSWORDS], check=True,
                env=os.environ | {"AUTHORITY": authority},
                stdout=subprocess.PIPE, text=True,
            ).stdout.split()  # fmt: skip
        print(f"present: {told[0]}; absent: {told[1]}; failing: {told[2]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
