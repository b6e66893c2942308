import { beforeAll, describe, expect, it } from "vitest";
import type { Corpus, CorpusFile } from "../../src/corpus/corpus.js";
import { openCorpus } from "../../src/corpus/open.js";
import { uniforms } from "../../src/core/random.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { rewriteScore } from "../../src/rewrite/bleu.js";
import type { RewritePair } from "../../src/rewrite/pairs.js";
import { syntheticPairs, type SyntheticPairs } from "../../src/rewrite/synthetic.js";
import {
  filled,
  nounTemplate,
  sentenceOf,
  sentencesOf,
  templateOf,
  vagueWords,
} from "../../src/rewrite/vaguer.js";

beforeAll(() => loadGrammar());

/** A corpus of these files. */
function corpusOf(files: Readonly<Record<string, string>>): Pick<Corpus, "files"> {
  const origin = { source: "test", repository: "test", revision: null, licence: null };
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- the contract is asynchronous
    async *files() {
      for (const [path, text] of Object.entries(files))
        yield { order: path, file: { key: path, ...origin, path, text } } satisfies CorpusFile;
    },
  };
}

async function* firstOf<Item>(items: AsyncIterable<Item>, count: number): AsyncGenerator<Item> {
  let left = count;
  for await (const item of items) {
    if (left-- === 0) return;
    yield item;
  }
}

const parts = ({ source }: RewritePair): [string, string] => {
  const at = source.indexOf("\n");
  return [source.slice(0, at), source.slice(at + 1)];
};

/** What intent and snippet together say, worked out by rule: the k-th value is the call's k-th argument. */
function solved(pair: RewritePair): string {
  const [intent, snippet] = parts(pair);
  const [, callee = "", listed = ""] = /(?:^|= )(?:\w+\.)?(\w+)\((.*)\)$/.exec(snippet) ?? [];
  const values = listed === "" ? [] : listed.split(", ");
  const order = ["first", "second", "third", "fourth", "fifth"];
  return intent
    .replace(
      /the (first|second|third|fourth|fifth) value\b/g,
      (_, word: string) => `\`${values[order.indexOf(word)] ?? ""}\``,
    )
    .replace(/the value\b/g, `\`${values[0] ?? ""}\``)
    .replace(/the function/g, `\`${callee}\``);
}

describe("a sentence", () => {
  it.each([
    ["Return the rows of table.\n\nMore of it.", "return the rows of table"],
    ["Return the rows\n    of table, i.e. all. And then more.", "return the rows of table, i.e. all"],
    ["HTTP headers of the given reply", "HTTP headers of the given reply"],
    ["scale(rows, factor) -> list", null],
    ["Scale.", null],
    [">>> scale(rows, 2) == rows", null],
    ["Give x = y + 1 to all of them", null],
  ])("of %j is %j", (docstring, sentence) => {
    expect(sentenceOf(docstring)).toBe(sentence);
  });

  it.each([
    ["return the index of key in the given rows", "return the index of K in R"],
    [
      "write *rows*, 'key' and `key` to keys, row_key and rows.key",
      "write R, K and K to keys, row_key and rows.key",
    ],
    ["like find_key() for rows, but find-key is not", "like F for R, but find-key is not"],
    ["a row a key of a `Table`", "a row K of a Table"],
  ])("has holes where it names arguments: %j", (sentence, wanted) => {
    const template = templateOf(sentence, ["key", "rows", "a"], "find_key");
    expect(filled(template, (hole) => (hole === "function" ? "F" : ["K", "R", "A"][hole]) ?? "")).toBe(
      wanted,
    );
  });

  it("is one of several", () => {
    const docstring =
      "Return the rows of table. Raise an error\nfor none of them!\n\nShort one.\n\nHTTP headers of the reply";
    expect(sentencesOf(docstring)).toEqual([
      "return the rows of table",
      "raise an error for none of them",
      "HTTP headers of the reply",
    ]);
  });

  it("has holes where drawn nouns are, in a drawn order", () => {
    const sentence = "put the given key of an item into this table of the cellar";
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const template = nounTemplate(sentence, uniforms(seed, "test")) ?? [];
      const holes = template.flatMap((piece) => (typeof piece === "string" ? [] : [piece.hole]));
      expect([...holes].sort()).toEqual([0, 1, 2].slice(0, holes.length));
      const nouns =
        /^put (the given key|HOLE) of (an item|HOLE) into (this table|HOLE) of (the cellar|HOLE)$/;
      seen.add(filled(template, () => "HOLE"));
      for (const text of seen) expect(text).toMatch(nouns);
    }
    expect(seen.size).toBe(4 + 6 + 4);
    expect(nounTemplate("put everything into nothing", uniforms(0, "test"))).toBeNull();
  });

  it("calls a hole by its place, unless there is one argument only", () => {
    expect([vagueWords(0, 1), vagueWords(0, 2), vagueWords(1, 2), vagueWords("function", 2)]).toEqual([
      "the value",
      "the first value",
      "the second value",
      "the function",
    ]);
  });
});

describe("synthetic pairs", () => {
  const scale = [
    "def scale(rows, factor, *, exact=False):",
    '    """Multiply each item of rows by factor."""',
    "    return [row * factor for row in rows]",
    "",
    "class Table:",
    "    def drop(self, column, missing=None):",
    '        """Remove the given column from every line."""',
    "    def __len__(self):",
    '        """Return the number of rows in self."""',
    "",
  ].join("\n");

  it("pass what has to be passed, under names that the sentence lacks", async () => {
    const { training, counts } = await syntheticPairs(corpusOf({ "scale.py": scale }), {
      variants: 2,
      validation: 0,
    });
    expect(counts).toEqual({ files: 1, functions: 3, used: 2, dropped: { "special-method": 1 } });
    expect(training.map(({ id }) => id)).toEqual([
      "scale.py:1#0",
      "scale.py:1#1",
      "scale.py:6#0",
      "scale.py:6#1",
    ]);
    const [first, , third] = training;
    expect(first?.source).toMatch(
      /^multiply each item of the first value by the second value\n\w+ = scale\(\S+, \S+\)$/,
    );
    expect(third?.source).toMatch(/^remove the value from every line\n\w+\.drop\(\S+\)$/);
    for (const pair of training) {
      expect(pair.target).toBe(solved(pair));
      expect(parts(pair)[1]).not.toMatch(pair.id.includes(":1#") ? /\b(?:rows|factor)\b/ : /\bcolumn\b/);
    }
    expect(new Set(training.map(({ target }) => target)).size).toBe(4);
    const again = await syntheticPairs(corpusOf({ "scale.py": scale }), { variants: 3, validation: 0 });
    expect(again.training.filter(({ id }) => !id.endsWith("#2"))).toEqual(training);
  });

  it("come of other sentences, too, but for validation and what is said already", async () => {
    const texts = {
      "scale.py": scale,
      "more.py":
        'def f(x):\n    """Look at the item twice.\n\n    Look at the item twice. Then take a break."""',
    };
    const options = { variants: 2, validation: 0, anySentence: true };
    const { training, counts } = await syntheticPairs(corpusOf(texts), options);
    const own = await syntheticPairs(corpusOf(texts), { ...options, anySentence: false });
    expect(training.slice(0, own.training.length)).toEqual(own.training);
    expect(counts).toEqual(own.counts);
    const more = training.slice(own.training.length);
    for (const pair of more) expect(pair.target).toBe(solved(pair));
    expect(new Set(more.map((pair) => parts(pair)[0]))).toEqual(
      new Set(["return the value of rows in self", "look at the value twice", "then take the value"]),
    );
    const apart = await syntheticPairs(corpusOf(texts), { ...options, validation: 1 });
    expect([apart.training, apart.validation]).toEqual([[], own.training]);
  });

  it("give a reason for every function that makes none", async () => {
    const texts = {
      "a.py": [
        "def one(key): pass",
        "def two(key):\n    'Short.'",
        "def three(key):\n    'Return the value of key from here.'",
        "def four(key):\n    'Return all that is there now.'",
        "def five(key, b, c, d, e, f):\n    'Return key and all the rest.'",
        "def sort_items(items):\n    'Sort the items of items.'",
        "def seven(key):\n    'Look for key in the cellar.'",
      ].join("\n"),
      "b.py": "def eight(name):\n    'Look for name in the cellar.'",
    };
    const { counts } = await syntheticPairs(corpusOf(texts));
    expect(counts).toEqual({
      files: 2,
      functions: 8,
      used: 1,
      dropped: {
        "no-docstring": 1,
        "no-sentence": 1,
        ambiguous: 1,
        "no-mention": 1,
        "too-many-arguments": 1,
        "told-by-code": 1,
        "same-intent": 1,
      },
    });
  });

  describe("of files of the standard library", () => {
    let made: SyntheticPairs;
    beforeAll(async () => {
      const corpus = await openCorpus("stdlib");
      made = await syntheticPairs({ files: (options) => firstOf(corpus.files(options), 150) });
    }, 120_000);

    it("are hundreds, all accounted for", () => {
      const { training, validation, counts } = made;
      expect(training.length).toBeGreaterThan(700);
      expect(validation.length).toBeGreaterThan(40);
      expect(training.length + validation.length).toBe(4 * counts.used);
      const left = Object.values(counts.dropped).reduce((sum, count) => sum + count, 0);
      expect(counts.used + left).toBe(counts.functions);
    });

    it("keep files and intents apart", () => {
      const fileOf = ({ id }: RewritePair): string => id.replace(/:\d+#\d+$/, "");
      for (const of of [fileOf, (pair: RewritePair) => parts(pair)[0]]) {
        const learned = new Set(made.training.map(of));
        expect(made.validation.filter((pair) => learned.has(of(pair)))).toEqual([]);
      }
    });

    it("can be solved from both halves, and from neither alone", () => {
      const pairs = [...made.training, ...made.validation];
      expect(pairs.filter((pair) => solved(pair) !== pair.target)).toEqual([]);
      for (const pair of pairs) {
        const [intent, snippet] = parts(pair);
        const named = [...pair.target.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
        // The names are in the snippet, none is in the intent.
        expect(named.length).toBeGreaterThan(0);
        expect(
          named.filter((name) => !snippet.includes(name)),
          pair.id,
        ).toEqual([]);
        expect(
          named.filter((name) => intent.split(/\W+/).includes(name)),
          pair.id,
        ).toEqual([]);
      }
      const targets = made.validation.map(({ target }) => target);
      const ofIntent = rewriteScore(
        made.validation.map((pair) => parts(pair)[0]),
        targets,
      );
      const ofSnippet = rewriteScore(
        made.validation.map((pair) => parts(pair)[1]),
        targets,
      );
      expect([ofIntent.exact, ofSnippet.exact]).toEqual([0, 0]);
      expect(ofSnippet.bleu).toBeLessThan(0.1);
      expect(ofIntent.bleu).toBeGreaterThan(0.3);
      expect(ofIntent.bleu).toBeLessThan(0.9);
    });
  });
});
