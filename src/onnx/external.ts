// Where weights lie in the file beside a model: ONNX's external data. Big ones begin at pages, so that they can be mapped.
// Source: https://github.com/onnx/onnx/blob/main/docs/ExternalData.md

/** Bytes of a file, by its name beside the model. */
export interface Stored {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

const PAGE = 4_096;
/** Smaller ones begin at cache lines, so that a thousand biases do not cost a thousand pages. */
const LINE = 64;
const BIG = 2 ** 20;

/** Places for weights of these sizes, one behind the other. */
export function placesOf(
  location: string,
  lengths: Iterable<readonly [name: string, bytes: number]>,
): {
  readonly places: ReadonlyMap<string, Stored>;
  /** Size of the file. */
  readonly bytes: number;
} {
  const places = new Map<string, Stored>();
  let end = 0;
  for (const [name, length] of lengths) {
    const step = length >= BIG ? PAGE : LINE;
    const offset = Math.ceil(end / step) * step;
    places.set(name, { location, offset, length });
    end = offset + length;
  }
  return { places, bytes: end };
}
