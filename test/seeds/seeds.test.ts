// Each fixture is a module with what is to become of each of its functions: the whole text of the seed, or the reason.
// That the seeds of the standard library can be imported is shown in test/system/oracle.test.ts.
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { keyOf, sha1Of, type SourceFile } from "../../src/core/record.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { seedsOf } from "../../src/seeds/seeds.js";

const FOLDER = new URL("../fixtures/python/seeds/", import.meta.url);

beforeAll(loadGrammar);

function file(text: string, path = "a.py", source = "folder:demo"): SourceFile {
  return { key: "k", source, repository: "demo", revision: null, path, licence: "MIT", text };
}

/** `qualname: reason` of each reject. */
function reasons(text: string, path?: string, source?: string): string[] {
  return seedsOf(file(text, path, source)).rejects.map(
    ({ qualname, reason }) => `${String(qualname)}: ${reason}`,
  );
}

interface Expected {
  readonly seeds: Readonly<Record<string, { readonly carried: string[]; readonly seed: string[] }>>;
  readonly rejects: Readonly<Record<string, string>>;
}

describe("seedsOf a module", () => {
  for (const name of readdirSync(FOLDER).filter((entry) => entry.endsWith(".py"))) {
    it(name, () => {
      const text = readFileSync(new URL(name, FOLDER), "utf8");
      const expected = JSON.parse(
        readFileSync(new URL(name.replace(/py$/, "expected.json"), FOLDER), "utf8"),
      ) as Expected;
      const { seeds, rejects } = seedsOf(file(text, name));
      for (const { entryPoint, seed, carried } of seeds) {
        expect({ entryPoint, carried, seed: seed.split("\n") }).toEqual({
          entryPoint,
          carried: expected.seeds[entryPoint]?.carried,
          seed: [...(expected.seeds[entryPoint]?.seed ?? []), ""],
        });
      }
      expect(seeds.map(({ entryPoint }) => entryPoint)).toEqual(Object.keys(expected.seeds));
      expect(
        Object.fromEntries(rejects.map((row) => [row.qualname, `${row.reason}: ${row.detail}`])),
      ).toEqual(expected.rejects);
    });
  }

  it("fills in the whole record", () => {
    const text =
      "import re\n\n\n@staticmethod\ndef f(a: int, *b) -> int:\n    '''Counts some words.'''\n    return re.sub(a, b) if a else 0\n";
    const { seeds } = seedsOf(file(text));
    expect(seeds).toEqual([
      {
        key: keyOf("seeds", "k", "f", 5),
        sha1: sha1Of(text),
        seed: text,
        entryPoint: "f",
        parameters: [
          { name: "a", kind: "positional", annotation: "int", default: null },
          { name: "b", kind: "var-positional", annotation: null, default: null },
        ],
        returns: "int",
        async: false,
        docstring: "Counts some words.",
        carried: ["re"],
        figures: {
          functionLines: 4,
          seedLines: 7,
          longestLine: 35,
          docstringWords: 3,
          complexity: 1,
          parameterCount: 2,
          annotatedParameters: 1,
          returnAnnotated: true,
          warnings: [],
          imports: ["re"],
          mentions: ["re"],
          generated: false,
          vendored: false,
        },
        provenance: {
          source: "folder:demo",
          repository: "demo",
          revision: null,
          path: "a.py",
          licence: "MIT",
          startLine: 4,
          endLine: 7,
        },
      },
    ]);
  });

  it("gives every function one record with a key of its own", () => {
    const text = readFileSync(new URL("refused.py", FOLDER), "utf8");
    const { seeds, rejects } = seedsOf(file(text));
    const keys = [...seeds, ...rejects].map(({ key }) => key);
    expect(new Set(keys).size).toBe(text.match(/\bdef /g)?.length);
    expect(keys.length).toBe(new Set(keys).size);
  });

  it("makes relative imports absolute in the standard library, where paths are packages", () => {
    const text = [
      "from . import events",
      "from ..json import (",
      "    decoder as d)",
      "def f(x):",
      "    'Uses what lies around.'",
      "    from .tasks import Task",
      "    return events, d, Task",
      "",
    ].join("\n");
    const { seeds } = seedsOf(file(text, "asyncio/sub/a.py", "stdlib"));
    expect(seeds[0]?.seed).toBe(
      "from asyncio.sub import events\nfrom asyncio.json import (\n    decoder as d)\n\n\n" +
        "def f(x):\n    'Uses what lies around.'\n    from asyncio.sub.tasks import Task\n    return events, d, Task\n",
    );
    expect(reasons(text, "a.py", "stdlib")).toEqual(["f: relative-import"]);
  });

  it("refuses what nobody binds, and blames a star import where there is one", () => {
    const text = "def f(x):\n    'Uses some other name.'\n    return x + y\n";
    expect(reasons(text)).toEqual(["f: undefined-name"]);
    expect(reasons(`from re import *\n${text}`)).toEqual(["f: star-import"]);
    expect(reasons(`def g():\n    global y\n    y = 1\n${text}`)).toContain("f: undefined-name");
  });

  it("looks at the path for tests", () => {
    const text = "def f(x):\n    'Helps a test along.'\n    return x + 1\n";
    for (const path of ["test_a.py", "a/b_test.py", "pkg/tests/helpers.py", "test/x.py"]) {
      expect(reasons(text, path)).toEqual(["f: test-function"]);
    }
    expect(reasons(text, "contest/latest.py")).toEqual([]);
  });

  it("refuses Python 2, and a file in which nothing can be seen, as a whole", () => {
    expect(reasons("def f(x):\n    'Prints a thing.'\n    print x\n    return x\n")).toEqual([
      "null: python-2",
    ]);
    expect(reasons("<html><body>\n")).toEqual(["null: syntax-error"]);
    expect(reasons("")).toEqual([]);
  });

  it("refuses a file that takes too long", () => {
    const clock = vi.spyOn(performance, "now");
    let now = 0;
    clock.mockImplementation(() => (now += 10_000));
    expect(reasons(`x = [${"1, ".repeat(50_000)}]`)).toEqual(["null: time-limit"]);
    clock.mockRestore();
  });

  it("measures the function and the whole seed", () => {
    const body = (lines: number): string => "    x += 1\n".repeat(lines - 3);
    const long = (lines: number): string => `def f(x):\n    'Adds many ones.'\n${body(lines)}    return x\n`;
    expect(reasons(long(150))).toEqual([]);
    expect(seedsOf(file(long(151))).rejects[0]).toMatchObject({
      reason: "too-long",
      detail: "function has 151 lines, at most 150",
    });
    const table = `TABLE = [\n${"    1,\n".repeat(300)}]\n`;
    expect(
      seedsOf(file(`${table}def f(x):\n    'Reads a table.'\n    return TABLE[x]\n`)).rejects[0],
    ).toMatchObject({
      reason: "too-long",
      detail: "seed has 307 lines, at most 250",
    });
    expect(seedsOf(file(long(151)), { maxLines: 151 }).seeds).toHaveLength(1);
  });
});
