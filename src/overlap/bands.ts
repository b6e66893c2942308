// How to cut a sketch into bands: texts that agree in all rows of some band are candidates. Many short bands find more
// and err more; the cut that errs least for a threshold is chosen once, by trying them all.
// Source: J. Leskovec, A. Rajaraman, J. Ullman, "Mining of Massive Datasets", 3.4, http://www.mmds.org; weighing both
// kinds of error as E. Zhu's datasketch does, https://ekzhu.com/datasketch/lsh.html

/** `bands` × `rows` permutations are used. */
export interface Banding {
  readonly bands: number;
  readonly rows: number;
}

const STEP = 0.005;

/**
 * The banding with the least sum of two areas under P(candidate | similarity s) = 1 - (1 - s^rows)^bands, for s spread
 * evenly over 0..1: below the threshold the candidates, above it those missed; each counts the same.
 */
export function bandingFor(threshold: number, permutations: number): Banding {
  let best = { bands: 1, rows: 1, error: Infinity };
  for (let rows = 1; rows <= permutations; rows++) {
    const [below, above] = [powers(0, threshold, rows), powers(threshold, 1, rows)];
    for (let bands = 1; bands * rows <= permutations; bands++) {
      let error = 0;
      for (const power of below.values) error += (1 - (1 - power) ** bands) * below.width;
      if (error >= best.error) break; // more bands only add candidates
      for (const power of above.values) error += (1 - power) ** bands * above.width;
      if (error < best.error) best = { bands, rows, error };
    }
  }
  return { bands: best.bands, rows: best.rows };
}

/** s^rows at the middles of small intervals between two similarities. */
function powers(from: number, to: number, rows: number): { values: Float64Array; width: number } {
  const count = Math.ceil((to - from) / STEP);
  const width = count === 0 ? 0 : (to - from) / count;
  return {
    width,
    values: Float64Array.from({ length: count }, (_, at) => (from + (at + 0.5) * width) ** rows),
  };
}
