import { beforeAll, expect, it } from "vitest";
import type { Seed } from "../../src/core/record.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { keptOr } from "../../src/seeds/ordered.js";
import { contaminated, nearDuplicates } from "../../src/seeds/overlaps.js";

beforeAll(loadGrammar);

const BODY = (name: string, last: string): string =>
  [
    `def ${name}(rows, width, fill, sides):`,
    '    """Pads rows of text to one width and counts what was added."""',
    "    padded = []",
    "    added = 0",
    "    for row in rows:",
    "        missing = max(0, width - len(row))",
    "        left = missing // 2 if sides else 0",
    "        padded.append(fill * left + row + fill * (missing - left))",
    "        added += missing",
    `    return ${last}`,
    "",
  ].join("\n");

const seed = (key: string, text: string, entryPoint = "f"): Seed =>
  // The filters look at no other field.
  ({ key, seed: text, entryPoint, docstring: "Pads rows of text to one width.", sha1: key }) as Seed;

const carried = "import math\n\n\ndef helper(x):\n    return math.floor(x) + 1\n\n\n";

it("refuses what resembles a kept seed, and names the survivor", async () => {
  const filter = nearDuplicates(0.5);
  expect(await keptOr(seed("one", BODY("f", "padded, added")), [filter])).toHaveProperty("seed");
  expect(await keptOr(seed("two", BODY("f", "added, padded")), [filter])).toMatchObject({
    reason: "near-duplicate",
    detail: expect.stringMatching(/^one 0\.[5-9]\d$/) as string,
  });
});

it("does not compare what is carried", async () => {
  const filter = nearDuplicates(0.5);
  const short = (name: string, value: string): string =>
    `${carried}def ${name}(x):\n    return helper(x) ${value}\n`;
  expect(await keptOr(seed("one", short("f", "* 2 - x"), "f"), [filter])).toHaveProperty("seed");
  expect(await keptOr(seed("two", short("g", "% 7 == 3 or x is None"), "g"), [filter])).toHaveProperty(
    "seed",
  );
});

it("knows after a resume what was kept before it", async () => {
  const filter = nearDuplicates(0.5);
  filter.keep?.(seed("one", BODY("f", "padded, added")));
  const again = await keptOr(seed("two", BODY("g", "padded, added"), "g"), [filter]);
  expect(again).toMatchObject({ reason: "near-duplicate", detail: expect.stringMatching(/^one /) as string });
});

it("refuses the copy of a problem, and names it", async () => {
  const asked: unknown[] = [];
  const filter = contaminated({
    check(described) {
      asked.push(described);
      return { benchmark: "MBPP", item: "MBPP/11", kind: "renamed", share: 0.75 };
    },
  });
  const text = `${carried}def f(x):\n    return helper(x)\n`;
  expect(await keptOr(seed("one", text), [filter])).toMatchObject({
    reason: "contaminated",
    detail: "MBPP/11: renamed 0.75",
  });
  expect(asked).toEqual([
    { code: "def f(x):\n    return helper(x)", docstring: "Pads rows of text to one width." },
  ]);
});
