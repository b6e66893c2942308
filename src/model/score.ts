// How likely given texts are: pairs of token lists in, mean negative log-likelihoods out, many in one pass of the model.
import type { Session } from "../onnx/session.js";
import type { Tensor } from "../onnx/tensor.js";

export interface ScorePair {
  readonly key: string;
  /** At least one token. */
  readonly prompt: readonly number[];
  /** At least one token; with the prompt no more than the model's positions. */
  readonly text: readonly number[];
}

export interface Scored {
  readonly key: string;
  /** Mean over the text's tokens, in nats. */
  readonly nll: number;
  readonly tokens: number;
}

/** Rows of logits that exist at a time; even, since the last row of an odd number may be rounded as one alone is (`goesAlone`). */
const PLACES = 256;

/** Scores of pairs in their order, in one run of the score graph. */
export async function scoreBatch(
  session: Session,
  pairs: readonly ScorePair[],
  signal?: AbortSignal,
): Promise<readonly Scored[]> {
  const nll = (await session.run(pairFeeds(pairs), { signal }))["nll"]?.data as Float32Array;
  let at = 0;
  return pairs.map(({ key, text }) => {
    const own = nll.subarray(at, at + text.length);
    at += text.length;
    return { key, nll: own.reduce((sum, value) => sum + value, 0) / text.length, tokens: text.length };
  });
}

/** What the score graph is fed of pairs; its outputs tell of their texts' tokens, one behind the other. */
export function pairFeeds(pairs: readonly Omit<ScorePair, "key">[]): Readonly<Record<string, Tensor>> {
  const rows = pairs.map(({ prompt, text }) => [...prompt, ...text]);
  const width = Math.max(...rows.map((row) => row.length));
  const ids = new BigInt64Array(rows.length * width);
  for (const [at, row] of rows.entries())
    for (const [place, id] of row.entries()) ids[at * width + place] = BigInt(id);
  const wanted = pairs.flatMap(({ prompt, text }, row) =>
    text.map((token, at) => ({ row, place: prompt.length - 1 + at, token })),
  );
  const chunks = Math.ceil(wanted.length / PLACES);
  const places = new BigInt64Array(chunks * PLACES * 2);
  const targets = new BigInt64Array(chunks * PLACES);
  for (const [at, { row, place, token }] of wanted.entries()) {
    places[2 * at] = BigInt(row);
    places[2 * at + 1] = BigInt(place);
    targets[at] = BigInt(token);
  }
  return {
    ids: { type: "int64", dims: [rows.length, width], data: ids },
    lengths: { type: "int32", dims: [rows.length], data: Int32Array.from(rows, (row) => row.length - 1) },
    total: { type: "int32", dims: [], data: Int32Array.of(width) },
    places: { type: "int64", dims: [chunks, PLACES, 2], data: places },
    targets: { type: "int64", dims: [chunks, PLACES], data: targets },
  };
}
