// The verbs of the training workshop.
import {
  drawOn,
  InputError,
  mergeAdaptersTo,
  openExchanges,
  PAIR_SOURCES,
  sweepTo,
  trainCausalTo,
  trainCodeTokenizerTo,
  trainLoraTo,
  trainSeq2SeqTo,
  trainTokenizerTo,
} from "selfalign";
import { oneOf, TOKENIZER_FLAGS, tokenizerOptions } from "./flags.mjs";
import { LORA_FLAGS, loraOptions, loraTold, MERGE_FLAGS } from "./lora-flags.mjs";
import { modelAnd, outOnly } from "./named.mjs";
import { SEQ2SEQ_FLAGS, seq2seqOptions, seq2seqTold } from "./seq2seq-flags.mjs";
import { SWEEP_FLAGS, sweepOptions, sweepTold } from "./sweep-flags.mjs";
import { CAUSAL_FLAGS, causalOptions, causalTold, sourcesTold } from "./train-flags.mjs";

export const TRAINING_VERBS = {
  "train causal": {
    usage: "selfalign train causal --out DIR [flags]",
    about:
      "A causal language model from a corpus, as a folder that transformers loads. Resumes where it stopped.",
    flags: CAUSAL_FLAGS,
    async run({ values, others }) {
      outOnly("train causal", others, values, "--corpus stdlib --preset laptop");
      const options = { ...causalOptions(values), draw: drawOn(process.stderr) };
      console.log(causalTold(await trainCausalTo(values.corpus, values.out, options)));
    },
  },
  "train seq2seq": {
    usage: "selfalign train seq2seq --data NAME --out DIR [flags]",
    about: "A T5 from pairs of texts, as a folder that transformers loads. Resumes where it stopped.",
    flags: SEQ2SEQ_FLAGS,
    async run({ values, others }) {
      outOnly("train seq2seq", others, values, "--data synthetic:stdlib");
      if (values.data === undefined)
        throw new InputError(`train seq2seq needs --data: choose from ${PAIR_SOURCES.join(", ")}`);
      const options = { ...seq2seqOptions(values), draw: drawOn(process.stderr) };
      console.log(seq2seqTold(await trainSeq2SeqTo(values.data, values.out, options)));
    },
  },
  lora: {
    usage: "selfalign lora MODEL --data NAME --out DIR [flags]",
    about: "Teaches a model exchanges by adapters beside its frozen weights. Resumes where it stopped.",
    flags: LORA_FLAGS,
    async run({ values, others }) {
      const [model, name, out] = modelAnd("lora", others, values, "data", ["NAME", "DIR"]);
      const options = { ...loraOptions(values), draw: drawOn(process.stderr) };
      const { validation, seed, draw } = options;
      const data = await openExchanges(name, { validation, seed, draw });
      console.log(loraTold(await trainLoraTo(model, data, out, options)));
    },
  },
  "merge-adapters": {
    usage: "selfalign merge-adapters MODEL --adapters DIR --out DIR",
    about: "A model with adapters worked into its weights, as a folder that needs none.",
    flags: MERGE_FLAGS,
    async run({ values, others }) {
      const [model, adapters, out] = modelAnd("merge-adapters", others, values, "adapters", ["DIR", "DIR"]);
      const { merged, parameters } = await mergeAdaptersTo(model, adapters, out, {
        draw: drawOn(process.stderr),
      });
      console.log(`${out}: ${merged} projections changed, ${parameters} numbers in all`);
    },
  },
  sweep: {
    usage: "selfalign sweep --out DIR [flags]",
    about:
      "Settings for train causal: many are tried for a few steps, the better ones for more. Resumes where it stopped.",
    flags: SWEEP_FLAGS,
    async run({ values, others }) {
      outOnly("sweep", others, values, "--corpus stdlib");
      const options = { ...sweepOptions(values), draw: drawOn(process.stderr) };
      console.log(sweepTold(values.out, await sweepTo(values.corpus, values.out, options)));
    },
  },
  "tokenizer train": {
    usage: "selfalign tokenizer train --out DIR [flags]",
    about:
      "A tokenizer learned from a corpus: byte-level BPE, in the files that transformers reads too, or pieces of code.",
    flags: TOKENIZER_FLAGS,
    async run({ values, others }) {
      outOnly("tokenizer train", others, values, "--corpus stdlib");
      const options = { ...tokenizerOptions(values), draw: drawOn(process.stderr) };
      const kind = oneOf("kind", values.kind, ["bpe", "code"]);
      const train = kind === "code" ? trainCodeTokenizerTo : trainTokenizerTo;
      const { tokens, merges, pieces, sources } = await train(values.corpus, values.out, options);
      const known = kind === "code" ? `of ${pieces} different pieces` : `${merges} merges`;
      console.log(`${values.out}: ${tokens} tokens, ${known}, from ${sourcesTold(sources)}`);
    },
  },
};
