// The card of a trained model: README.md with the header that the Hub reads, what it is, what it learned from and how far that
// went. It knows no clock; the same training gives the same bytes.
// Header: https://huggingface.co/docs/hub/model-cards
import { plainText, quoted, table } from "../dataset/markdown.js";
import type { SplitUnit } from "./chunks.js";
import type { Config } from "./models.js";

export interface ModelCardData {
  readonly config: Config;
  readonly parameters: number;
  /** What it learned from: in words, exactly, and what must be said of it. */
  readonly corpus: { readonly title: string; readonly identity: string; readonly notices: readonly string[] };
  /** Options of the training that its reader would repeat. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Targets foretold while training, all epochs together. */
  readonly tokens: number;
  readonly steps: number;
  /** Of the weights that are kept, in nats per token; null where nothing was kept apart. */
  readonly validation: { readonly step: number; readonly loss: number } | null;
  /** What was kept apart whole, and never trained on. */
  readonly heldOut: { readonly unit: SplitUnit; readonly count: number };
}

/** The card as Markdown. */
export function modelCard(data: ModelCardData): string {
  const { config, parameters, corpus, validation, heldOut } = data;
  const facts = [
    ["parameters", parameters.toLocaleString("en-US")],
    ["trained on", `${plainText(corpus.title)} (${quoted(corpus.identity)})`],
    ["steps", String(data.steps)],
    ["tokens seen", data.tokens.toLocaleString("en-US")],
    ...(validation === null
      ? []
      : [
          [
            "validation loss",
            `${validation.loss.toFixed(4)} nats per token after step ${validation.step}, the best one, ` +
              `on ${heldOut.count} held-out ${heldOut.unit === "file" ? "files" : "repositories"}`,
          ],
        ]),
    ...Object.entries(data.settings).map(([name, value]) => [name, quoted(String(value))]),
  ];
  return [
    "---",
    "library_name: transformers",
    "pipeline_tag: text-generation",
    "tags: [code, selfalign]",
    "---",
    "",
    `# A causal model of Python (${quoted(String(config["model_type"]))})`,
    "",
    "Trained from random first weights with selfalign. It completes code; it follows no instructions, and what it writes was not checked.",
    "",
    table(["", ""], facts),
    "",
    ...corpus.notices.flatMap((notice) => [plainText(notice), ""]),
  ].join("\n");
}
