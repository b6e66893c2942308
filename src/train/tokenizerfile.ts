// A trained tokenizer as the files that transformers, `tokenizers` and our own `loadTokenizer` read: `tokenizer.json` with all
// that encodes, `tokenizer_config.json` with the special tokens' roles.
// Format: https://huggingface.co/docs/tokenizers/api/tokenizer
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../core/files.js";
import type { TrainedTokenizer } from "./tokenizer.js";

/** What a `tokenizer.json` holds, as `tokenizers` writes it. */
export function tokenizerJson({ tokens, merges, special, digits }: TrainedTokenizer): object {
  const words = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const numbers = { type: "Digits", individual_digits: digits === "single" };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [...new Set(special)].map((content) => ({
      id: tokens.indexOf(content),
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: digits === "words" ? words : { type: "Sequence", pretokenizers: [numbers, words] },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** What a `tokenizer_config.json` holds, for transformers. */
export function tokenizerConfig(
  { special: [end] }: Pick<TrainedTokenizer, "special">,
  tokenizerClass = "PreTrainedTokenizerFast",
): object {
  return {
    tokenizer_class: tokenizerClass,
    add_prefix_space: false,
    clean_up_tokenization_spaces: false,
    bos_token: end,
    eos_token: end,
    pad_token: end,
    unk_token: end,
  };
}

/** Writes both files into a folder, which is made if need be. */
export async function writeTokenizer(trained: TrainedTokenizer, folder: string): Promise<void> {
  await writeTokenizerFiles(folder, tokenizerJson(trained), tokenizerConfig(trained));
}

/** Writes what the two files of a tokenizer of any kind hold; the one by which it is found comes last. */
export async function writeTokenizerFiles(folder: string, tokenizer: object, config: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = { "tokenizer_config.json": config, "tokenizer.json": tokenizer };
  for (const [name, content] of Object.entries(files))
    await writeWhole(path.join(folder, name), `${JSON.stringify(content)}\n`);
}
