"""Lists and dumps of every form in which people keep passwords, small, and what is in them.

Each holds SECRET, among others, in its own way; SENTINELS stand wherever
nobody may ever see what stands there.
"""

import json
from dataclasses import dataclass

SECRET = "letmein"
OTHER = "Xk9#fjq2-Lm"
NT_SECRET = "becedb42ec3c5c7f965255338be4453c"
NT_OTHER = "bfa533a69955e4f2ea66203d838337b3"
SHA1_SECRET = "b7a875fc1ea228b9061041b7cec4bd3c52ab3ce3"
NOTE, SEED, PIN, OLD, CUSTOM = (f"SENTINEL{n}" for n in ("note", "seed", "pin", "old", "custom"))
SENTINELS = (NOTE, SEED, PIN, OLD, CUSTOM, SECRET, OTHER)
OTP = f"otpauth://totp/a?secret={SEED}"


@dataclass(frozen=True)
class Listed:
    """One form: its content, the kind it is asked for, whether it is refused."""

    content: bytes
    kind: str = "password"
    refused: bool = False
    suffix: str = ".txt"


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _csv(*lines: str) -> Listed:
    return Listed(_lines(*lines), suffix=".csv")


def _json(value: object, indent: int | None = 1) -> Listed:
    return Listed(json.dumps(value, indent=indent).encode(), suffix=".json")


BITWARDEN = {
    "encrypted": False,
    "folders": [{"id": "f1", "name": "Home"}],
    "items": [
        {
            "id": str(at), "type": 1, "name": f"site{at}", "notes": NOTE, "favorite": False,
            "fields": [{"name": "PIN", "value": PIN, "type": 1},
                       {"name": "word", "value": CUSTOM, "type": 0}],
            "login": {"uris": [{"match": None, "uri": f"https://u:{CUSTOM}@a.example/x?t={CUSTOM}"}],
                      "username": "alice", "password": word, "totp": OTP},
            "passwordHistory": [{"lastUsedDate": "2026-01-02T03:04:05Z", "password": OLD}],
        }
        for at, word in enumerate((SECRET, OTHER))
    ],
}  # fmt: skip
ONE_PASSWORD = {
    "accounts": [
        {
            "attrs": {"accountName": "Me", "email": "me@example.fr"},
            "vaults": [
                {
                    "attrs": {"uuid": "u", "name": "Private"},
                    "items": [
                        {
                            "uuid": str(at),
                            "overview": {"title": f"site{at}", "url": "https://a.example/"},
                            "details": {
                                "loginFields": [
                                    {"value": "alice", "name": "user", "fieldType": "T",
                                     "designation": "username"},
                                    {"value": word, "name": "pw", "fieldType": "P",
                                     "designation": "password"},
                                ],
                                "notesPlain": NOTE,
                                "sections": [
                                    {"title": "More", "fields": [
                                        {"title": "one-time password", "value": {"totp": OTP}},
                                        {"title": "PIN", "value": {"concealed": PIN}},
                                    ]}
                                ],
                                "passwordHistory": [{"value": OLD, "time": 1}],
                            },
                        }
                        for at, word in enumerate((SECRET, OTHER))
                    ],
                }
            ],
        }
    ]
}  # fmt: skip
_XML_ENTRY = (
    "<Entry><UUID>x</UUID><String><Key>Notes</Key><Value>{note}</Value></String>"
    "<String><Key>Password</Key><Value ProtectInMemory='True'>{word}</Value></String>"
    "<String><Key>Title</Key><Value>site</Value></String>"
    "<String><Key>UserName</Key><Value>alice</Value></String>"
    "<String><Key>PIN</Key><Value>{pin}</Value></String>"
    "<History><Entry><String><Key>Password</Key><Value>{old}</Value></String></Entry></History>"
    "</Entry>"
)
KEEPASS_XML = (
    "<?xml version='1.0' encoding='utf-8'?><KeePassFile><Meta><Generator>KeePass</Generator></Meta>"
    "<Root><Group><Name>Root</Name>"
    + "".join(_XML_ENTRY.format(note=NOTE, word=w, pin=PIN, old=OLD) for w in (SECRET, OTHER))
    + "</Group></Root></KeePassFile>"
)
DSINTERNALS = "".join(
    f"DistinguishedName: CN={name},DC=acme\nSamAccountName: {name}\nEnabled: True\nSecrets\n"
    f"  NTHash: {digest}\n  LMHash:\n  NTHashHistory:\n    Hash 01: {digest}\n"
    f"  LMHashHistory:\n    Hash 01: {'ab' * 16}\nKey Credentials:\n\n"
    for name, digest in (("alice", NT_SECRET), ("bob", NT_OTHER))
)
LM = "aad3b435b51404eeaad3b435b51404ee"

FORMS: dict[str, Listed] = {
    "passwords": Listed(_lines(SECRET, OTHER, "dragon")),
    "one password": Listed(_lines(SECRET)),
    "combo :": Listed(_lines(f"a@b.fr:{SECRET}", f"c@d.fr:{OTHER}")),
    "combo 1.": Listed(_lines(f"1. a@b.fr:{SECRET}", f"2. c@d.fr:{OTHER}")),
    "combo [1]": Listed(_lines(f"[1] a@b.fr:{SECRET}", f"[2] c@d.fr:{OTHER}")),
    "combo ;": Listed(_lines(f"a@b.fr;{SECRET}", f"c@d.fr;{OTHER}")),
    "combo |": Listed(_lines(f"a@b.fr|{SECRET}", f"c@d.fr|{OTHER}")),
    "combo tab": Listed(_lines(f"a@b.fr\t{SECRET}", f"c@d.fr\t{OTHER}")),
    "combo ,": Listed(_lines(f"a@b.fr,{SECRET}", f"c@d.fr,{OTHER}")),
    "combo blank": Listed(_lines(f"a@b.fr {SECRET}", f"c@d.fr {OTHER}")),
    "combo dashes": Listed(_lines(f"a@b.fr----{SECRET}", f"c@d.fr----{OTHER}")),
    "combo colon blank": Listed(_lines(f"a@b.fr: {SECRET}", f"c@d.fr: {OTHER}")),
    "combo more": Listed(_lines(f"a@b.fr:{SECRET}:FR", f"c@d.fr:{OTHER}:DE")),
    "combo country": Listed(_lines(f"a@b.fr:{SECRET} | Country = FR", f"c@d.fr:{OTHER} | x = y")),
    "combo login": Listed(_lines(f"a@b.fr:alice:{SECRET}", f"c@d.fr:carl:{OTHER}")),
    "combo tuples": Listed(_lines(f"('a@b.fr', '{SECRET}'),", f"('c@d.fr', '{OTHER}'),")),
    "combo quoted": Listed(_lines(f'"a@b.fr":"{SECRET}"', f'"c@d.fr":"{OTHER}"')),
    "reversed": Listed(_lines(f"{SECRET}:a@b.fr", f"{OTHER}:c@d.fr")),
    "user | password": Listed(_lines(f"alice | {SECRET}", f"bob | {OTHER}", "carol | dragon")),
    "user : password": Listed(_lines(f"alice : {SECRET}", f"bob : {OTHER}", "carol : dragon")),
    "user:password": Listed(_lines(f"alice:{SECRET}", f"bob:{OTHER}", "carol:dragon")),
    "user password": Listed(_lines(f"alice {SECRET}", f"bob {OTHER}", "carol dragon")),
    "combo equals sign": Listed(_lines(f"a@b.fr={SECRET}", f"c@d.fr = {OTHER}")),
    "user----password": Listed(_lines(f"alice----{SECRET}", f"bob----{OTHER}")),
    "address:sha1": Listed(_lines(f"a@b.fr:{SHA1_SECRET}", f"c@d.fr:{'ab' * 20}")),
    "sha1": Listed(_lines(SHA1_SECRET, "ab" * 20)),
    "pwned": Listed(_lines(f"{SHA1_SECRET}:12", f"{'ab' * 20}:1")),
    "potfile": Listed(_lines(f"{NT_SECRET}:{SECRET}", f"{NT_OTHER}:$HEX[{OTHER.encode().hex()}]")),
    "potfile hex": Listed(_lines(f"{NT_OTHER}:x", f"{NT_SECRET}:$HEX[{SECRET.encode().hex()}]")),
    "potfile ntlm": Listed(_lines(f"{NT_SECRET}:{SECRET}", f"{NT_OTHER}:{OTHER}"), "ntlm"),
    "nt": Listed(_lines(NT_SECRET, NT_OTHER), "ntlm"),
    "user:nt": Listed(_lines(f"alice:{NT_SECRET}", f"bob:{NT_OTHER}"), "ntlm"),
    "pwdump": Listed(
        _lines(f"alice:500:{LM}:{NT_SECRET}:::", f"bob:501:{LM}:{NT_OTHER}:::"), "ntlm"
    ),
    "secretsdump": Listed(
        _lines(
            "[*] Dumping Domain Credentials (domain\\uid:rid:lmhash:nthash)",
            f"ACME\\alice:500:{LM}:{NT_SECRET}::: (status=Enabled)",
            f"ACME\\alice_history0:500:{LM}:{NT_OTHER}:::",
            "[*] Kerberos keys grabbed",
            f"ACME\\alice:aes256-cts-hmac-sha1-96:{'ab' * 32}",
        ),
        "ntlm",
    ),
    "dsinternals": Listed(DSINTERNALS.encode(), "ntlm"),
    "chrome": _csv(
        "name,url,username,password,note",
        f"a,https://u:{CUSTOM}@a.example/?t={CUSTOM},alice,{SECRET},{NOTE}",
        f"b,https://b.example/,bob,{OTHER},{NOTE}",
    ),
    "firefox": _csv(
        '"url","username","password","httpRealm","formActionOrigin","guid","timeCreated",'
        '"timeLastUsed","timePasswordChanged"',
        f'"https://a.example","alice","{SECRET}",,"https://a.example","{{{CUSTOM}}}","1","2","3"',
        f'"https://b.example","bob","{OTHER}",,"https://b.example","{{{CUSTOM}}}","1","2","3"',
    ),
    "safari": _csv(
        "Title,URL,Username,Password,Notes,OTPAuth",
        f"a,https://a.example/,alice,{SECRET},{NOTE},{OTP}",
        f"b,https://b.example/,bob,{OTHER},{NOTE},{OTP}",
    ),
    "bitwarden csv": _csv(
        "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,"
        "login_totp",
        f"Home,,login,a,{NOTE},PIN: {PIN},0,https://a.example,alice,{SECRET},{OTP}",
        f"Home,,login,b,{NOTE},PIN: {PIN},0,https://b.example,bob,{OTHER},{OTP}",
    ),
    "bitwarden json": _json(BITWARDEN),
    "bitwarden json line": _json(BITWARDEN, None),
    "1password csv": _csv(
        "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes",
        f"a,https://a.example,alice,{SECRET},{OTP},false,false,,{NOTE}",
        f"b,https://b.example,bob,{OTHER},{OTP},false,false,,{NOTE}",
    ),
    "1password 1pux": _json(ONE_PASSWORD, None),
    "lastpass": _csv(
        "url,username,password,totp,extra,name,grouping,fav",
        f"https://a.example,alice,{SECRET},{SEED},{NOTE},a,Home,0",
        f"https://b.example,bob,{OTHER},{SEED},{NOTE},b,Home,0",
    ),
    "dashlane": _csv(
        "username,username2,username3,title,password,note,url,category,otpUrl",
        f"alice,,,a,{SECRET},{NOTE},https://a.example,Web,{OTP}",
        f"bob,,,b,{OTHER},{NOTE},https://b.example,Web,{OTP}",
    ),
    "proton pass": _csv(
        "type,name,url,email,username,password,note,totp,createTime,modifyTime,vault",
        f"login,a,https://a.example,,alice,{SECRET},{NOTE},{OTP},1,2,Personal",
        f"login,b,https://b.example,,bob,{OTHER},{NOTE},{OTP},1,2,Personal",
    ),
    "keepass csv": _csv(
        '"Account","Login Name","Password","Web Site","Comments"',
        f'"a","alice","{SECRET}","https://a.example","{NOTE}"',
        f'"b","bob","{OTHER}","https://b.example","{NOTE}"',
    ),
    "keepassxc csv": _csv(
        '"Group","Title","Username","Password","URL","Notes","TOTP","Icon","Last Modified",'
        '"Created"',
        f'"Root","a","alice","{SECRET}","https://a.example","{NOTE}","{OTP}","0","2026","2026"',
        f'"Root","b","bob","{OTHER}","https://b.example","{NOTE}","{OTP}","0","2026","2026"',
    ),
    "keepass xml": Listed(KEEPASS_XML.encode(), suffix=".xml"),
    "semicolons": _csv(
        "login;secret;PIN;old password;Passwort 2;password",
        f"alice;{CUSTOM};{PIN};{OLD};{OLD};{SECRET}",
        f"bob;{CUSTOM};{PIN};{OLD};{OLD};{OTHER}",
    ),
    "german": _csv(
        "Name;Benutzername;Kennwort;Notiz", f"a;alice;{SECRET};{NOTE}", f"b;bob;{OTHER};{NOTE}"
    ),
    "french": _csv(
        "Nom;Identifiant;Mot de passe;Commentaire",
        f"a;alice;{SECRET};{NOTE}",
        f"b;bob;{OTHER};{NOTE}",
    ),
    "spanish": _csv(
        "Título;Usuario;Contraseña;Notas", f"a;alice;{SECRET};{NOTE}", f"b;bob;{OTHER};{NOTE}"
    ),
    "json lines": Listed(_lines(*(json.dumps({"u": "a", "password": w}) for w in (SECRET, OTHER)))),
    "json map": _json(
        {
            "users": {
                f"-K{at}": {"password": w, "note": NOTE} for at, w in enumerate((OTHER, SECRET))
            }
        }
    ),
    "json by address": _json({"a@b.fr": SECRET, "c@d.fr": OTHER}),
    "json repeated": Listed(f'[{{"password":"{OTHER}","password":"{SECRET}"}}]'.encode()),
    "json old": _json([{"password": OTHER, "old": {"password": SECRET}}]),
    "json strings": _json([OTHER, SECRET]),
    "yaml": Listed(
        _lines(
            "accounts:",
            "  - name: a",
            f"    password: {SECRET}",
            f"    note: {NOTE}",
            "  - name: b",
            f"    password: {OTHER}",
        ),
        suffix=".yml",
    ),
    "xml attributes": Listed(
        f"<users><u name='a' password='{SECRET}'/><u name='b' password='{OTHER}'/></users>".encode()
    ),
    "sql": Listed(
        f"INSERT INTO `u` (`id`,`password`) VALUES (1,'{OTHER}'),(2,'{SECRET}');\n".encode()
    ),
    "stealer": Listed(
        _lines(
            "URL: https://a.example",
            "Username: alice",
            f"Password: {SECRET}",
            "",
            "URL: https://b.example",
            "Username: bob",
            f"Password: {OTHER}",
        )
    ),
    "shell of a database": Listed(
        _lines(
            *(
                f"{{\n  _id: 'x{word[0]}',\n  email: 'a@b.fr',\n  password: '{word}',\n}}"
                for word in (SECRET, OTHER)
            )
        )
    ),
    "table in HTML": Listed(
        _lines(
            "<!DOCTYPE html>",
            "<html><body><table>",
            "<tr><th>email</th><th>password</th></tr>",
            f"<tr><td>a@b.fr</td><td>{SECRET}</td></tr>",
            f"<tr><td>c@d.fr</td><td>{OTHER}</td></tr>",
            "</table></body></html>",
        ),
        suffix=".html",
    ),
    "rows of MySQL": Listed(
        _lines(
            f"{'*' * 27} 1. row {'*' * 27}",
            "      id: 1",
            "   email: a@b.fr",
            f"password: {SECRET}",
            f"{'*' * 27} 2. row {'*' * 27}",
            "      id: 2",
            "   email: c@b.fr",
            f"password: {OTHER}",
        )
    ),
    "rows of psql": Listed(
        _lines(
            "-[ RECORD 1 ]----",
            "id       | 1",
            "email    | a@b.fr",
            f"password | {SECRET}",
            "-[ RECORD 2 ]----",
            "id       | 2",
            "email    | c@b.fr",
            f"password | {OTHER}",
            "",
        )
    ),
    "stealer lines without a scheme": Listed(
        _lines(f"www.a.example/login:x@y.fr:{SECRET}", f"a.example:8080/:x:{OTHER}")
    ),
    "stealer lines": Listed(
        _lines(f"https://a.example/x:alice:{SECRET}", f"https://b.example/x:bob:{OTHER}")
    ),
    "keepass kdbx": Listed(
        b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5" + bytes(range(256)) * 4, refused=True
    ),
    "encrypted json": Listed(b'{"encrypted": true, "data": "2.x"}', refused=True),
    "pgp": Listed(
        _lines("-----BEGIN PGP MESSAGE-----", "", "hQEMA", "=x1", "-----END PGP MESSAGE-----"),
        refused=True,
    ),
    "png": Listed(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, refused=True),
    "binary": Listed(bytes(range(256)) * 8, refused=True),
    "prose": Listed(
        _lines(
            "Dear all, this is a letter about what we did in summer,",
            "and about what we are going to do in the autumn of this year.",
        ),
        refused=True,
    ),
    "unnamed table": _csv("1,alice,Lyon,x", "2,bob,Metz,y", "3,carol,Brest,z"),
    "hashes of another sort": Listed(_lines("ab" * 32, "cd" * 32), refused=True),
}
FORMS["unnamed table"] = Listed(FORMS["unnamed table"].content, refused=True, suffix=".csv")
