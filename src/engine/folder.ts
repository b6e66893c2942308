// A folder with a converted model, as its users find it: what its manifest says, its tokenizer where it has one, and texts as
// the token ids that the model takes.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { asError, isMissing } from "../core/files.js";
import type { Architecture, ModelType } from "../model/architecture.js";
import { formatOf, MANIFEST, type Manifest } from "../model/convert.js";
import { tokenizerIn, type Tokenizer } from "../model/tokenizer.js";
import type { Format } from "../model/weights.js";

export interface Folder {
  readonly manifest: Manifest;
  readonly format: Format;
  readonly tokenizer: Tokenizer | null;
  /** Tokens that end a text. */
  readonly stopTokens: readonly number[];
  /**
   * A text's token ids; ids as they are. What `begins` (default true) and is empty is the token that texts begin with.
   * @throws InputError for a text where there is no tokenizer.
   */
  readonly idsOf: (text: string | readonly number[], begins?: boolean) => readonly number[];
  /** Why there is no model for a token; null where all are its own. */
  readonly strangerIn: (ids: readonly number[]) => string | null;
}

/** @throws InputError for a folder that holds no converted model. */
export async function openFolder(folder: string): Promise<Folder> {
  const manifest = await readManifest(folder);
  const { model, dtype, device } = manifest;
  const tokenizer = await tokenizerIn(folder);
  const stopTokens = [...new Set([...model.endTokens, ...(tokenizer?.special.eos ?? [])])];
  const encoded = (text: string): readonly number[] => {
    if (tokenizer === null)
      throw new InputError(`"${folder}" has no tokenizer.json: give token ids, or add the model's tokenizer`);
    return tokenizer.encode(text);
  };
  return {
    manifest,
    format: formatOf(dtype, device),
    tokenizer,
    stopTokens,
    idsOf(text, begins = true) {
      const ids = typeof text === "string" ? encoded(text) : text;
      return ids.length > 0 || !begins ? ids : [tokenizer?.special.bos ?? stopTokens[0] ?? 0];
    },
    strangerIn(ids) {
      const wrong = ids.find((id) => id < 0 || id >= model.vocabulary);
      return wrong === undefined ? null : `${wrong} is no token of the model, which has ${model.vocabulary}`;
    },
  };
}

/** A manifest as folders have it: StarCoder2 was the only architecture when its type was not noted yet. */
type Noted = Omit<Manifest, "model"> & {
  readonly model: Omit<Architecture, "type"> & { readonly type?: ModelType };
};

async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, MANIFEST);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (!isMissing(error)) throw asError(error);
    throw new InputError(
      `"${folder}" holds no converted model (no ${MANIFEST}): make one with selfalign convert MODEL --out FOLDER`,
    );
  });
  try {
    const manifest = JSON.parse(text) as Noted;
    return { ...manifest, model: { ...manifest.model, type: manifest.model.type ?? "starcoder2" } };
  } catch (cause) {
    throw new InputError(`"${file}" is damaged: convert the model again`, { cause });
  }
}
