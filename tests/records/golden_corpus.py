"""Small dumps and lists of every form that the first version read, and what is in them."""

import gzip
import io
import json
import zipfile

PEOPLE = [
    ("ada@example.fr", "dragon"),
    ("ben@example.org", "with:colon"),
    ("carla@example.com", 'it\'s "quoted"'),
    ("dimitri@example.fr", "back\\slash"),
    ("elena@example.org", "naïve ☃"),
    ("fay@example.net", "correct horse"),
]
ADDRESSES = [address for address, _ in PEOPLE]
PASSWORDS = [password for _, password in PEOPLE]
SHA1 = [
    "af8978b1797b72acfff9595a5a2a373ec3d9106d",  # dragon
    "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",  # password
    "b1b3773a05c0ed0176787a4f1574ff0075f7521e",  # qwerty
]
NT = [
    "f7eb9c06fafaa23c4bcf22ba6781c1e2",  # dragon
    "8846f7eaee8fb117ad06bdd830b7586c",  # password
    "2d20d252a479f485cdf5e171d93985bf",  # qwerty
]


def _table(mark: str, header: bool = True) -> str:
    rows = [["id", "email", "password", "city"]] if header else []
    for at, (address, password) in enumerate(PEOPLE):
        quoted = '"' + password.replace('"', '""') + '"'
        rows.append([str(at), address, quoted, '"Lyon' + mark + ' 3e"'])
    return "".join(mark.join(row) + "\r\n" for row in rows)


def _mysql(named: bool) -> str:
    def quote(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"') + "'"

    rows = ",".join(f"({at},{quote(a)},{quote(p)},NULL)" for at, (a, p) in enumerate(PEOPLE))
    columns = " (`id`, `email`, `password`, `x`)" if named else ""
    made = (
        "CREATE TABLE `users` (\n  `id` int(11),\n  `email` text,\n  `password` varchar(20),\n"
        "  `x` decimal(3,2),\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB;\n"
    )
    return f"-- MySQL dump\n{'' if named else made}INSERT INTO `users`{columns} VALUES {rows};\n"


def _standard() -> str:
    rows = "".join(
        f"INSERT INTO public.users (id, email, passwd) VALUES ({at}, '{a}', "
        f"'{p.replace(chr(39), chr(39) * 2)}');\n"
        for at, (a, p) in enumerate(PEOPLE)
    )
    return f"-- PostgreSQL database dump\n{rows}"


def _copy() -> str:
    rows = "".join(f"{at}\t{a}\t{p.replace(chr(92), chr(92) * 2)}\n" for at, (a, p) in
                   enumerate(PEOPLE))  # fmt: skip
    return (
        "-- PostgreSQL database dump\nCOPY public.users (id, email, password) FROM stdin;\n"
        f"{rows}\\.\n\nSELECT 1;\n"
    )


def _objects() -> list[dict[str, object]]:
    return [
        {"id": at, "user": {"Email": address}, "password": password, "tags": ["a", "b"]}
        for at, (address, password) in enumerate(PEOPLE)
    ]


def _combo(mark: str) -> str:
    return "".join(f"{address}{mark}{password}\n" for address, password in PEOPLE)


def _zip(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), text)
    return out.getvalue()


def corpus() -> dict[str, bytes]:
    """{file name: content}."""
    texts = {
        "prose.txt": "".join(f"Write to {a}, she knows.\nNothing.\n" for a in ADDRESSES),
        "addresses.txt": "".join(f"{address}\n" for address in ADDRESSES),
        "combo.txt": _combo(":"),
        "combo-semicolon.txt": _combo(";"),
        "combo-pipe.txt": _combo("|"),
        "combo-tab.txt": _combo("\t"),
        "combo-comma.txt": _combo(","),
        "passwords.txt": "".join(f"{password}\n" for password in PASSWORDS),
        "sha1.txt": "".join(f"{digest}\n" for digest in SHA1),
        "sha1-counts.txt": "".join(f"{digest.upper()}:{at}\r\n" for at, digest in enumerate(SHA1)),
        "nt.txt": "".join(f"{digest}\n" for digest in NT),
        "comma.csv": _table(","),
        "semicolon.csv": _table(";"),
        "tab.tsv": _table("\t"),
        "pipe.txt": _table("|"),
        "no-header.csv": _table(",", header=False),
        "two.csv": "email,password\n" + "".join(f"{a},{b}\n" for a, b in PEOPLE[:2]),
        "hashes.csv": "email,sha1\n" + "".join(
            f"{address},{digest}\n" for address, digest in zip(ADDRESSES, SHA1, strict=False)
        ),
        "nt.csv": "user;nthash\n" + "".join(f"user{at};{digest}\n" for at, digest in enumerate(NT)),
        "lines.csv": 'email,note,password\nada@example.fr,"two\nlines",dragon\n'
                     'ben@example.org,one,"with:colon"\n',
        "objects.jsonl": "".join(json.dumps(one) + "\n" for one in _objects()),
        "array.json": json.dumps(_objects(), indent=1),
        "document.json": json.dumps({"total": 6, "page": {"users": _objects()}}, indent=1),
        "strings.jsonl": "".join(json.dumps(address) + "\n" for address in ADDRESSES),
        "mysql.sql": _mysql(False),
        "mysql-columns.sql": _mysql(True),
        "standard.sql": _standard(),
        "copy.sql": _copy(),
        "blocks.txt": "".join(
            f"URL: https://a.example/\nUsername: {a}\nPassword: {b}\n\n" for a, b in PEOPLE
        ),
        "ulp.txt": "".join(f"https://a.example/login:{a}:{b}\n" for a, b in PEOPLE),
        "chrome.csv": "name,url,username,password,note\n" + "".join(
            f'site{at},https://a.example/,{a},"{b.replace(chr(34), chr(34) * 2)}",\n'
            for at, (a, b) in enumerate(PEOPLE)
        ),
    }  # fmt: skip
    files = {name: text.encode() for name, text in texts.items()}
    files["utf-16.csv"] = texts["comma.csv"].encode("utf-16")
    files["latin-1.csv"] = texts["two.csv"].replace("dragon", "drégon").encode("latin-1")
    files["bom.csv"] = texts["two.csv"].encode("utf-8-sig")
    files["combo.txt.gz"] = gzip.compress(files["combo.txt"], mtime=0)
    files["comma.zip"] = _zip("comma.csv", texts["comma.csv"])
    return files
