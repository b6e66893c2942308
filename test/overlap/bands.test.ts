import { expect, it } from "vitest";
import { bandingFor } from "../../src/overlap/bands.js";

// What datasketch 2.0.0 chooses (`MinHashLSH(threshold, num_perm).b` and `.r`), both kinds of error weighing the same.
it.each([
  [0.3, 256, 64, 4],
  [0.5, 256, 42, 6],
  [0.7, 256, 25, 10],
  [0.9, 256, 9, 28],
  [0.5, 128, 25, 5],
  [0.7, 128, 14, 9],
  [0.8, 64, 5, 11],
])(
  "for threshold %d and %d permutations takes %d bands of %d rows",
  (threshold, permutations, bands, rows) => {
    expect(bandingFor(threshold, permutations)).toEqual({ bands, rows });
  },
);
