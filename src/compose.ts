// A finished run as the plain object that the report is drawn from.
import path from "node:path";
import type { Corpus } from "./corpus/corpus.js";
import { linesOf } from "./core/files.js";
import type { Sample } from "./core/record.js";
import type { RunDirectory } from "./core/run.js";
import { BASELINE, isBaseline } from "./dataset/card.js";
import { LOADING } from "./dataset/loading.js";
import type { DatasetStats } from "./dataset/stats.js";
import { REPLAYED, samplingText, teacherOf, type ModelTeacher } from "./dataset/teacher.js";
import { STEPS } from "./instruct/stage.js";
import { VERSION } from "./package.js";
import type { StageTime } from "./report/charts.js";
import type { Distribution } from "./report/distributions.js";
import type { ModelWork, Report, ReportSample, SeedPoint } from "./report/report.js";
import { readSamples, readSeeds } from "./readers.js";
import { funnelOf, readDatasetStats, readSummaries, type InstructStats } from "./summaries.js";

/** Rows shown in the report. */
const SAMPLES = 8;

/** Reads what the stages stored and puts it together. */
export async function composeReport(run: RunDirectory, corpus: Corpus): Promise<Report> {
  const summaries = await readSummaries(run.dir);
  const stats = await readDatasetStats(run.dir);
  const { values, samples } = await readRowsToShow(run.dir);
  const teacher = teacherOf(run.manifest.content);
  const replay = teacher?.replayed === true ? `; ${REPLAYED}` : "";
  return {
    title: titleOf(stats, teacher),
    subtitle: `${summaries.seeds.functions} functions of ${corpus.title}, ${summaries.seeds.files} files read${replay}`,
    warnings: [],
    seedsRead: summaries.seeds.functions,
    rowsPublished: stats.rows,
    verdicts: summaries.validate.verdicts,
    model: teacher === null ? null : modelWork(teacher, summaries.instruct),
    funnel: funnelOf(summaries, stats.rows, stats.left),
    rejects: [
      { stage: "seeds", counts: summaries.seeds.rejected },
      { stage: "files", counts: summaries.seeds.rejectedFiles, unit: "files" },
      { stage: "concepts", counts: summaries.instruct.concepts.failed, unit: "seeds" },
      { stage: "instructions", counts: summaries.instruct.instructions.failed, unit: "seeds" },
      {
        stage: "responses",
        counts: summaries.instruct.responses.failed,
        unit: teacher === null ? "seeds" : "responses",
      },
      { stage: "tests", counts: summaries.instruct.dropped, unit: "tests" },
      { stage: "selection", counts: stats.left, unit: "responses" },
    ].filter(({ counts }) => Object.keys(counts).length > 0),
    metrics: values,
    seeds: await seedPoints(run.dir),
    times: await readTimes(run.dir),
    samples,
    licences: Object.entries(stats.licences).map(([name, count]) => ({ name, count })),
    notices: corpus.notices,
    loading: LOADING,
    options: Object.entries(run.manifest.content).map(([name, value]) => ({ name, value: String(value) })),
    versions: [
      { name: "selfalign", value: VERSION },
      { name: "node", value: process.version },
      {
        name: "sandbox",
        value: `${String(run.manifest.content["sandbox"])}, ${String(run.manifest.content["interpreter"])}`,
      },
    ],
  };
}

function titleOf(stats: DatasetStats, teacher: ModelTeacher | null): string {
  if (teacher === null)
    return isBaseline(stats) ? BASELINE : `instructions by ${Object.keys(stats.models).join(", ")}`;
  return teacher.replayed ? `replayed from ${teacher.name}` : `instructions by ${teacher.name}`;
}

function modelWork(teacher: ModelTeacher, instruct: InstructStats): ModelWork {
  const { identity, prompts, sampling, replayed } = teacher;
  const told = replayed
    ? `None: ${REPLAYED} (${identity}).`
    : `${identity}, prompted with the set ${prompts}; ${samplingText(sampling)}.`;
  const { drawn = 0, always = null } = instruct.rounds ?? {};
  return {
    told,
    steps: STEPS.flatMap((step) => {
      const { rows: parsed, asked } = instruct[step];
      return asked === undefined ? [] : [{ step, parsed, ...asked }];
    }),
    rounds: always === null ? null : { drawn, always },
  };
}

/** Figures of the published rows that the report draws, with their titles. */
const DRAWN: readonly {
  readonly label: string;
  readonly unit: string;
  readonly value: (row: Sample) => unknown;
}[] = [
  { label: "Lines of code", unit: "lines", value: ({ metrics }) => metrics["lines"] },
  { label: "Cyclomatic complexity", unit: "mccabe", value: ({ metrics }) => metrics["complexity"] },
  { label: "PEP 8 findings", unit: "per 100 lines", value: ({ metrics }) => metrics["pep8Per100Lines"] },
  {
    label: "Lines the formatter would change",
    unit: "share",
    value: ({ metrics }) => metrics["formatChanged"],
  },
  { label: "Annotation coverage", unit: "share", value: ({ metrics }) => metrics["annotationCoverage"] },
  { label: "Docstring findings", unit: "pep257", value: ({ metrics }) => metrics["docstring"] },
  { label: "Overlap of instruction and code", unit: "share", value: ({ metrics }) => metrics["overlap"] },
  { label: "Asserts", unit: "per row", value: ({ asserts }) => asserts },
  { label: "Mutation score", unit: "share", value: ({ mutation_score }) => mutation_score },
];

interface RowsToShow {
  readonly values: readonly Distribution[];
  readonly samples: readonly ReportSample[];
}

async function readRowsToShow(dir: string): Promise<RowsToShow> {
  const values = DRAWN.map((): number[] => []);
  const samples = new Map<string, ReportSample[]>();
  for await (const row of readSamples(dir)) {
    DRAWN.forEach(({ value }, at) => {
      const figure = value(row);
      if (typeof figure === "number") values[at]?.push(figure);
    });
    const same = samples.get(row.verdict) ?? [];
    if (same.length < SAMPLES) samples.set(row.verdict, [...same, sampleOf(row)]);
  }
  return {
    values: DRAWN.map(({ label, unit }, at) => ({ label, unit, values: values[at] ?? [] })),
    samples: inTurn([...samples.values()]).slice(0, SAMPLES),
  };
}

function sampleOf(row: Sample): ReportSample {
  const { metrics } = row;
  return {
    entryPoint: row.entry_point,
    instruction: row.instruction,
    code: codeOf(row.response),
    tests: row.tests,
    verdict: row.verdict,
    metrics: {
      asserts: row.asserts,
      "mutation score": row.mutation_score,
      complexity: metrics["complexity"] ?? null,
      "PEP 8 per 100 lines": metrics["pep8Per100Lines"] ?? null,
      "annotation coverage": metrics["annotationCoverage"] ?? null,
      overlap: metrics["overlap"] ?? null,
    },
    provenance: row.provenance,
  };
}

function codeOf(response: string): string {
  return /^```python\n([\s\S]*?)\n```/m.exec(response)?.[1] ?? response;
}

/** One of each list, then the next of each, until all are taken. */
function inTurn<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}

async function seedPoints(dir: string): Promise<SeedPoint[]> {
  const points: SeedPoint[] = [];
  for await (const { entryPoint: name, figures } of readSeeds(dir)) {
    points.push({ name, lines: figures.seedLines, complexity: figures.complexity });
  }
  return points;
}

/** Seconds per stage, summed over the starts of a run. */
export async function readTimes(dir: string): Promise<StageTime[]> {
  const times = new Map<string, StageTime>();
  for (const { stage, seconds, cpuSeconds } of await readTimings(dir)) {
    const before = times.get(stage) ?? { stage, wallSeconds: 0, cpuSeconds: 0 };
    times.set(stage, {
      stage,
      wallSeconds: before.wallSeconds + seconds,
      cpuSeconds: before.cpuSeconds === null || cpuSeconds === null ? null : before.cpuSeconds + cpuSeconds,
    });
  }
  return [...times.values()];
}

/** A run that died may have left its last line torn; a lost measurement must not keep the report from being made. */
async function readTimings(dir: string): Promise<Timing[]> {
  const timings: Timing[] = [];
  for await (const { bytes, whole } of linesOf(path.join(dir, "timings.jsonl"))) {
    if (whole) timings.push(JSON.parse(bytes.toString("utf8")) as Timing);
  }
  return timings;
}

interface Timing {
  readonly stage: string;
  readonly seconds: number;
  readonly cpuSeconds: number | null;
}
