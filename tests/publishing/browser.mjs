// Drives a real browser through visits of published pages: node browser.mjs NAME PROGRAM, visits as
// JSON on stdin, what came of each as JSON on stdout. puppeteer-core and axe-core are found from the
// working folder.
//
// A visit: url; subjects [{address, password, typed}]; width; dark; axe; script (false: without
// JavaScript); language; shot (a file); throttle {download, upload: bytes a second; latency: ms};
// patience (milliseconds until it must be ready); vectors (rows of question.json).
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(process.cwd(), "package.json")));
const { default: puppeteer } = await import(pathToFileURL(require.resolve("puppeteer-core")));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [, , name, program] = process.argv;
const { visits } = JSON.parse(readFileSync(0, "utf8"));

const browser = await puppeteer.launch({
  browser: name, executablePath: program, headless: true,
  args: name === "chrome" ? ["--no-sandbox", "--disable-dev-shm-usage"] : [],
});

async function ask(page, { address, password, typed }) {
  const mode = address === undefined ? "password" : password === undefined ? "address" : "pair";
  await page.evaluate((wanted) => {
    performance.clearResourceTimings();
    document.querySelector(`#modes [data-mode=${wanted}]`)?.click();
  }, mode);
  for (const [field, text] of [["#address", address], ["#password", password]]) {
    if (text === undefined) continue;
    await page.focus(field);
    await page.$eval(field, (input) => input.select());
    if (typed) {
      await page.keyboard.press("Backspace");
      await page.keyboard.type(text);
    } else {
      await page.evaluate((content) => document.execCommand("insertText", false, content), text);
    }
  }
  const before = Date.now();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#answer[data-verdict]", { timeout: 90_000 });
  const milliseconds = Date.now() - before;
  return page.evaluate((took) => ({
    verdict: document.querySelector("#answer").dataset.verdict,
    text: document.querySelector("#answer").innerText,
    milliseconds: took,
    requests: performance.getEntriesByType("resource").map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize]),
  }), milliseconds);
}

// Slow the connection of a page down, and count what comes over it (Chromium alone).
async function watched(page, throttle) {
  const seen = { requests: 0, bytes: 0 }, session = await page.createCDPSession();
  await session.send("Network.enable");
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    seen.requests++;
    seen.bytes += encodedDataLength; // with the header fields
  });
  await page.emulateNetworkConditions(throttle);
  return seen;
}

// In the page: the forms and digests of questions, null for those that are refused.
async function answered(rows) {
  const { digest, question, read } = await import(new URL("address.js", location.href));
  const tables = read(await (await fetch("tables.txt")).text());
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return Promise.all(rows.map(async ({ kind, text }) => {
    let found;
    try {
      found = question(kind, text, tables);
    } catch {
      return null;
    }
    const digests = await Promise.all(found.forms.map((form) => digest(kind, form)));
    return { ...found, forms: found.forms.map(hex), digests: digests.map(hex) };
  }));
}

async function visit({ url, subjects = [], width = 1000, dark, axe: audited, script = true, language, shot, throttle, vectors, patience = 60_000 }) {
  const page = await browser.newPage(), trouble = [];
  page.on("pageerror", (error) => trouble.push(String(error.message ?? error)));
  page.on("console", (message) => { if (message.type() === "error") trouble.push(message.text()); });
  await page.setViewport({ width, height: 800 });
  const network = throttle && await watched(page, throttle), begun = Date.now();
  if (!script) await page.setJavaScriptEnabled(false);
  if (dark) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  await page.goto(language ? new URL(`${language}.html`, url).href : url, { waitUntil: "load", timeout: 60_000 });
  const found = { answers: [] };
  if (script) {
    await page.waitForFunction(() => !document.querySelector("#form").hidden || !document.querySelector("#failed").hidden, { timeout: patience })
      .catch(() => {});
    found.ready = await page.$eval("#form", (form) => !form.hidden);
    if (network) network.ready = Date.now() - begun;
    for (const subject of found.ready ? subjects : []) found.answers.push(await ask(page, subject));
    found.network = network;
    if (vectors) found.vectors = await page.evaluate(answered, vectors);
    found.overflow = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    found.stored = await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length);
    found.place = page.url();
    found.language = await page.evaluate(() => document.documentElement.lang);
  }
  if (audited) {
    await page.evaluate(axe);
    found.violations = await page.evaluate(async () => (await globalThis.axe.run()).violations
      .map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 200))]));
  }
  if (!script) {
    found.text = await page.evaluate(() => document.body.innerText).catch(() => null);
    found.form = await page.$eval("#form", (form) => form.hidden).catch(() => null);
  }
  if (shot) writeFileSync(shot, await page.screenshot({ fullPage: true, type: "webp", quality: 55 }));
  await page.close();
  return { ...found, trouble };
}

for (const each of visits) {
  let found;
  const begun = Date.now();
  try {
    found = await visit(each);
  } catch (error) {
    found = { error: String(error.stack) };
  }
  process.stdout.write(JSON.stringify({ ...found, took: Date.now() - begun }) + "\n");
}
await browser.close();
