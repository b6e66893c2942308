import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "..");
const readme = readFileSync(path.join(root, "README.md"), "utf8");
const scripts = (
  JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }
).scripts;
const sources = [
  "scripts/flags.mjs",
  "scripts/run-flags.mjs",
  "scripts/train-flags.mjs",
  "scripts/sweep-flags.mjs",
  "scripts/seq2seq-flags.mjs",
  "scripts/evaluate-flags.mjs",
  "scripts/lora-flags.mjs",
  "scripts/complete-flags.mjs",
  "scripts/rewrite-flags.mjs",
  "scripts/push-flags.mjs",
  "scripts/train-verbs.mjs",
  "scripts/selfalign.mjs",
  "scripts/run-all.mjs",
  "scripts/bench.mjs",
  "scripts/accept/gpu-check.mjs",
]
  .map((file) => readFileSync(path.join(root, file), "utf8"))
  .join("\n");

describe("README", () => {
  it("begins with what to run, and the test command stands in the CI script too", () => {
    const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]?.trim());
    expect(blocks.slice(0, 2)).toEqual(["npm ci && npm start", "npm ci && npm test"]);
    expect(readFileSync(path.join(root, ".ci/run"), "utf8")).toContain("npm ci && npm test");
  });

  it("names only scripts, verbs and flags that exist", () => {
    for (const [, name = ""] of readme.matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(name);
    for (const [, verb = ""] of readme.matchAll(/npx selfalign ([\w-]+)/g))
      expect(sources).toMatch(new RegExp(`^  "?${verb}( \\w+)?"?: \\{`, "m"));
    for (const [, flag = ""] of readme.matchAll(/--([a-z][a-z-]+)/g)) {
      expect(flag === "help" || new RegExp(`"?${flag}"?: \\{\\s*kind`).test(sources), flag).toBe(true);
    }
  });

  it("links only to what is there", () => {
    for (const [, link = ""] of readme.matchAll(/\]\(([^)]+)\)/g)) {
      if (!link.startsWith("https://")) expect(existsSync(path.join(root, link)), link).toBe(true);
    }
    for (const [, folder = ""] of readme.matchAll(
      /`((?:src|notebooks|scripts|test|grammars)(?:\/[\w-]+)*)`/g,
    )) {
      expect(existsSync(path.join(root, folder)), folder).toBe(true);
    }
  });

  it("uses names that the front door has", () => {
    const front = readFileSync(path.join(root, "src/index.ts"), "utf8");
    for (const [, names = ""] of readme.matchAll(/import \{([^}]+)\} from "selfalign"/g)) {
      for (const name of names.split(",")) expect(front).toMatch(new RegExp(`\\b${name.trim()}\\b`));
    }
  });
});
