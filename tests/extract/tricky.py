"""Text made of what extractors stumble over, for property tests."""

from hypothesis import strategies as st

TOKENS = [
    *(bytes([code]) for code in b"@@@@..--''\"\\%;:|,\t <>&#+_=/\r\0aAnrtuxoO4069$\n\n"),
    *b"%40 %2B %27 %2E %C3%A9 %ad \\u0040 \\u002b \\u0027 \\u00e9 \\u1234 \\ud83d".split(),
    *b"\\ud83d\\ude00 \\x40 \\x27 &#64; &#x40; &#39; &#039; &apos; &lt; &#233; \\n \\r".split(),
    *b"alice o'brien d'alice fr com co.uk acme.fr xn--p1ai xn--bcher-kva.de Call '' .. --".split(),
    *b"$HEX[ ] $HEX[6162] $HEX[e9] :pass :1 :0 DEADBEEF da39a3ee5e6b4b0d \\\\ @acme.fr".split(),
    b"da39a3ee5e6b4b0d3255bfef95601890afd80709",
    b"31d6cfe0d16ae931b73c59d7e0c089c0",
    *("é", "谢谢", "пример.рф", "。", "ａｃｍｅ．ｆｒ", "❤️", "’", "\u200b", "\u00ad", "\ufeff"),
    *(bytes([code]) for code in (0x80, 0xAD, 0xC3, 0xE9, 0xFF)),
    *b"=40 =3D =2E =27 =C3=BC %2540 %252540 %252E %u0040 %u002e &commat; &period; &amp;".split(),
    *b"&amp;#64; &amp;#x40; &amp;commat; &amp;amp; &lowbar; &shy; \\u{40} \\u{2e} \\x{40}".split(),
    *b"0x616c69636540612e6672 X'616c4061636d652e6672' \\x6140612e6672 4040 \\_ \\. = ==".split(),
    *b"mail:: YUBhY21lLmZy YUBh Y21lLmZy :: mail: EMAIL;T=X: \x1b[31m \x1b[1;31m \x1b(B".split(),
    *(b"=\n", b"=\r\n", b"\n ", b"\r\n\t", b"mail: ", b"\nmail:: ", b"aGFzaGhhc2hoYXNoaGFzaGg=\n"),
    *("＠", "﹫", "\u2060"),
    b"a" * 63,
    b"-" * 66,
    b"b." * 120,
    b" : ",
]
pieces = st.sampled_from([t.encode() if isinstance(t, str) else t for t in TOKENS])
text = st.lists(pieces | st.binary(max_size=3), max_size=40).map(b"".join)
"""Bytes, with line feeds."""

line = text.map(lambda data: data.replace(b"\n", b" "))
"""Bytes without."""
