"""The families of text, and which files belong to which, by name.

A family says how values may stand without quotes and what opens a comment.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words

import re
from dataclasses import dataclass
from functools import lru_cache

from leakcheck.patterns import late


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """How a kind of text is written.

    unquoted: "" where values need quotes, "word" where one ends at white
    space, "line" where it goes on to the end of the line; spaces: whether
    white space alone may stand between name and value; inline: what opens a
    comment after a value; comments: what opens a comment line; lexed: whether
    it is source code, whose strings and comments are told by the suffix.
    """

    name: str
    unquoted: str = ""
    spaces: bool = False
    inline: str = "hash"
    comments: tuple[bytes, ...] = (b"#",)
    lexed: bool = False

    def in_comment(self, before: bytes) -> bool:
        """Whether a line that begins with `before` is a comment at its end."""
        begun = before.lstrip()
        if begun.startswith(self.comments):
            return True
        return any(
            mark + b" " in begun and _opens(begun, mark)
            for mark in self.comments
            if mark in (b"#", b"//", b"--")
        )


def _opens(before: bytes, mark: bytes) -> bool:
    """Whether a mark after white space stands outside quotes, as far as one line tells."""
    at = before.find(b" " + mark + b" ")
    head = before[:at] if at >= 0 else b""
    return at >= 0 and head.count(b'"') % 2 == 0 and head.count(b"'") % 2 == 0


ENV = Family("env", "line")
SHELL = Family("shell", "word")
DOCKER = Family("docker", "word", spaces=True)
YAML = Family("yaml", "line")
JSON = Family("json", comments=(b"//", b"/*", b"*", b"#"))
TOML = Family("toml")
INI = Family("ini", "line", inline="ini", comments=(b"#", b";", b"!"))
PROPERTIES = Family("properties", "line", inline="none", comments=(b"#", b"!"))
CONF = Family("conf", "line", spaces=True, inline="ini", comments=(b"#", b";", b"//"))
HCL = Family("hcl", comments=(b"#", b"//", b"/*", b"*"))
SQL = Family("sql", spaces=True, comments=(b"--", b"#", b"/*", b"*"))
XML = Family("xml", comments=(b"<!--",))
CSV = Family("csv")
ACCOUNTS = Family("accounts")
PLAIN = Family("plain", "line")
CODE = Family("code", lexed=True)
OTHER = Family("code", lexed=True)  # of a suffix that is not known
SPACED_CODE = Family("code", spaces=True, lexed=True)
SNIPPET = Family("snippet", "word")
PROSE = Family("prose", "word", comments=(b"<!--",))
MARKUP = Family("markup", comments=(b"<!--",))

FAMILIES = (
    ENV, SHELL, DOCKER, YAML, JSON, TOML, INI, PROPERTIES, CONF, HCL, SQL, XML, CSV, ACCOUNTS,
    PLAIN, CODE, PROSE, MARKUP,
)  # fmt: skip
NAMES = tuple(dict.fromkeys(family.name for family in FAMILIES))

_SUFFIXES: dict[str, Family | None] = {}


def _register(family: Family | None, suffixes: str) -> None:
    _SUFFIXES.update(dict.fromkeys(suffixes.split(), family))


_register(ENV, "env envrc")
_register(SHELL, "sh bash zsh ksh fish profile bashrc zshrc bats ps1 psm1 psd1 bat cmd mk make csh")
_register(DOCKER, "dockerfile containerfile")
_register(YAML, "yml yaml eyaml sls")
_register(
    JSON, "json jsonc json5 jsonl ndjson tfstate webmanifest hjson template libsonnet jsonnet"
)
_register(TOML, "toml")
_register(
    INI,
    "ini cfg cnf service desktop inf inventory npmrc pypirc gitconfig s3cfg boto mycnf "
    "pgservice odbc",
)
_register(PROPERTIES, "properties props")
_register(CONF, "conf cf config-template ldif rules acl")
_register(HCL, "tf tfvars hcl nomad")
_register(SQL, "sql psql ddl dml pgsql mysql plsql pls pks pkb")
_register(
    XML,
    "xml config csproj vbproj fsproj targets plist xaml jelly xmi wsdl pubxml jmx settings dtsx "
    "rdl",
)
_register(CSV, "csv tsv")
_register(ACCOUNTS, "htpasswd netrc pgpass")
_register(PLAIN, "txt text")
_register(SPACED_CODE, "gradle groovy clj cljs edn pp nix rb")
_register(
    CODE,
    "py pyi pyx js jsx mjs cjs ts tsx mts cts vue svelte astro java kt kts scala cs vb fs go rs "
    "c h cc cpp cxx hpp hh m mm swift php phtml pl pm t lua r jl ex exs erl hrl hs ml mli dart "
    "d zig nim cr tcl elm coffee bicep cob pas rkt lisp el vim sol proto graphql j2 tpl tmpl "
    "erb ejs jinja jinja2 mustache hbs feature robot http rest jsp aspx cshtml gotmpl",
)  # fmt: skip
_register(PROSE, "md markdown mdx rst adoc asciidoc textile org wiki rdoc mkd mdown pod")
_register(MARKUP, "tex html htm xhtml po pot strings resx arb")
NOTEBOOK = Family("json", comments=())
_register(NOTEBOOK, "ipynb")
_register(
    None,
    "png jpg jpeg gif ico bmp webp tif tiff svg pdf zip gz tgz bz2 xz zst 7z tar jar war ear "
    "class whl so dll dylib exe bin o a obj lib pyc pyo wasm woff woff2 ttf otf eot mp3 mp4 ogg "
    "wav avi mov webm flac psd ai sketch db sqlite sqlite3 parquet avro pb onnx npy npz pkl h5 "
    "keystore jks p12 pfx der crt cer pem key pub csr asc gpg sig sum lock map css scss sass "
    "less styl lcov snap patch diff bloom dat graffle drawio xlsx xls docx doc pptx ods odt",
)


def _named(*pairs: tuple[str, Family]) -> tuple[tuple[re.Pattern[str], Family], ...]:
    return tuple((late(pattern, re.IGNORECASE), family) for pattern, family in pairs)


# Names that say more than their suffix, and names that say it where a suffix says nothing.
_BEFORE_SUFFIX = _named(
    (r"\.?htpasswd.*|[._]netrc|\.?pgpass(?:\.conf)?", ACCOUNTS),
    (r"(?:package|npm-shrinkwrap|composer)[-.]lock(?:\.json)?", MARKUP),
    (r"nsswitch\.conf|passwdqc\.conf|pwquality\.conf", MARKUP),
    (r"(?:.*\.)?odbc\.ini|\.pg_service\.conf", INI),
)
_AFTER_SUFFIX = _named(
    (r"\.?env(?:[.\-_].*)?|.*\.env(?:[.\-_]\w+)*|dotenv.*", ENV),
    (r"(?:docker|container)file(?:[.\-_].*)?|.*[.\-_]dockerfile", DOCKER),
    (r"\.?my\.cnf|\.npmrc|\.pypirc|\.gitconfig|\.s3cfg|\.boto|hosts|inventory|credentials", INI),
    (r"pipfile|poetry\.lock|cargo\.lock", TOML),
    (r"(?:gnu)?makefile(?:\..*)?|justfile|procfile|\.(?:bash|zsh|k)\w*|\.profile", SHELL),
    (r"jenkinsfile.*|vagrantfile|gemfile|rakefile|podfile|fastfile", SPACED_CODE),
)
_TEMPLATE = frozenset(
    "dist example sample template default defaults tmpl tpl j2 jinja jinja2 erb ejs mustache hbs "
    "gotmpl in bak orig old local disabled".split()
)


_LANGUAGES = late(
    r"(?:.*/)?(?:locales?|_locales|i18n|l10n|translations?|nls|langs?|languages?"
    r"|res/values[^/]*)(?:/.*)?",
    re.DOTALL,
)
_MESSAGES = late(r".*messages[-_]?\w*\.properties", re.DOTALL)


def of_script(data: bytes) -> Family:
    """The family of a file without a suffix, by its first line."""
    if not data.startswith(b"#!"):
        return PLAIN
    first = data[:80].split(b"\n", 1)[0]
    return SHELL if re.search(rb"\b(?:[bdkz]?a?sh|env [bdkz]?a?sh)\b", first) else CODE


_SETTING = late(
    rb"^[ \t]*+(?:(?P<kept>[\w.\-\[\]]{1,120}[ \t]{0,40}[=:](?!=)[^\n]{0,2000}?(?<![{;])"
    rb"|\[[^\]\n]{1,200}\])"
    rb"|(?P<aside>[#;!][^\n]*+|))[ \t]*\r?$",
    re.MULTILINE,
)


def of_content(data: bytes) -> Family:
    """The family of a file whose suffix is not known: configuration where nearly all of its lines
    are settings, else source code.
    """
    sample = data[:16384]
    lines = sample.count(b"\n") + 1
    kept = aside = 0
    for line in _SETTING.finditer(sample):
        kept += line["kept"] is not None
        aside += line["kept"] is None
    return PLAIN if kept and (lines - aside) * 4 <= kept * 5 else CODE


@lru_cache(maxsize=4096)
def _of_name(name: str) -> Family | None:
    parts = name.lower().rsplit(".", 2)
    suffix = parts[-1] if len(parts) > 1 else ""
    for pattern, family in _BEFORE_SUFFIX:
        if pattern.fullmatch(name):
            return family
    if suffix in _SUFFIXES and suffix not in _TEMPLATE and suffix != "lock":
        return _SUFFIXES[suffix]
    if len(parts) == 3 and suffix in _TEMPLATE and parts[1] in _SUFFIXES:
        return _SUFFIXES[parts[1]]
    for pattern, family in _AFTER_SUFFIX:
        if pattern.fullmatch(name):
            return family
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    return PLAIN if not suffix or suffix in _TEMPLATE else OTHER


_TELLING = late(
    r"\.|[^.]*\Z|.*(?:env|[Dd]ocker|lock|odbc|my\.cnf|pg|enkins|akefile|setup|tox|nssw|passwdqc|pwq)"
)
_TRANSLATED = frozenset((YAML, JSON, PROPERTIES, INI, TOML, XML, CODE, OTHER))
_MINIFIED = (".min.js", ".bundle.js", "-min.js", ".min.css", ".min.mjs")


_LANGUAGE = {
    "console": "sh", "shell": "sh", "shell-session": "sh", "sh-session": "sh", "terminal": "sh",
    "bash-session": "sh", "command": "sh", "python": "py", "python3": "py", "ipython": "py",
    "pycon": "py", "javascript": "js", "node": "js", "typescript": "ts", "ruby": "rb",
    "golang": "go", "csharp": "cs", "c#": "cs", "kotlin": "kt", "powershell": "ps1",
    "pwsh": "ps1", "docker": "dockerfile", "terraform": "tf", "rust": "rs", "dotenv": "env",
    "compose": "yml", "objective-c": "m", "c++": "cpp", "mysql": "sql", "postgresql": "sql",
    "perl": "pl", "elixir": "ex", "erlang": "erl", "haskell": "hs", "clojure": "clj",
    "make": "mk", "batch": "bat", "cypher": "sql", "nginx": "conf", "apache": "conf",
}  # fmt: skip


def of_language(language: str) -> tuple[Family | None, str]:
    """The family of a block in documentation, and its suffix, by the language that it names; None
    where it names none that is known.
    """
    suffix = _LANGUAGE.get(language, language)
    family = _SUFFIXES.get(suffix)
    return (None, "") if family in (PLAIN, CSV, ACCOUNTS) else (family, suffix)


def suffix_of(path: str) -> str:
    """The suffix that says what language a file is in, without those of templates."""
    parts = path.rpartition("/")[2].lower().split(".")
    while len(parts) > 2 and parts[-1] in _TEMPLATE:
        parts.pop()
    return parts[-1] if len(parts) > 1 else ""


def family_of(path: str) -> Family | None:
    """The family of a file, by its path; None for files without text of interest."""
    folder, _, name = path.rpartition("/")
    family = _of_path(name)
    if family in _TRANSLATED and folder and _translated(folder):
        return MARKUP
    if family is PROPERTIES and _MESSAGES.fullmatch(name):
        return MARKUP
    return family


@lru_cache(maxsize=4096)
def _translated(folder: str) -> bool:
    """Whether a folder holds translations; asked once for its many files."""
    return _LANGUAGES.fullmatch(folder) is not None


def _of_path(name: str) -> Family | None:
    if name.endswith(_MINIFIED):
        return None
    # most files: by suffix alone, so that the cache stays small
    suffix = name.rsplit(".", 1)[-1].lower()
    if suffix in _TEMPLATE or _TELLING.match(name):
        return _of_name(name)
    return _SUFFIXES.get(suffix, OTHER)
