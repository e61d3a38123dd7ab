// The module that others embed, under Node.js: node module.mjs SITE-FOLDER, questions as JSON on stdin.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

if (process.env.WITHOUT_ED25519) { // as in browsers of before 2025
  const { importKey } = crypto.subtle;
  crypto.subtle.importKey = function (form, key, algorithm, ...rest) {
    if (algorithm === "Ed25519") throw new DOMException("unknown", "NotSupportedError");
    return importKey.call(this, form, key, algorithm, ...rest);
  };
}

const { check } = await import(pathToFileURL(join(process.argv[2], "leakcheck.js")));
for (const { subject, ...options } of JSON.parse(readFileSync(0, "utf8"))) {
  console.log(JSON.stringify(await check(subject, options)));
}
