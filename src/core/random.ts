// Counter-based randomness: a draw depends on a seed and a key, never on how many draws came before it, so that
// any worker may make any item in any order and a resumed run repeats the same choices.
import { createHash } from "node:crypto";

/** A stream of uniforms in [0, 1) for one key; the same seed and key give the same stream on every machine. */
export function uniforms(seed: number, key: string): () => number {
  let block = Buffer.alloc(0);
  let offset = 0;
  let counter = 0;
  return () => {
    if (offset + 4 > block.length) {
      block = createHash("sha1").update(`${seed}:${key}:${counter++}`).digest();
      offset = 0;
    }
    const value = block.readUInt32LE(offset) / 2 ** 32;
    offset += 4;
    return value;
  };
}

/** The items in an order drawn by Fisher and Yates from `next`; the input is left alone. */
export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
