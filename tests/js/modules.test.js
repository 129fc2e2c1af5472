import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../static/ticker/", import.meta.url));
const modules = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, path: resolve(ROOT, name), text: readFileSync(resolve(ROOT, name), "utf8") }));

test("every import is written so that the names of stored files can be put in", () => {
  for (const { name, path, text } of modules) {
    for (const [line] of text.matchAll(/^import\b[^;]*;?$/gm)) {
      const match = /^import (?:[^"']+ from )?"(\.\.?\/[^"]+\.js)";$/.exec(line);
      assert.ok(match, `${name}: ${line}`);
      assert.ok(existsSync(resolve(dirname(path), match[1])), `${name}: ${match[1]} does not exist`);
    }
  }
});

test("no comment imports a package, which no stored file is", () => {
  for (const { name, text } of modules) assert.doesNotMatch(text, /import\(\s*["'][^.]/, name);
});

test("no module writes HTML from text, or runs text", () => {
  const forbidden = /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function)/;
  for (const { name, text } of modules) assert.doesNotMatch(text, forbidden, name);
});

test("the connection does not touch the document: only ui/ and the pages' entries do", () => {
  for (const { name, text } of modules.filter((one) => one.name.startsWith("feed"))) {
    const touches = text.match(/(?<![.\w])document\.(querySelector|getElementById|createElement|body)/g);
    assert.equal(touches, null, name);
  }
});

test("every module begins by saying why it exists", () => {
  for (const { name, text } of modules) assert.match(text, /^\/[/*]+\s+(?:\* )?[A-Z]/, name);
});
