// The projections of a model, by the names and layouts of its parameters.
import { linear } from "../grad/matmul.js";
import type { Parameter } from "../grad/parameters.js";
import type { Tape } from "../grad/tape.js";
import type { Building } from "./trainable.js";

/** Computes the projections that these parameters make; `parameter` gives their numbers. */
export function projecting(
  tape: Tape,
  parameters: readonly Parameter[],
  parameter: Building["parameter"],
): Building["project"] {
  const byName = new Map(parameters.map((one) => [one.name, one]));
  return (x, name) => {
    const lying = byName.get(`${name}.weight`)?.projection;
    if (lying === undefined) throw new Error(`internal: "${name}" is no projection`);
    const bias = byName.has(`${name}.bias`) ? parameter(`${name}.bias`) : undefined;
    return linear(tape, x, parameter(`${name}.weight`), { bias, outFirst: lying === "out-in" });
  };
}
