import { describe, expect, it } from "vitest";
import { SAMPLE_COLUMNS } from "../../src/dataset/columns.js";
import { BASELINE, datasetCard } from "../../src/dataset/card.js";
import type { CardData } from "../../src/dataset/card.js";
import { LOADING } from "../../src/dataset/loading.js";
import { tally } from "../../src/dataset/stats.js";
import type { DatasetStats } from "../../src/dataset/stats.js";
import { teacherOf } from "../../src/dataset/teacher.js";
import { rowOf, rowsOf } from "./rows.js";
import type { Changes } from "./rows.js";

function statsOf(...changes: readonly Changes[]): DatasetStats {
  const counts = tally();
  for (const change of changes) counts.add(rowOf(change));
  return counts.stats();
}

function cardOf(data: Partial<CardData> = {}): string {
  return datasetCard({
    name: "Pairs",
    corpus: "the standard library",
    stats: statsOf({}),
    splits: { train: 19, test: 1, grouping: "repository", clustered: false, groups: 7 },
    teacher: null,
    preferencePairs: 0,
    funnel: [],
    options: {},
    notices: [],
    warnings: [],
    limits: [],
    ...data,
  });
}

function headerOf(card: string): string {
  return /^---\n([\s\S]*?)\n---\n/u.exec(card)?.[1] ?? "";
}

describe("the header", () => {
  it("says licence, size and where the rows are", () => {
    expect(headerOf(cardOf()).split("\n")).toEqual([
      'pretty_name: "Pairs"',
      "license: other",
      'license_name: "psf-2.0"',
      "license_link: https://docs.python.org/3/license.html",
      "language:",
      "- en",
      "- code",
      "task_categories:",
      "- text-generation",
      "size_categories:",
      "- n<1K",
      "tags:",
      "- code",
      "- python",
      "- instruction-tuning",
      "- selfalign",
      "configs:",
      "- config_name: default",
      "  data_files:",
      "  - split: train",
      "    path: instruction_dataset.parquet",
    ]);
  });

  it("lists several licences, and names none that the Hub knows", () => {
    const stats = statsOf({ provenance: { licence: "MIT" } }, { provenance: { licence: null } });
    const header = headerOf(cardOf({ stats }));
    expect(header).toContain("license:\n- mit\n- unknown\nlanguage:");
    expect(header).not.toContain("license_name");
  });

  it.each([
    [999, "n<1K"],
    [1000, "1K<n<10K"],
    [99_999, "10K<n<100K"],
    [100_000, "100K<n<1M"],
    [2_000_000_000, "1B<n<10B"],
  ])("puts %d rows into %s", (rows, category) => {
    expect(headerOf(cardOf({ stats: { ...statsOf({}), rows } }))).toContain(`- ${category}\n`);
  });

  it("quotes a name that YAML would read otherwise", () => {
    expect(headerOf(cardOf({ name: 'a: "b" # c\n---' }))).toContain('pretty_name: "a: \\"b\\" # c\\n---"\n');
  });
});

describe("the text", () => {
  it("calls a dataset without a model a baseline, and only that", () => {
    expect(cardOf()).toContain(`**${BASELINE}**`);
    expect(cardOf({ stats: statsOf({ model: "starcoder2:x" }) })).not.toContain("baseline");
    expect(cardOf({ stats: statsOf({}, { model: "starcoder2:x" }) })).not.toContain("baseline");
  });

  const sampling = { temperature: 0.6, topP: 0.9, maxTokens: 700, budget: 8, width: 2, wanted: 1 };
  const taughtBy = (engine: string): string => {
    const options = { model: "openai:x", engine, prompts: "chat 0a1b", sampling: JSON.stringify(sampling) };
    return cardOf({ stats: statsOf({ model: engine }), teacher: teacherOf(options) });
  };

  it("says which model taught, how it was prompted and how it drew", () => {
    const card = taughtBy("openai chat owner/model");
    expect(card).toContain(
      "written by the model `openai chat owner/model`, prompted with the set `chat 0a1b`: temperature 0.6, top-p 0.9, " +
        "at most 700 new tokens, at most 8 responses for each instruction, 2 at a time until one is verified.",
    );
    expect(card).not.toMatch(/replay|transcript/iu);
  });

  it("does not take replayed texts for a model's", () => {
    const card = taughtBy("replay:0a1b");
    expect(card).toContain("no model's output of this run");
    expect(card).toContain("were read out of a file of transcripts (`replay:0a1b`)");
    expect(card).toContain("say nothing about what a model can do");
    expect(card).not.toMatch(/written by (the model|`)|temperature/u);
  });

  it("tells how many were left at each step, and why others left, commonest first", () => {
    const funnel = [
      { name: "functions found", count: 30, left: {} },
      { name: "seeds", count: 20, left: { "no-docstring": 3, method: 7 } },
    ];
    expect(cardOf({ funnel })).toContain("| seeds | 20 | `method` 7, `no-docstring` 3 |");
  });

  it("gives each verdict that occurs with its meaning", () => {
    const stats = statsOf({ result: { verdict: "executed" } }, { result: { verdict: "verified" } });
    const card = cardOf({ stats });
    expect(card).toMatch(
      /\| `verified` \| 1 \| tests of an author .*\n\| `executed` \| 1 \| the function was called/u,
    );
    expect(card).not.toContain("| `recorded` |");
    expect(card).not.toContain("no specification");
  });

  it("says that recorded tests specify nothing", () => {
    expect(cardOf()).toContain("no specification of what it should do");
  });

  it("describes every column", () => {
    const card = cardOf();
    for (const { name } of SAMPLE_COLUMNS) expect(card).toContain(`| \`${name}\` |`);
    expect(card).toContain("| `metrics.annotationCoverage` | float64, or null |");
    expect(card).toContain("| `concepts` | list of strings |");
  });

  it("counts the rows of each split and says what was kept together", () => {
    expect(cardOf()).toContain(
      "| `train` | 19 |\n| `test` | 1 |\n\nAll rows of a repository are on the same side (7 groups).",
    );
    const splits = { train: 3, test: 0, grouping: "file", clustered: true, groups: 2 } as const;
    expect(cardOf({ splits })).toContain(
      "All rows come from one repository; all of a file, and all that nearly repeat one another, are on the same side",
    );
  });

  it("tells of preference pairs only where there are any, and not in the header, which has one format", () => {
    expect(cardOf()).not.toMatch(/preference/iu);
    const card = cardOf({ preferencePairs: 12 });
    expect(card).toContain("`preference_pairs.jsonl` holds 12 pairs");
    expect(headerOf(card)).toBe(headerOf(cardOf()));
  });

  it("tells how many answers were left for a better one", () => {
    const funnel = [{ name: "published", count: 20, left: { "not-the-best": 41 } }];
    expect(cardOf({ funnel })).toContain("| published | 20 | `not-the-best` 41 |");
  });

  it("shows every way to load the rows", () => {
    const card = cardOf();
    for (const { language, code } of LOADING) expect(card).toContain(`\`\`\`${language}\n${code}\n\`\`\``);
  });

  it("gives the same bytes for the same data", () => {
    const stats = (): DatasetStats => {
      const counts = tally();
      for (const row of rowsOf(20)) counts.add(row);
      return counts.stats();
    };
    expect(cardOf({ stats: stats() })).toBe(cardOf({ stats: stats() }));
  });

  it("stands without rows, options and funnel", () => {
    const card = cardOf({ stats: tally().stats() });
    expect(card).toContain("license: unknown");
    expect(card).not.toMatch(/undefined|NaN|null\b(?! \|)(?!,| where)/u);
  });

  it("lets foreign text mean nothing to Markdown or HTML", () => {
    const evil = "<script>a|b</script>`*_";
    const card = cardOf({
      name: evil,
      corpus: evil,
      warnings: [evil],
      limits: [evil],
      funnel: [{ name: evil, count: 1, left: { [evil]: 1 } }],
      options: { [evil]: evil, empty: "" },
      stats: statsOf({ provenance: { licence: evil }, model: evil }),
    });
    const outside = card.replace(/^---[\s\S]*?\n---\n/u, "").replace(/`[^`\n]*`/gu, "");
    expect(outside).not.toMatch(/[^\\]<script/u);
    const cells = card.split("\n").filter((line) => line.startsWith("| ") && line.includes("script"));
    const widths = cells.map((line) => line.replaceAll("\\|", "").split("|").length - 2);
    // A step of the funnel, an option, a licence.
    expect(widths).toEqual([3, 2, 2]);
    expect(card).toContain("(empty)");
  });

  it("keeps notices as they are, fences included", () => {
    expect(cardOf({ notices: ["Copyright\n```\n<b>x</b>\n"] })).toContain(
      "````text\nCopyright\n```\n<b>x</b>\n````",
    );
  });
});
