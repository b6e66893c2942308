// Relative positions as T5 has them: how far a token lies from another falls into classes, near distances into one each,
// far ones into ever longer ones. Source: https://arxiv.org/abs/1910.10683, section 2.1

export interface Distances {
  /** Number of classes. */
  readonly buckets: number;
  /** From here on all distances are of one class. */
  readonly distance: number;
  /** Whether tokens before and after one are told apart; else all after it are of class 0, and no token sees them. */
  readonly bothWays: boolean;
}

/** The class of a token `offset` places after the one that looks; negative is before. */
export function bucketOf(offset: number, { buckets, distance, bothWays }: Distances): number {
  const side = bothWays ? buckets / 2 : buckets;
  const first = bothWays && offset > 0 ? side : 0;
  const far = bothWays ? Math.abs(offset) : Math.max(0, -offset);
  const exact = side / 2;
  if (far < exact) return first + far;
  return first + Math.min(side - 1, exact + Math.trunc(growth(far / exact, distance / exact, side - exact)));
}

/** log(ratio) / log(most) * classes in single floats, as models were trained with it: it is cut to a whole number. */
function growth(ratio: number, most: number, classes: number): number {
  const share = Math.fround(Math.fround(Math.log(Math.fround(ratio))) / Math.fround(Math.log(most)));
  return Math.fround(share * classes);
}

/** The class of every pair of T tokens, [T, T]: row is who looks, column whom it looks at. */
export function bucketsOf(length: number, distances: Distances): number[] {
  return Array.from({ length: length * length }, (_, at) =>
    bucketOf((at % length) - Math.floor(at / length), distances),
  );
}
