// The architectures that we know: how each one's config.json is read, and where its checkpoints keep the weights.
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";
import type { Architecture, Layout, ModelType } from "./architecture.js";
import { GPT2_LAYOUT, gpt2Of } from "./gpt2.js";
import { STARCODER2_LAYOUT, starcoder2Of } from "./starcoder2.js";

interface Known {
  readonly read: (config: unknown, where: string) => Architecture;
  readonly layout: Layout;
}

const KNOWN: Readonly<Record<ModelType, Known>> = {
  starcoder2: { read: starcoder2Of, layout: STARCODER2_LAYOUT },
  gpt2: { read: gpt2Of, layout: GPT2_LAYOUT },
};

/**
 * What a model is made of, by its parsed config.json; one that does not say its type counts as StarCoder2. `where` is the
 * file's name for messages. @throws InputError for a type that is not known, and for what its architecture refuses.
 */
export function architectureOf(config: unknown, where: string): Architecture {
  const type = isRecord(config) ? (config["model_type"] ?? "starcoder2") : "starcoder2";
  const known = Object.entries(KNOWN).find(([name]) => name === type)?.[1];
  if (known !== undefined) return known.read(config, where);
  const names = Object.keys(KNOWN).map((name) => JSON.stringify(name));
  throw new InputError(
    `${where}: model_type is ${JSON.stringify(type)}; only ${names.join(" and ")} are known`,
  );
}

/** Where checkpoints of a model's type keep its weights. */
export function layoutOf({ type }: Architecture): Layout {
  return KNOWN[type].layout;
}
