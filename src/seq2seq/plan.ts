// Which weights our graphs of an encoder-decoder have, and how each is made from the checkpoint: queries, keys and values become
// one matrix, as do a gate and what it gates; classes of distances become a row for each distance. A pure function of the
// model and the checkpoint's names; nothing is read before the plan is carried out.
import { asBytes, matrix, matrixStep, vectorStep, type Source, type Step } from "../model/weights.js";
import type { Format } from "../model/weights.js";
import type { Checkpoint } from "../onnx/safetensors.js";
import { bucketOf } from "../train/relative.js";
import { looseTensors, SIDES, tensorsOf, type BlockName, type Shape, type SideName } from "./shape.js";

/** Names of weights in our graphs. */
export const EMBEDDING = "embedding";
export const HEAD = "head";
export const LOGITS_BIAS = "logits";
export const blockName = (side: SideName, layer: number, block: BlockName): string =>
  `${side}.${layer}.${block}`;
export const normName = (side: SideName): string => `${side}.norm`;
export const placesName = (side: SideName): string => `${side}.places`;

/** BART's table of positions has two rows before the first one. */
export const POSITION_OFFSET = 2;

/** The checkpoint's name of what is added to the logits. */
const FINAL_BIAS = "final_logits_bias";

export interface Plan {
  readonly steps: readonly Step[];
  /** Whether the head is the embedding, and whether logits have a bias. */
  readonly tied: boolean;
  readonly logitsBias: boolean;
}

/** All steps, in the order in which their weights lie in the file. */
export function planOf(shape: Shape, format: Format, checkpoint: Pick<Checkpoint, "has">): Plan {
  const { vocabulary, hidden } = shape;
  const loose = looseTensors(shape);
  const found = (names: readonly string[]): string =>
    names.find((name) => checkpoint.has(name)) ?? names[0] ?? "";
  const [embedding, head] = [found(loose.embedding), found(loose.head)];
  const tied = embedding === head;
  const logitsBias = shape.type === "bart" && checkpoint.has(FINAL_BIAS);
  const tokens = (name: string, tensor: string): Step =>
    matrix(name, [{ tensor, rows: vocabulary }], hidden, format);
  return {
    tied,
    logitsBias,
    steps: [
      tokens(EMBEDDING, embedding),
      ...(tied ? [] : [tokens(HEAD, head)]),
      ...(logitsBias
        ? [matrixStep(LOGITS_BIAS, [{ tensor: FINAL_BIAS, rows: 1 }], vocabulary, "float32")]
        : []),
      ...SIDES.flatMap((side) => sideSteps(shape, format, side)),
    ],
  };
}

function sideSteps(shape: Shape, format: Format, side: SideName): readonly Step[] {
  const { hidden } = shape;
  const { layers, heads, headDim, inner } = shape[side];
  const loose = looseTensors(shape);
  const wide = heads * headDim;
  const biased = shape.type === "bart";
  const norm = (name: string, tensor: string): readonly Step[] =>
    (biased ? ["weight", "bias"] : ["weight"]).map((kind) =>
      vectorStep(`${name}.${kind}`, [{ tensor: `${tensor}.${kind}`, rows: hidden }], format),
    );
  const linear = (
    name: string,
    tensors: readonly string[],
    rows: number,
    columns: number,
  ): readonly Step[] => {
    const sources = (kind: string): Source[] =>
      tensors.map((tensor) => ({ tensor: `${tensor}.${kind}`, rows }));
    return [
      matrix(name, sources("weight"), columns, format),
      ...(biased ? [vectorStep(`${name}.bias`, sources("bias"), format)] : []),
    ];
  };
  const block = (layer: number, kind: BlockName): readonly Step[] => {
    const name = blockName(side, layer, kind);
    const tensors = tensorsOf(shape, side, layer, kind);
    const [query, key, value] = tensors.mixed;
    const parts = {
      self: () => linear(`${name}.mixed`, tensors.mixed, wide, hidden),
      cross: () => [
        ...linear(`${name}.query`, [query], wide, hidden),
        ...linear(`${name}.read`, [key, value], wide, hidden),
      ],
      feed: () => linear(`${name}.wide`, tensors.wide, inner, hidden),
    };
    const out = linear(`${name}.out`, [tensors.out], hidden, kind === "feed" ? inner : wide);
    return [...norm(`${name}.norm`, tensors.norm), ...parts[kind](), ...out];
  };
  const blocks: readonly BlockName[] = side === "encoder" ? ["self", "feed"] : ["self", "cross", "feed"];
  return [
    placesStep(shape, side),
    ...norm(normName(side), loose.norm(side)),
    ...Array.from({ length: layers }, (_, layer) => blocks.flatMap((kind) => block(layer, kind))).flat(),
  ];
}

/** Learned positions as they are, or for every distance what each head's scores get, from farthest before to farthest after. */
function placesStep(shape: Shape, side: SideName): Step {
  const tensor = looseTensors(shape).places(side);
  const name = placesName(side);
  const { distances, positions, hidden } = shape;
  if (distances === null)
    return matrixStep(name, [{ tensor, rows: (positions ?? 0) + POSITION_OFFSET }], hidden, "float32");
  const { heads } = shape[side];
  const farthest = distances.distance;
  const rows = 2 * farthest + 1;
  return {
    weights: [{ name: `${name}.weight`, type: "float32", dims: [rows, heads] }],
    needs: [[tensor, [distances.buckets, heads]]],
    async *pieces(checkpoint) {
      const classes = await checkpoint.read(tensor);
      const table = new Float32Array(rows * heads);
      for (let row = 0; row < rows; row++) {
        const bucket = bucketOf(row - farthest, { ...distances, bothWays: side === "encoder" });
        table.set(classes.subarray(bucket * heads, (bucket + 1) * heads), row * heads);
      }
      yield { name: `${name}.weight`, bytes: asBytes(table) };
    },
  };
}
