import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { loadTokenizer, type StreamDecoder } from "../../src/model/tokenizer.js";

// Made by scripts/golden/tokenizer.py, which says what is in them.
const fixtures = path.resolve(import.meta.dirname, "../fixtures/tokenizer");
const golden = JSON.parse(readFileSync(path.join(fixtures, "golden.json"), "utf8")) as {
  readonly cases: Readonly<Record<"single" | "grouped" | "words", readonly Case[]>>;
  readonly lacking: Readonly<Record<string, number[]>>;
  readonly streams: readonly { readonly ids: number[]; readonly decoded: string; readonly shown: string }[];
};
interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly asText: number[];
  readonly decoded: string;
  readonly shown: string;
}

const folder = mkdtempSync(path.join(os.tmpdir(), "tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true }));

const own = await loadTokenizer(fixtures);
const words = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
const grouped = { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: false }, words] };

/** The fixture's tokenizer with other parts, as a file. */
function changed(change: (json: TokenizerJson) => object): string {
  const json = JSON.parse(readFileSync(path.join(fixtures, "tokenizer.json"), "utf8")) as TokenizerJson;
  const file = path.join(folder, "changed.json");
  writeFileSync(file, JSON.stringify({ ...json, ...change(json) }));
  return file;
}
interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly string[][] };
}

describe("a tokenizer encodes and decodes as Python's", () => {
  it.each(["single", "grouped", "words"] as const)("with numbers cut as %s", async (digits) => {
    const parts = { single: null, grouped, words }[digits];
    const file = changed(() => (parts === null ? {} : { pre_tokenizer: parts }));
    const tokenizer = await loadTokenizer(file);
    for (const { text, ids, asText, decoded, shown } of golden.cases[digits]) {
      expect(tokenizer.encode(text), text).toEqual(ids);
      expect(tokenizer.encode(text, { specialAsText: true }), text).toEqual(asText);
      expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(decoded);
      expect(tokenizer.decode(ids)).toBe(shown);
    }
  });

  it("with merges in the older spelling", async () => {
    const file = changed(({ model }) => ({
      model: { ...model, merges: model.merges.map((pair) => pair.join(" ")) },
    }));
    const tokenizer = await loadTokenizer(file);
    for (const { text, ids } of golden.cases.single) expect(tokenizer.encode(text), text).toEqual(ids);
  });

  it("from any ids, cut characters among them", () => {
    for (const { ids, decoded, shown } of golden.streams) {
      expect(own.decode(ids, { skipSpecial: false })).toBe(decoded);
      expect(own.decode(ids)).toBe(shown);
    }
  });
});

it("takes a word that is a token as it is where the file says so", async () => {
  // Without the last of its merges, a word is only found whole.
  const cut = changed(({ model }) => ({ model: { ...model, merges: model.merges.slice(0, -1) } }));
  const joined = await loadTokenizer(cut);
  const file = changed(({ model }) => ({
    model: { ...model, merges: model.merges.slice(0, -1), ignore_merges: true },
  }));
  const whole = await loadTokenizer(file);
  const last = own.decode([699]);
  expect(joined.encode(last)).toHaveLength(2);
  expect(whole.encode(last)).toEqual([699]);
});

it.each(Object.entries(golden.lacking))(
  "treats a byte without a token as Python does: unknown is '%s'",
  async (token, ids) => {
    const file = changed(({ model }) => {
      const { ["\u00f1"]: f1, ...vocab } = model.vocab;
      expect(f1).toBeTypeOf("number");
      return { model: { ...model, vocab, unk_token: token === "" ? null : token } };
    });
    expect((await loadTokenizer(file)).encode("a\u{50000}b")).toEqual(ids);
  },
);

it("gives nothing for ids without a token", () => {
  expect(own.decode([...own.encode("a"), 99_999, ...own.encode("b")])).toBe("ab");
});

// Quadratic work would take hours.
it("encodes a word of a million characters", { timeout: 30_000 }, () => {
  const text = "=-".repeat(500_000);
  expect(own.decode(own.encode(text))).toBe(text);
});

describe("a stream decoder", () => {
  const all = (ids: readonly number[], { push, end }: StreamDecoder) => ids.map(push).join("") + end();

  it("gives in pieces what decode gives at once", () => {
    for (const { ids, decoded, shown } of golden.streams) {
      expect(all(ids, own.streamDecoder({ skipSpecial: false }))).toBe(decoded);
      expect(all(ids, own.streamDecoder())).toBe(shown);
    }
  });

  it("waits for the last byte of a character", () => {
    const llama = own.encode("🦙");
    expect(llama).toHaveLength(4);
    const { push, end } = own.streamDecoder();
    expect(llama.map(push)).toEqual(["", "", "", "🦙"]);
    expect(end()).toBe("");
  });

  it("says at its end that a character was left unfinished", () => {
    const { push, end } = own.streamDecoder();
    expect(own.encode("🦙").slice(0, 3).map(push)).toEqual(["", "", ""]);
    expect(end()).toBe("\ufffd");
  });

  it("keeps a byte order mark", () => {
    expect(all(own.encode("\ufeffx"), own.streamDecoder())).toBe("\ufeffx");
  });
});

describe("tokens", () => {
  it("have names and ids", () => {
    expect(own.vocabSize).toBe(705);
    expect(own.idOf("<fim_middle>")).toBe(2);
    expect(own.tokenOf(2)).toBe("<fim_middle>");
    const self = own.idOf("Ġself");
    expect(self === null ? "" : own.decode([self])).toBe(" self");
    expect(own.idOf("no such token")).toBeNull();
    expect(own.tokenOf(705)).toBeNull();
  });

  it("are special or not", () => {
    expect([0, 3, 4, 700, 704].map(own.isSpecial)).toEqual([true, true, false, false, true]);
  });

  it.each([
    ["nothing", {}, { bos: null, eos: [], pad: null }],
    [
      "the tokenizer's own settings",
      {
        "tokenizer_config.json": {
          bos_token: { content: "<|endoftext|>" },
          eos_token: "<fim_suffix>",
          pad_token: null,
        },
      },
      { bos: 0, eos: [3], pad: null },
    ],
    [
      "the model's before them, and those of generation before both",
      {
        "generation_config.json": { eos_token_id: [0, 2] },
        "config.json": { bos_token_id: 1, eos_token_id: 0, pad_token_id: null },
        "tokenizer_config.json": { eos_token: "<fim_suffix>", pad_token: "<fim_middle>" },
      },
      { bos: 1, eos: [0, 2], pad: 2 },
    ],
  ])("begin and end a text as said by %s", async (_, files, special) => {
    const place = mkdtempSync(path.join(folder, "model-"));
    cpSync(path.join(fixtures, "tokenizer.json"), path.join(place, "tokenizer.json"));
    for (const [name, json] of Object.entries(files))
      writeFileSync(path.join(place, name), JSON.stringify(json));
    expect((await loadTokenizer(place)).special).toEqual(special);
    expect((await loadTokenizer(path.join(place, "tokenizer.json"))).special).toEqual(special);
  });
});

describe("refusals name what is the matter", () => {
  const cases: [string, (json: TokenizerJson) => object, string][] = [
    ["another model", () => ({ model: { type: "WordPiece" } }), 'its model is "WordPiece"'],
    [
      "suffixes",
      ({ model }) => ({ model: { ...model, end_of_word_suffix: "</w>" } }),
      'its model has end_of_word_suffix "</w>"',
    ],
    ["a normalizer", () => ({ normalizer: { type: "NFC" } }), 'it has the normalizer "NFC"'],
    ["another decoder", () => ({ decoder: { type: "Metaspace" } }), 'its decoder is "Metaspace"'],
    ["no pre-tokenizer", () => ({ pre_tokenizer: null }), "its pre-tokenizer is null"],
    [
      "a blank put before",
      () => ({ pre_tokenizer: { ...words, add_prefix_space: true } }),
      'its pre-tokenizer is {"type":"ByteLevel","add_prefix_space":true',
    ],
    [
      "other cuts",
      () => ({ pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Punctuation" }, words] } }),
      "Punctuation",
    ],
    [
      "a merge of unknown tokens",
      ({ model }) => ({ model: { ...model, merges: [["zz", "qq"]] } }),
      'the merge ["zz","qq"] is not of two tokens that make a third',
    ],
    [
      "ids that are none",
      ({ model }) => ({ model: { ...model, vocab: { a: -1 } } }),
      'the token "a" has the id -1',
    ],
    [
      "nameless tokens",
      () => ({ added_tokens: [{ id: 1 }] }),
      'the added token {"id":1} lacks its id or content',
    ],
  ];
  it.each(cases)("%s", async (_, change, message) => {
    const file = changed(change);
    const error: unknown = await loadTokenizer(file).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InputError);
    expect(String(error)).toContain(message);
    expect(String(error)).toContain(file);
  });

  it("no file", async () => {
    await expect(loadTokenizer(path.join(folder, "none"))).rejects.toThrow(
      /does not exist; name a model's folder/,
    );
    const empty = mkdtempSync(path.join(folder, "empty-"));
    await expect(loadTokenizer(empty)).rejects.toThrow(/has no tokenizer\.json/);
  });

  it("no JSON", async () => {
    const file = path.join(folder, "broken.json");
    writeFileSync(file, "{");
    await expect(loadTokenizer(file)).rejects.toThrow(/is not JSON; fetch it again/);
  });
});
