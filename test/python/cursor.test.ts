// The parser's own functions, called one after the other, against web-tree-sitter's TreeCursor.
import { createRequire } from "node:module";
import { Language, Parser, type Tree } from "web-tree-sitter";
import { beforeAll, expect, it } from "vitest";
import { openCorpus } from "../../src/corpus/open.js";
import { cursorOf, type Cursor } from "../../src/python/cursor.js";

const FILES = 60;
const module = {};
let parser: Parser;

beforeAll(async () => {
  await Parser.init(module);
  const wasm = createRequire(import.meta.url).resolve("tree-sitter-python/tree-sitter-python.wasm");
  parser = new Parser().setLanguage(await Language.load(wasm));
});

/** What a cursor says of every node, in the order of a walk. */
function walked(cursor: Cursor, tree: Tree): string[] {
  const said: string[] = [];
  let depth = 0;
  const say = (): void => {
    const place = [cursor.type(), cursor.field(), cursor.start(), cursor.end(), cursor.missing()];
    said.push([depth, ...place].join(" "));
  };
  cursor.open(tree);
  say();
  for (;;) {
    if (cursor.firstChild()) depth++;
    else {
      while (!cursor.nextSibling()) {
        if (!cursor.parent()) {
          cursor.close();
          return said;
        }
        depth--;
      }
    }
    say();
  }
}

it("says of every node what the library says: real files, errors, missing tokens, characters beyond the first plane", async () => {
  const texts = [
    "",
    "x = (1\ny = = 2\ndef f(:\n  return\n",
    "# 😀\nπ = f('😀', *x, y=2)\n",
    "class A(B, c=1): x: int = 3",
  ];
  for await (const item of (await openCorpus("stdlib")).files({ seed: 1 })) {
    if ("file" in item && item.file.text.length < 50_000) texts.push(item.file.text);
    if (texts.length === FILES) break;
  }
  const direct = cursorOf(module);
  const library = cursorOf({});
  let nodes = 0;
  for (const text of texts) {
    const tree = parser.parse(text);
    if (!tree) throw new Error("not parsed");
    const expected = walked(library, tree);
    expect(walked(direct, tree)).toEqual(expected);
    nodes += expected.length;
    tree.delete();
  }
  expect(nodes).toBeGreaterThan(50_000);
});
