// Files that are not what a parser hopes for, from bytes on a disk to rows: each ends in rows or in a reject with a reason,
// soon, and the next file is read as if nothing had been.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openCorpus } from "../../src/corpus/open.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { doJob } from "../../src/seeds/jobs.js";

const F = 'def f(x):\n    """Adds one to it."""\n    return x + 1\n';
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");

/** Content by file name, and what comes of it: `kept` or a reason for each function, in order. */
const CASES: Readonly<Record<string, readonly [content: string | Buffer, ...outcomes: string[]]>> = {
  "plain.py": [F, "kept"],
  "python2.py": [F.replace("return", "print x\n    return"), "python-2"],
  "python2_except.py": [`${F}try:\n    f(1)\nexcept ValueError, e:\n    pass\n`, "python-2"],
  "tabs.py": [F.replaceAll("    ", "\t"), "kept"],
  "bom.py": [`\uFEFF${F}`, "kept"],
  "nul.py": [`${F}\0`, "nul-byte"],
  "latin1_cookie.py": [latin1(`# -*- coding: latin-1 -*-\nÉ = 'é'\n${F}`), "kept"],
  "latin1_bare.py": [latin1(`# é\n${F}`), "undecodable"],
  "unknown_cookie.py": [`# coding: klingon\n${F}`, "undecodable"],
  "huge.py": [Buffer.alloc(50_000_000, "x = 1\n"), "file-too-large"],
  "brackets.py": [`x = ${"[".repeat(100_000)}${"]".repeat(100_000)}\n${F}`, "kept"],
  "open_brackets.py": ["[".repeat(100_000), "time-limit|syntax-error"],
  "binary_chain.py": [`x = ${"1 + ".repeat(100_000)}1\n${F}`, "kept"],
  "nested_defs.py": [
    `${Array.from({ length: 300 }, (_, at) => `${" ".repeat(at)}def f${at}(x):`).join("\n")}\n${" ".repeat(300)}return 1\n`,
    "no-docstring",
    ...Array.from({ length: 299 }, () => "nested"),
  ],
  "crlf.py": [F.replaceAll("\n", "\r\n"), "kept"],
  "cr.py": [F.replaceAll("\n", "\r"), "kept"],
  "form_feeds.py": [`\f${F}\f\n\f${F.replace("def f", "def g")}`, "kept", "kept"],
  "broken_half_way.py": [
    F + F.replace("x + 1", "x +").replace("def f", "def g") + F.replace("def f", "def h"),
    "kept",
    "syntax-error",
    "kept",
  ],
  // What follows an open bracket can't be seen, so it has no rows.
  "swallowed.py": [`${F}def g(x:\n    return (\n${F}`, "kept"],
  "unterminated.py": [`${F}x = """${"words ".repeat(20_000)}`, "kept|syntax-error"],
  "web_page.py": ["<!DOCTYPE html><html><body><p>hello</p></body></html>\n".repeat(500), "syntax-error"],
  "surrogate.py": [`x = "\\ud800"\n${F}`, "kept"],
  "astral.py": [F.replace("one", "one 🐍 𝒙"), "kept"],
  "no_end.py": [F.trimEnd(), "kept"],
  "empty.py": [""],
};

const base = mkdtempSync(path.join(tmpdir(), "selfalign-hostile-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const found = new Map<string, { outcomes: string[]; details: boolean; seconds: number }>();

beforeAll(async () => {
  await loadGrammar();
  for (const [name, [content]] of Object.entries(CASES)) writeFileSync(path.join(base, name), content);
  for await (const item of (await openCorpus(`folder:${base}`)).files({ seed: 0 })) {
    const begun = performance.now();
    const rows = "reject" in item ? [item.reject] : doJob("seeds", item.file, { timeoutMs: 2_000 });
    const { path: name } = "reject" in item ? item.reject.provenance : item.file;
    found.set(name, {
      outcomes: rows.map((row) => ("reason" in row ? row.reason : "kept")),
      details: rows.every((row) => !("reason" in row) || row.detail !== ""),
      seconds: (performance.now() - begun) / 1_000,
    });
  }
}, 120_000);

for (const [name, [, ...wanted]] of Object.entries(CASES)) {
  it(`${name}: ${[...new Set(wanted)].join(", ") || "nothing"}`, () => {
    const result = found.get(name);
    expect(result?.outcomes).toHaveLength(wanted.length);
    for (const [at, outcome] of wanted.entries()) expect(outcome.split("|")).toContain(result?.outcomes[at]);
    expect(result?.details).toBe(true);
    // Not a timing but a hang: the limit above is 2 s for each of two parses.
    expect(result?.seconds).toBeLessThan(30);
  });
}
