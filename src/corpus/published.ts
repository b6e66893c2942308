// Datasets on the Hub as corpora: The Stack and its kin by their names, any other as `hf:REPO[/CONFIG][:SPLIT]`; `@REVISION`
// behind either pins a commit, as a run that goes on later should. Finds the files that belong to it; `rows.ts` reads them.
import { InputError } from "../core/errors.js";
import {
  explainedRefusal,
  hubDataset,
  hubFiles,
  type Hub,
  type HubConfig,
  type HubDataset,
  type HubFile,
} from "../hub/files.js";
import { hubBytes } from "./bytes.js";
import type { Corpus } from "./corpus.js";
import type { Heritage } from "./heritage.js";
import { ROW_FILES, rowsCorpus } from "./rows.js";

/** What is meant by a corpus's name. */
export interface Wanted {
  /** Without revision: what stands in records. */
  readonly source: string;
  readonly repo: string;
  readonly revision: string;
  /** Folder with the files; null for the whole dataset. */
  readonly folder: string | null;
  readonly config: string | null;
  readonly split: string | null;
  /** True where rows without a permissive licence are wanted too. */
  readonly anyLicence: boolean;
}

/** Python's part of datasets that hold many languages, and datasets that are Python only. */
const NAMED: Readonly<Record<string, { readonly repo: string; readonly folder: string | null }>> = {
  "the-stack-v2": { repo: "bigcode/the-stack-v2", folder: "data/Python" },
  "the-stack-v2-dedup": { repo: "bigcode/the-stack-v2-dedup", folder: "data/Python" },
  "the-stack-dedup": { repo: "bigcode/the-stack-dedup", folder: "data/python" },
  "the-stack-smol": { repo: "bigcode/the-stack-smol", folder: "data/python" },
  "python-stack-v1-functions-filtered-sc2": {
    repo: "bigcode/python-stack-v1-functions-filtered-sc2",
    folder: null,
  },
};

/** Names of published corpora, as on the command line. */
export const PUBLISHED: readonly string[] = [...Object.keys(NAMED), "hf:REPO[/CONFIG][:SPLIT]"];

/** Behind a name: rows without a permissive licence too, which The Stack v2 has. */
const ANY_LICENCE = ":any-licence";

/** What a corpus's name means, or null where it names no dataset on the Hub. @throws InputError for a broken `hf:` name. */
export function wantedOf(spec: string): Wanted | null {
  const [, source = "", revision = "main"] = /^([^@]*)(?:@(.+))?$/.exec(spec) ?? [];
  const anyLicence = source.endsWith(ANY_LICENCE);
  const named = NAMED[anyLicence ? source.slice(0, -ANY_LICENCE.length) : source];
  if (named !== undefined) return { source, ...named, revision, config: null, split: null, anyLicence };
  if (!spec.startsWith("hf:")) return null;
  const parts = /^hf:([\w.-]+\/[\w.-]+)(?:\/([^:@]+))?(?::([^:@/]+))?$/.exec(source);
  if (parts === null) {
    throw new InputError(
      `corpus "${spec}" is not a dataset's name; write hf:OWNER/NAME, with /CONFIG, :SPLIT and @REVISION as needed`,
    );
  }
  const [, repo = "", config = null, split = null] = parts;
  return { source, repo, revision, folder: null, config, split, anyLicence: false };
}

/**
 * Opens a dataset on the Hub at the commit that its revision is now.
 * @throws InputError when it is not there, is gated, or has no files of rows where they were expected.
 */
export async function openPublished(
  wanted: Wanted,
  hub: Hub,
  heritage: Heritage,
  signal?: AbortSignal,
): Promise<Corpus> {
  const { source, repo, anyLicence } = wanted;
  const dataset = await hubDataset(hub, repo, wanted.revision, signal);
  const chosen = await choose(wanted, hub, dataset, signal);
  const { revision, licence } = dataset;
  const page = `${hub.endpoint}/datasets/${repo}`;
  const home = { source, repository: repo, revision, licence };
  return {
    name: source,
    title: `the dataset ${repo}`,
    identity: `${source}@${revision}`,
    python: null,
    notices: [
      `Functions from the dataset ${repo} at ${revision}: its terms are at ${page}; ` +
        "each row names its repository and licence where known",
    ],
    licenceText: null,
    ...rowsCorpus({ files: chosen.map((file) => hubBytes(hub, dataset, file)), home, heritage, anyLicence }),
  };
}

async function choose(
  wanted: Wanted,
  hub: Hub,
  dataset: HubDataset,
  signal: AbortSignal | undefined,
): Promise<HubFile[]> {
  const all: HubFile[] = [];
  try {
    for await (const file of hubFiles(hub, dataset, wanted.folder, signal)) {
      if (ROW_FILES.test(file.path)) all.push(file);
    }
  } catch (error) {
    throw explainedRefusal(error, hub, wanted.repo);
  }
  const chosen = filesOf(wanted, dataset.configs, all);
  if (chosen.length > 0) return chosen;
  const configs = dataset.configs.map(({ name }) => name);
  const known = configs.length > 0 ? `; its configurations are ${configs.join(", ")}` : "";
  const some = all.slice(0, 3).map(({ path }) => path);
  const seen = some.length > 0 ? `; it has e.g. ${some.join(", ")}` : "";
  throw new InputError(
    `corpus "${wanted.source}" has no .parquet or .jsonl file in dataset "${wanted.repo}"${known}${seen}`,
  );
}

/**
 * The files of a configuration and split: by the card's patterns where it declares them, otherwise by the names of folders
 * and files. Without a split, the one for training if there is one. Parquet is preferred to JSON lines.
 */
export function filesOf(
  { config, split, folder }: Pick<Wanted, "config" | "split" | "folder">,
  configs: readonly HubConfig[],
  all: readonly HubFile[],
): HubFile[] {
  if (folder !== null) return oneFormat(all);
  const declared = config === null ? defaultConfig(configs) : configs.find(({ name }) => name === config);
  if (declared !== undefined && declared.files.length > 0) {
    const train = declared.files.filter((part) => part.split === (split ?? "train"));
    const parts = train.length > 0 || split !== null ? train : declared.files;
    const patterns = parts.flatMap((part) => part.patterns).map(patternOf);
    return oneFormat(all.filter(({ path }) => patterns.some((pattern) => pattern.test(path))));
  }
  const within = all.filter(({ path }) => config === null || `/${path}`.includes(`/${config}/`));
  const named = within.filter(({ path }) => isOfSplit(path, split ?? "train"));
  return oneFormat(named.length > 0 || split !== null ? named : within);
}

function defaultConfig(configs: readonly HubConfig[]): HubConfig | undefined {
  return configs.find(({ name }) => name === "default") ?? (configs.length === 1 ? configs[0] : undefined);
}

function oneFormat(files: readonly HubFile[]): HubFile[] {
  for (const ending of [/\.parquet$/i, /\.(?:jsonl|ndjson)(?:\.gz)?$/i]) {
    const found = files.filter(({ path }) => ending.test(path));
    if (found.length > 0) return found;
  }
  return [...files];
}

/** A split's name stands alone in a folder's or file's name, e.g. `train-00000-of-00004.parquet`. */
function isOfSplit(path: string, split: string): boolean {
  const name = split.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?:^|[/._-])${name}(?:[/._-])`).test(path);
}

/** A card's pattern (`*`, `**`, `?`) as an expression over whole paths. */
function patternOf(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/?|[.*+?^${}()|[\]\\]/g, (special) => {
    if (special.startsWith("**")) return special === "**/" ? "(?:.*/)?" : ".*";
    if (special === "*") return "[^/]*";
    return special === "?" ? "[^/]" : `\\${special}`;
  });
  return new RegExp(`^${source}$`);
}
