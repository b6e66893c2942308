// Every corpus by its name on the command line. In: the name, and what a network needs: tokens and addresses from the
// environment. Out: an opened corpus. Heavy dependencies are loaded by whoever reads with them.
import { setImmediate } from "node:timers/promises";
import { InputError } from "../core/errors.js";
import { endpointOf, openHub } from "../hub/files.js";
import { openHttp, type HttpOptions } from "../hub/http.js";
import type { Corpus } from "./corpus.js";
import { openDisk } from "./disk.js";
import { openFolder } from "./folder.js";
import { openGit } from "./git.js";
import { openGithub } from "./github.js";
import { HERITAGE_URL, openHeritage, type Heritage } from "./heritage.js";
import { openPublished, PUBLISHED, wantedOf } from "./published.js";

/** What `--corpus` takes. */
export const CORPORA: readonly string[] = [
  "stdlib",
  "folder:PATH",
  "git:PATH",
  "parquet:PATH",
  "jsonl:PATH",
  ...PUBLISHED,
  "github",
];

export interface CorpusOptions {
  /**
   * Where tokens and addresses are looked up, default the process's environment: `HF_TOKEN`, `HF_ENDPOINT`,
   * `GITHUB_TOKEN`, `GITHUB_API_URL`, `SWH_CONTENT_URL` (Software Heritage's contents).
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Hears of long waits and of where contents come from, one line each; default nobody. */
  readonly onNotice?: (text: string) => void;
  /** Stops the opening. */
  readonly signal?: AbortSignal;
  /** How the network is asked, e.g. how patiently. */
  readonly http?: Omit<HttpOptions, "token">;
}

/**
 * Opens a corpus by its name.
 * @throws InputError for an unknown name, and where a corpus is not there, is gated or empty: each says what to do.
 */
export async function openCorpus(spec: string, options: CorpusOptions = {}): Promise<Corpus> {
  return withPauses(await opened(spec, options));
}

/**
 * Files that are in memory already, as those of an archive or of a group of rows, would come without a pause in which Ctrl-C is
 * heard: one is made before each.
 */
function withPauses(corpus: Corpus): Corpus {
  return {
    ...corpus,
    async *files(options) {
      for await (const item of corpus.files(options)) {
        await setImmediate();
        options.signal?.throwIfAborted();
        yield item;
      }
    },
  };
}

async function opened(spec: string, options: CorpusOptions): Promise<Corpus> {
  const { env = process.env, onNotice = () => undefined, signal } = options;
  const http = { onWait: onNotice, ...options.http };
  const at = spec.indexOf(":");
  const [kind, rest] = at < 0 ? [spec, ""] : [spec.slice(0, at), spec.slice(at + 1)];
  if (spec === "stdlib") return (await import("./stdlib.js")).openStdlib();
  if (spec === "github") {
    return openGithub({
      http,
      ...setting("endpoint", env["GITHUB_API_URL"]),
      ...setting("token", env["GITHUB_TOKEN"]),
    });
  }
  if (at >= 0 && kind === "folder") return openFolder(rest);
  if (at >= 0 && kind === "git") return openGit(rest);
  if (at >= 0 && (kind === "parquet" || kind === "jsonl")) {
    return openDisk(kind, rest, heritageOf(env, http, onNotice));
  }
  const wanted = wantedOf(spec);
  if (wanted !== null) {
    const hub = openHub({
      ...http,
      ...setting("endpoint", env["HF_ENDPOINT"]),
      ...setting("token", env["HF_TOKEN"]),
    });
    return openPublished(wanted, hub, heritageOf(env, http, onNotice), signal);
  }
  throw new InputError(`corpus "${spec}" does not exist; use one of: ${CORPORA.join(", ")}`);
}

type Environment = NonNullable<CorpusOptions["env"]>;

/** Software Heritage's contents, anonymously: no token goes there. */
function heritageOf(
  env: Environment,
  http: Omit<HttpOptions, "token">,
  onNotice: (text: string) => void,
): Heritage {
  const setting = env["SWH_CONTENT_URL"];
  const url = endpointOf(setting === undefined || setting === "" ? HERITAGE_URL : setting, "SWH_CONTENT_URL");
  return openHeritage(openHttp(http), url.href.replace(/\/+$/, ""), onNotice);
}

/** A setting as an option, absent where it is not set. */
function setting<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined || value === "" ? {} : ({ [name]: value } as Record<Name, string>); // one key, as typed
}
