// A Unigram tokenizer as `tokenizer.json` says it: T5, its later versions and their kind, whose texts are cut at blanks, and
// whose words begin with "▁". Encodes and decodes as Python's `tokenizers` do; blanks are not all kept, as the model was
// trained without them. Refuses by name what would be encoded otherwise. In one thing it differs: special tokens that
// count as text are never found in it, as with SentencePiece, while `tokenizers` find them by their place in the vocabulary.
import { openCharsmap } from "./charsmap.js";
import { tokensById, type Coder } from "./coder.js";
import { openUnigram, type ScoredToken } from "./unigram.js";
import { addedTokenOf, listOf, quoted, recordOf, refusal } from "./vocabulary.js";
import { blanksAfter, blanksBefore, escaped } from "./words.js";

/** Whether a parsed `tokenizer.json` is of this kind; old ones do not name it, but only its vocabulary is a list. */
export function hasUnigram(json: unknown): boolean {
  const { type = "Unigram", vocab } = recordOf(recordOf(json)["model"]);
  return type === "Unigram" && Array.isArray(vocab);
}

/** The coder of such a parsed file; `name` is what messages call it. @throws InputError for what can't be encoded here. */
export function unigramCoder(json: unknown, name: string): Coder {
  const { model, added_tokens, normalizer, pre_tokenizer, decoder } = recordOf(json);
  const { vocab, unk_id: unknown, byte_fallback: spelled } = recordOf(model);
  if (spelled === true) throw refusal(name, "its model has byte_fallback true");
  const tokens = listOf(vocab).map((token) => scoredTokenOf(token, name));
  if (typeof unknown !== "number" || tokens[unknown] === undefined)
    throw refusal(name, `its unknown token is ${quoted(unknown)}`);
  const own = new Map(tokens.map(([token], id) => [token, id]));
  const added = listOf(added_tokens).map((token) => addedTokenOf(token, own, name));
  const ids = new Map([...own, ...added.map(({ text, id }) => [text, id] as const)]);
  const normalise = normaliserOf(normalizer, name);
  const wordsOf = cutterOf(pre_tokenizer, name);

  const idsOf = openUnigram(tokens, { unknown });
  const barred = new Set(added.filter(({ special }) => special).map(({ id }) => id));
  let unbarred: typeof idsOf | null = null;
  return {
    ids,
    added,
    normalise,
    encode(text, into, specialAsText) {
      const coded = specialAsText ? (unbarred ??= openUnigram(tokens, { unknown, barred })) : idsOf;
      for (const word of wordsOf(text)) for (const id of coded(word)) into.push(id);
    },
    begin: openDecoder(ids, metaspaceOf(decoder, "decoder", name)),
  };
}

function scoredTokenOf(value: unknown, name: string): ScoredToken {
  const [token, score] = listOf(value);
  if (typeof token !== "string" || typeof score !== "number")
    throw refusal(name, `the token ${quoted(value)} lacks its text or score`);
  return [token, asRead(score)];
}

/**
 * A number as Rust's serde_json reads it, which is how `tokenizers` read theirs: its digits as a whole number, rounded, by a
 * power of ten, rounded again. The last bit of that decides between ways to cut "-----" that else have the same score.
 */
function asRead(score: number): number {
  const [digits = "", exponent = "0"] = String(score).split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  const power = Number(exponent) - fraction.length;
  const value = Number(whole + fraction);
  return power < 0 ? value / 10 ** -power : value * 10 ** power;
}

type Rewriting = (text: string) => string;

function normaliserOf(normaliser: unknown, name: string): Rewriting {
  const { type, normalizers, ...settings } = recordOf(normaliser);
  if (type === undefined) return (text) => text;
  if (type === "Sequence") {
    const steps = listOf(normalizers).map((step) => normaliserOf(step, name));
    return (text) => steps.reduce((rewritten, step) => step(rewritten), text);
  }
  const rules = settings["precompiled_charsmap"];
  if (type === "Precompiled" && typeof rules === "string")
    return openCharsmap(Buffer.from(rules, "base64"), name);
  if (type === "Strip") {
    const { strip_left: left, strip_right: right } = settings;
    return (text) => {
      const start = left === true ? blanksAfter(text, 0) : 0;
      return text.slice(
        start,
        right === true ? Math.max(start, blanksBefore(text, text.length)) : text.length,
      );
    };
  }
  const { String: fixed, Regex: pattern } = recordOf(settings["pattern"]);
  const content = settings["content"];
  if (type === "Replace" && typeof content === "string") {
    if (typeof fixed === "string" && fixed !== "") return (text) => text.replaceAll(fixed, () => content);
    // The one pattern that converted models have: runs of blanks.
    if (pattern === " {2,}") return (text) => text.replaceAll(/ {2,}/g, () => content);
  }
  throw refusal(name, `it has the normalizer ${quoted(normaliser)}`);
}

/** How blanks are written in tokens. */
interface Metaspace {
  /** Stands for a blank. */
  readonly mark: string;
  /** Whether a text gets a mark before it that it lacks. */
  readonly before: boolean;
  /** Whether each mark begins a word. */
  readonly split: boolean;
}

function metaspaceOf(step: unknown, part: "pre-tokenizer" | "decoder", name: string): Metaspace {
  const { type, replacement: mark = "\u2581", split = true, ...how } = recordOf(step);
  // Written `add_prefix_space` until 2024.
  const scheme = how["add_prefix_space"] === false ? "never" : (how["prepend_scheme"] ?? "always");
  const understood: readonly unknown[] = ["always", "never", ...(part === "decoder" ? ["first"] : [])];
  if (type !== "Metaspace" || typeof mark !== "string" || !understood.includes(scheme))
    throw refusal(name, `its ${part} is ${quoted(step)}`);
  return { mark, before: scheme !== "never", split: split !== false };
}

/** Words of a text as the model knows them, after the pre-tokenizer: `a b` is `▁a`, `▁b`. */
function cutterOf(preTokenizer: unknown, name: string): (text: string) => readonly string[] {
  const { type, pretokenizers } = recordOf(preTokenizer);
  const steps = type === "Sequence" ? listOf(pretokenizers) : [preTokenizer];
  const atBlanks = steps.length === 2 && recordOf(steps[0])["type"] === "WhitespaceSplit";
  if (steps.length !== (atBlanks ? 2 : 1))
    throw refusal(name, `its pre-tokenizer is ${quoted(preTokenizer)}`);
  const { mark, before, split } = metaspaceOf(steps.at(-1), "pre-tokenizer", name);
  const words = new RegExp(`${escaped(mark)}?[^${escaped(mark)}]*`, "gu");
  return (text) =>
    (atBlanks ? text.split(/\p{White_Space}+/u) : [text])
      .filter((part) => part !== "")
      .map((part) => part.replaceAll(" ", () => mark))
      .map((part) => (before && !part.startsWith(mark) ? mark + part : part))
      .flatMap((part) => (split ? (part.match(words) ?? []).filter((word) => word !== "") : [part]));
}

/** The first token of a text loses its marks, where a text got one; in all others they are blanks. */
function openDecoder(ids: Coder["ids"], { mark, before }: Metaspace): Coder["begin"] {
  const tokens = tokensById(ids);
  const bytes = (token: string, blank: string): Uint8Array =>
    Buffer.from(
      token.replaceAll(mark, () => blank),
      "utf8",
    );
  const known: Uint8Array[] = [];
  return () => {
    let first = before;
    return (id) => {
      const token = tokens[id];
      if (token === undefined) return NOTHING;
      if (!first) return (known[id] ??= bytes(token, " "));
      first = false;
      return bytes(token, "");
    };
  };
}

const NOTHING = new Uint8Array();
