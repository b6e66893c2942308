// What transformers' `generate` found (scripts/golden/beams.py and seq2seq.py), and its settings as ours.
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Beam, BeamOptions } from "../../src/model/beam.js";

export interface GivenOptions {
  readonly num_beams: number;
  readonly max_new_tokens: number;
  readonly num_return_sequences?: number;
  readonly length_penalty?: number;
  readonly early_stopping?: boolean | "never";
}

export interface BeamGolden {
  readonly stops: readonly number[];
  readonly prompts: readonly (readonly number[])[];
  readonly cases: readonly {
    readonly options: GivenOptions;
    readonly forced?: NonNullable<BeamOptions["forced"]>;
    /** Without a stop token, as ours are; no score where `generate` was greedy. */
    readonly texts: readonly (readonly (Pick<Beam, "tokens" | "ended"> & {
      readonly score: number | null;
    })[])[];
  }[];
}

export function readBeams(folder: string, file = "beams.json"): BeamGolden {
  const golden = JSON.parse(readFileSync(path.join(folder, file), "utf8")) as BeamGolden;
  const { stops, cases } = golden;
  return {
    ...golden,
    cases: cases.map(({ texts, ...given }) => ({
      ...given,
      texts: texts.map((row) =>
        row.map(({ tokens, score }) => {
          const stopped = stops.includes(tokens.at(-1) ?? -1);
          return {
            tokens: stopped ? tokens.slice(0, -1) : tokens,
            ended: stopped ? "stop" : "length",
            score,
          };
        }),
      ),
    })),
  };
}

export function beamOptions(given: GivenOptions, stopTokens: readonly number[]): BeamOptions {
  const { num_beams, num_return_sequences, length_penalty, early_stopping } = given;
  return {
    numBeams: num_beams,
    stopTokens,
    ...(num_return_sequences === undefined ? {} : { numReturn: num_return_sequences }),
    ...(length_penalty === undefined ? {} : { lengthPenalty: length_penalty }),
    ...(early_stopping === undefined ? {} : { earlyStopping: early_stopping }),
  };
}
