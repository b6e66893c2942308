import { describe, expect, it } from "vitest";
import { keyOf } from "../../src/core/record.js";
import { recordOf, type Corpus } from "../../src/corpus/corpus.js";
import { extractCorpus } from "../../src/seeds/extract.js";
import type { ExtractedFunction } from "../../src/seeds/functions.js";

/** A corpus in memory. */
function corpusOf(files: Record<string, string | Buffer>): Corpus {
  const rows = Object.entries(files).map(([path, content]) =>
    recordOf(
      keyOf(path),
      { source: "folder:a", repository: "a", revision: null, licence: null, path },
      Buffer.from(content),
    ),
  );
  return {
    name: "folder:a",
    title: "a",
    identity: "a",
    python: null,
    notices: [],
    licenceText: null,
    count: () => Promise.resolve(rows.length),
    // eslint-disable-next-line @typescript-eslint/require-await -- the contract is asynchronous, this corpus is not
    async *files() {
      yield* rows;
    },
  };
}

describe("extractCorpus", () => {
  it("lists every function, unfiltered, and counts what it met", async () => {
    const rows: ExtractedFunction[] = [];
    const generator = extractCorpus(
      corpusOf({
        "a.py":
          "class A:\n    @x\n    async def f(self, a: int = B) -> int:\n        '''Doc.'''\n        return C if a else D\n",
        "broken.py": "def g(x):\n    return x\n\ny = = 1\n",
        "latin.py": Buffer.from("'\xe4'", "latin1"),
        "empty.py": "",
      }),
    );
    let next = await generator.next();
    for (; !next.done; next = await generator.next()) rows.push(next.value);
    expect(rows[0]).toEqual({
      path: "a.py",
      qualname: "A.f",
      line: 3,
      endLine: 5,
      async: true,
      docstring: "Doc.",
      returnsValue: true,
      params: 2,
      annotatedParams: 1,
      returnAnnotated: true,
      complexity: 1,
      freeNames: ["C", "D"],
    });
    expect(rows.map(({ path, qualname }) => `${path} ${qualname}`)).toEqual(["a.py A.f", "broken.py g"]);
    expect(next.value).toEqual({ files: 4, functions: 2, filesWithErrors: 1, skipped: { undecodable: 1 } });
  });
});
