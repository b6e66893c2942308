import { describe, expect, it } from "vitest";
import { keyOf } from "../../src/core/record.js";
import { ordered, recordOf } from "../../src/corpus/corpus.js";

const origin = { source: "folder:a", repository: "a", revision: null, path: "b.py", licence: "MIT" };

describe("recordOf", () => {
  it("keys a file by where it comes from, before it is read", () => {
    const key = keyOf("folder:a", "a", null, "b.py");
    expect(recordOf("0f", origin, Buffer.from("x"))).toEqual({
      order: "0f",
      file: { ...origin, key, text: "x" },
    });
  });

  it("makes a reject of what is not text", () => {
    expect(recordOf("0f", origin, Buffer.from("\0"))).toEqual({
      order: "0f",
      reject: {
        key: keyOf("corpus", keyOf("folder:a", "a", null, "b.py")),
        stage: "corpus",
        reason: "nul-byte",
        detail: "NUL at byte 0",
        qualname: null,
        provenance: { ...origin, startLine: 1, endLine: 1 },
      },
    });
  });
});

describe("ordered", () => {
  it("spreads neighbours over the whole order", () => {
    const paths = Array.from({ length: 1_000 }, (_, at) => `${at < 500 ? "a" : "b"}/${at}.py`);
    const first = ordered(paths, { seed: 3 }).slice(0, 200);
    const share = first.filter(({ path }) => path.startsWith("a/")).length / 200;
    expect(share).toBeGreaterThan(0.35);
    expect(share).toBeLessThan(0.65);
  });
});
