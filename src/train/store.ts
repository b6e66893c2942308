// The numbers of a model in the runtime's thread while it learns, each parameter and each piece a part of one stretch.
import type { Kept } from "../onnx/kept.js";
import type { Session } from "../onnx/session.js";
import type { Tensor } from "../onnx/tensor.js";
import { countOf } from "../onnx/header.js";
import type { Layout } from "./layout.js";

/** What there is a number of for each number of the weights. */
const STRETCHES = ["weights", "means", "squares", "gradient"] as const;
export type Stretch = (typeof STRETCHES)[number];

export type Tensors = ReadonlyMap<string, Tensor<"float32">>;

export interface Store {
  /** A parameter's numbers, by its place in the layout. */
  parameter(stretch: Stretch, at: number): Kept;
  piece(stretch: Stretch, at: number): Kept;
  /** A copy of all numbers of a stretch, by the parameters' names. */
  read(stretch: Stretch): Promise<Tensors>;
  /** Gives all memory back. */
  release(): void;
}

/** Gives these numbers to a session; what is not given is zero. */
export function openStore(
  session: Session,
  layout: Layout,
  given: Readonly<Partial<Record<Stretch, Tensors>>>,
): Store {
  const { places, pieces, size } = layout;
  const held = (stretch: Stretch): { whole: Kept; parameters: Kept[]; pieces: Kept[] } => {
    const data = new Float32Array(size);
    for (const { parameter, from } of places) {
      const tensor = given[stretch]?.get(parameter.name);
      if (tensor !== undefined) data.set(tensor.data, from);
    }
    const whole = session.hold({ type: "float32", dims: [size], data }, { transfer: true });
    return {
      whole,
      parameters: places.map(({ parameter, from }) => session.view(whole, from, parameter.dims)),
      pieces: pieces.map((piece) => session.view(whole, piece.from, [piece.size])),
    };
  };
  // A cast because fromEntries forgets the keys.
  const all = Object.fromEntries(STRETCHES.map((stretch) => [stretch, held(stretch)])) as Record<
    Stretch,
    ReturnType<typeof held>
  >;
  const found = (kept: Kept | undefined): Kept => {
    if (kept === undefined) throw new Error("internal: the layout has no such place");
    return kept;
  };
  return {
    parameter: (stretch, at) => found(all[stretch].parameters[at]),
    piece: (stretch, at) => found(all[stretch].pieces[at]),
    async read(stretch) {
      const { data } = await session.read(all[stretch].whole);
      return new Map(
        places.map(({ parameter: { name, dims }, from }) => {
          // A cast because it was held as single floats.
          const part = (data as Float32Array).subarray(from, from + countOf(dims));
          return [name, { type: "float32", dims, data: part }];
        }),
      );
    },
    release: () =>
      session.release(
        Object.values(all).flatMap(({ whole, parameters, pieces: parts }) => [
          whole,
          ...parameters,
          ...parts,
        ]),
      ),
  };
}
