import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseResponse } from "../../src/instruct/parse.js";
import { loadGrammar } from "../../src/python/syntax.js";

beforeAll(loadGrammar);
const folder = path.resolve(import.meta.dirname, "../fixtures/responses");
const cases = readdirSync(folder).filter((name) => name.endsWith(".md"));
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
describe("a response", () => {
  it.each(cases)("%s", (name) => {
    expect(parseResponse(read(name))).toEqual(JSON.parse(read(name.replace(/\.md$/, ".expected.json"))));
  });
});
