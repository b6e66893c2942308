// The front door: every public name, in the order of the rooms. Importing it loads no heavy dependency.
export { InputError, Interrupted } from "./core/errors.js";
export { readRows } from "./core/files.js";
export { drawOn, type Draw } from "./core/progress.js";
export type {
  Finding,
  Judged,
  MeasuredReject,
  Metrics,
  Parameter,
  Provenance,
  Reject,
  Sample,
  Seed,
  SourceFile,
  Split,
  Test,
  TestOrigin,
  Verdict,
  WithConcepts,
  WithInstruction,
  WithResponse,
  WithResult,
  WithSplit,
} from "./core/record.js";
export { pushFolder, type Pushed, type PushOptions } from "./hub/upload.js";
export { testText } from "./core/record.js";
export { readManifest, type Manifest, type StageRecord } from "./core/run.js";
export { highlight, type Token } from "./python/highlight.js";
export { loadGrammar } from "./python/syntax.js";
export type { Corpus } from "./corpus/corpus.js";
export { CORPORA, openCorpus, type CorpusOptions } from "./corpus/open.js";
export {
  clusterNearDuplicates,
  openNearDuplicates,
  PAIR_THRESHOLD,
  SEED_THRESHOLD,
  type Clusters,
  type Kept,
  type NearDuplicateOptions,
  type NearDuplicates,
} from "./overlap/dedupe.js";
export {
  openDecontamination,
  type Contamination,
  type ContaminationKind,
  type Decontamination,
  type DecontaminationOptions,
} from "./overlap/decontaminate.js";
export type { Described } from "./overlap/ngrams.js";
export { SHIPPED_BENCHMARKS } from "./overlap/shipped.js";
export { FILTER_SETS, type Filters, type Thresholds } from "./seeds/thresholds.js";
export { seedFunnel, type FunnelStep } from "./seeds/funnel.js";
export { refilter, type MeasuredRow, type Refiltered } from "./seeds/refilter.js";
export { SEED_DEFAULTS, type SeedOptions } from "./seeds/seeds.js";
export type { ExtractedFunction } from "./seeds/functions.js";
export { extractTo, type ExtractCounts } from "./seeds/extract.js";
export { openSandbox, type SandboxOptions } from "./sandbox/open.js";
export { probeSandbox } from "./sandbox/probe.js";
export type {
  JudgingSandbox,
  Mode,
  Observation,
  Observed,
  Outcome,
  Sandbox,
  Step,
} from "./sandbox/sandbox.js";
export { validate } from "./validate/validate.js";
export type { VerifyOptions } from "./validate/options.js";
export type { RowVerdict, VerifiedRow } from "./validate/rows.js";
export { verifyTo, type VerifySummary } from "./validate/verify.js";
export type {
  Completion,
  Engine,
  FinishReason,
  GenerateRequest,
  Score,
  ScoreRequest,
  Unanswered,
} from "./engine/engine.js";
export { ENGINES, openEngine, type EngineOptions } from "./engine/open.js";
export { openBeams, type BeamSearcher, type BeamSearchOptions, type FoundText } from "./engine/beams.js";
export { complete, promptAt, type CompletedText, type CompleteOptions } from "./engine/complete.js";
export {
  editSimilarity,
  evaluateTexts,
  type TextEvaluation,
  type TextEvaluationOptions,
} from "./engine/evaluate.js";
export { generateTo, type GeneratedRow, type GenerateOptions } from "./engine/generate.js";
export { scoreTo, type ScoredRow, type ScoreOptions } from "./engine/score.js";
export type { FileSummary } from "./engine/lines.js";
export { refusal, type SelectOptions, type SelectReason } from "./dataset/select.js";
export { select, survey, type Selection, type Survey, type SurveyOptions } from "./dataset/readings.js";
export type { SplitStats } from "./dataset/splits.js";
export { spreadOf, tally, type DatasetStats, type Spread } from "./dataset/stats.js";
export { parseTemplate, TRAINING_TEMPLATE, type Template } from "./dataset/template.js";
export {
  exportTo,
  TRAINING_FORMATS,
  type ExportToOptions,
  type TrainingFormat,
  type TrainingRow,
} from "./dataset/training.js";
export {
  convertModel,
  type Conversion,
  type ConvertedModel,
  type ConvertModelOptions,
} from "./model/conversion.js";
export { writeTinyModel } from "./model/tiny.js";
export { loadTokenizer, type Tokenizer } from "./model/tokenizer.js";
export { callsFor } from "./instruct/inputs.js";
export { examplesOf, stepsOf } from "./instruct/doctest.js";
export { conceptsOf } from "./instruct/concepts.js";
export { editPrompts, type PromptEdits } from "./instruct/editing.js";
export { explainStep, type ExplainOptions, type Explanation } from "./instruct/explain.js";
export { openPrompts, SHIPPED_PROMPTS, type PromptSet } from "./instruct/prompts.js";
export { trainCausalTo, type CausalRun, type CausalRunOptions } from "./train/causalrun.js";
export type { Drawn, Range, Space } from "./train/space.js";
export { sweepTo, type Sweep, type SweepOptions, type SweepRow } from "./train/sweep.js";
export type { Exchange } from "./train/lessons.js";
export type { Exchanges } from "./train/lessonsides.js";
export { trainLoraTo, type LoraRun, type LoraRunOptions } from "./train/lorarun.js";
export { mergeAdaptersTo, type Merge, type MergeOptions } from "./train/merge.js";
export { readMetrics, type StepMetrics } from "./train/metrics.js";
export { PRESETS, type Preset, type PresetName } from "./train/presets.js";
export { trainTokenizerTo, type TokenizerSummary, type TokenizerToOptions } from "./train/tokenizer.js";
export { writeArms, type Arm, type ArmRow, type Arms, type ArmsOptions } from "./evaluate/arms.js";
export { evaluateTo } from "./evaluate/evaluate.js";
export {
  examineTo,
  passOver,
  type Examination,
  type ExamineOptions,
  type TaskPasses,
} from "./evaluate/examine.js";
export { estimateDifference, estimateMean } from "./evaluate/means.js";
export type { EvaluateOptions } from "./evaluate/options.js";
export type { ResultRow } from "./evaluate/judging.js";
export { estimate, passAt, shareDifference, type Estimate } from "./evaluate/passes.js";
export type { SampleRow } from "./evaluate/samples.js";
export type { EvaluationSummary } from "./evaluate/summary.js";
export { conalaTokens, rewriteScore, type RewriteScore } from "./rewrite/bleu.js";
export { readConala, type ConalaRecord, type ConalaRow } from "./rewrite/conala.js";
export {
  exchangesOf,
  openExchanges,
  openPairs,
  PAIR_SOURCES,
  type PairData,
  type PairDataOptions,
} from "./rewrite/data.js";
export {
  SEQ2SEQ_PRESETS,
  trainSeq2SeqTo,
  type Seq2SeqPreset,
  type Seq2SeqPresetName,
  type Seq2SeqRun,
  type Seq2SeqRunOptions,
} from "./rewrite/learn.js";
export { conalaPairs, curatedConala, type Pairs, type RewritePair } from "./rewrite/pairs.js";
export { syntheticPairs, type SyntheticOptions, type SyntheticPairs } from "./rewrite/synthetic.js";
export {
  compareTokenizers,
  type CompareTokenizersOptions,
  type TokenizerComparison,
  type TokenizerReport,
} from "./complete/comparison.js";
export {
  trainCodeTokenizerTo,
  type CodeTokenizerSummary,
  type CodeTokenizerToOptions,
} from "./complete/tokenizer.js";
export { openSeq2Seq, type Seq2Seq, type WriteOptions, type WrittenText } from "./seq2seq/open.js";
export { rewriteTo, type RewriteOptions, type RewrittenRow } from "./seq2seq/rewrite.js";
export {
  changeChart,
  funnelChart,
  reasonsChart,
  timeChart,
  verdictChart,
  type Count,
  type ShareChange,
} from "./report/charts.js";
export { distributionGrid, histogram, type Distribution } from "./report/distributions.js";
export type { Figure } from "./report/figure.js";
export { intervalChart, type Interval, type IntervalOptions } from "./report/intervals.js";
export { toFrame, type Frame } from "./report/frame.js";
export { lossChart, type LossChartOptions } from "./report/losses.js";
export { scatter } from "./report/scatter.js";
export { sweepChart } from "./report/sweep.js";
export { cutoffChart, rankChart, tokensChart } from "./report/tokens.js";
export { notebookText, readNotebook } from "./notebook/nbformat.js";
export { CellError, executeNotebook, type ExecuteOptions } from "./notebook/execute.js";
export { notebookHtml } from "./notebook/html.js";
export {
  loadPlotly,
  notebookProgress,
  showChart,
  showCode,
  showHtml,
  showMarkdown,
  showTable,
} from "./notebook/show.js";
export {
  readConcepts,
  readInstructions,
  readRejects,
  readResponses,
  readResults,
  readSamples,
  readSeeds,
} from "./readers.js";
export { readDatasetStats, readFunnel, readSummary, type Summaries } from "./summaries.js";
export { readTimes } from "./compose.js";
export { finishedStages, STAGES, type StageName } from "./plans.js";
export type { PipelineOptions } from "./settings.js";
export { prepareRun } from "./opening.js";
export { runPipeline, type RunSummary } from "./pipeline.js";
export {
  comparePrompts,
  costOfRun,
  type PromptComparison,
  type PromptPair,
  type PromptSide,
  type RunCost,
  type SeedOutcome,
} from "./lab.js";
export { collect } from "./core/collect.js";
