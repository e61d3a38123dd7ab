"""The style and the script of the HTML report, and the policy that allows nothing else.

Both are inline and named by their SHA-256 in a Content-Security-Policy: the
page loads nothing, sends nothing, and runs no script but this one. Without
the script the table is still whole.
"""

import base64
import hashlib

STYLE = """
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#565d66;--line:#d5d9de;--back:#fff;
--band:#f4f6f8;--bad:#a4161a;--bad-back:#fdecec;--doubt:#7a4d00;--doubt-back:#fff4dc;--good:#1b5e34;
--good-back:#e7f5ec;--bar:#2f6fb3}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#aab1ba;--line:#3b424a;--back:#16191d;
--band:#1f2429;--bad:#ff9b9b;--bad-back:#3c1a1c;--doubt:#ffcf70;--doubt-back:#382a0c;--good:#8fdcae;
--good-back:#14301f;--bar:#6aa7e8}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:75rem;background:var(--back);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
.partial{border:2px solid var(--bad);background:var(--bad-back);color:var(--bad);padding:.5rem 1rem;
font-weight:600}
.charts{display:flex;flex-wrap:wrap;gap:2rem}figure{margin:0;flex:1 1 26rem;min-width:0}
figcaption{font-weight:600;margin:1.5rem 0 .5rem}svg{width:100%;height:auto;max-width:36rem}
svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg rect{fill:var(--bar)}
.tools{display:flex;flex-wrap:wrap;gap:1rem;align-items:end;margin:.5rem 0}
.tools label{display:grid;color:var(--soft);font-size:.875rem}
input,select{font:inherit;color:inherit;background:var(--back);border:1px solid var(--soft);
border-radius:4px;padding:.25rem .5rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.925rem}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line);
max-width:24rem;overflow-wrap:break-word}
thead th{position:sticky;top:0;background:var(--band);white-space:nowrap}
th button{font:inherit;font-weight:600;color:inherit;background:none;border:0;padding:0;
cursor:pointer}
th button::after{content:" \\2195";color:var(--soft)}
th[aria-sort=ascending] button::after{content:" \\2191"}
th[aria-sort=descending] button::after{content:" \\2193"}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
.long{min-width:16rem}
.verdict{display:inline-block;white-space:nowrap;border-radius:4px;padding:0 .5rem;font-weight:600}
.exposed{color:var(--bad);background:var(--bad-back)}.unknown{color:var(--doubt);
background:var(--doubt-back)}.clean{color:var(--good);background:var(--good-back)}
:focus-visible{outline:3px solid var(--bar);outline-offset:2px}
footer{margin-top:2rem;color:var(--soft);font-size:.875rem}
.when{color:var(--soft);margin:0}.figure{display:inline-block;font-size:1.25rem;border-radius:6px;
padding:.5rem 1rem;margin:.75rem 0 0}.figure strong{font-size:2.5rem;line-height:1}
.printed{display:none}
@media print{.printed{display:inline}tr.ok,.screen,.tools{display:none}
th button::after{content:""}thead th{position:static}}
"""

SCRIPT = """
(function () {
  "use strict";
  var table = document.querySelector("table"), body = table.tBodies[0];
  var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
  var compare = new Intl.Collator(undefined, {numeric: true}).compare;
  heads.forEach(function (head, at) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      var rows = Array.prototype.map.call(body.rows, function (row) {
        return [row.cells[at].dataset.key || row.cells[at].textContent, row];
      });
      rows.sort(function (a, b) { return (down ? -1 : 1) * compare(a[0], b[0]); });
      var sorted = document.createDocumentFragment();
      rows.forEach(function (pair) { sorted.appendChild(pair[1]); });
      body.appendChild(sorted);
    });
  });
  var tools = document.querySelector(".tools"), words = tools.querySelector("input");
  var verdict = tools.querySelector("select"), shown = tools.querySelector("output");
  tools.hidden = false;
  function show() {
    var wanted = words.value.toLowerCase(), count = 0;
    Array.prototype.forEach.call(body.rows, function (row) {
      var fits = (!wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0) &&
        (!verdict || !verdict.value || row.querySelector(".verdict." + verdict.value));
      row.hidden = !fits;
      if (fits) { count += 1; }
    });
    shown.textContent = shown.dataset.shown.replace("{count}", count)
      .replace("{rows}", body.rows.length);
  }
  words.addEventListener("input", show);
  if (verdict) { verdict.addEventListener("change", show); }
  show();
}());
"""


def _named(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {_named(STYLE)}; script-src {_named(SCRIPT)}; "
    "base-uri 'none'; form-action 'none'"
)
