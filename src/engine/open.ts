// Engines by their names: `local:FOLDER`, a converted model on this machine, of whatever architecture (`starcoder2:FOLDER`, its
// name when there was one, is the same), `transformers:REPO-or-FOLDER[@dtype]`, another ONNX model on this machine,
// `openai:MODEL` with a server's address, or `replay:FILE-or-RUN`, what was answered before.
import { existsSync } from "node:fs";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { MANIFEST } from "../model/convert.js";
import type { Engine } from "./engine.js";
import { openLocal, type LocalOptions } from "./local.js";
import { openOpenai, type OpenaiOptions } from "./openai.js";
import { openReplay } from "./replay.js";
import { openTransformers } from "./transformers.js";

/** What `--model` takes, where a model is meant. */
export const ENGINES: readonly string[] = [
  "local:FOLDER",
  "starcoder2:FOLDER",
  "transformers:REPO-or-FOLDER[@dtype]",
  "openai:MODEL",
  "replay:FILE-or-RUN",
];

export interface EngineOptions extends LocalOptions {
  /** Of the server of `openai:`, e.g. `http://localhost:8000/v1`. */
  readonly baseUrl?: string | undefined;
  readonly api?: OpenaiOptions["api"];
  /** Most requests to a server at the same time. */
  readonly concurrency?: number;
  /** Where `OPENAI_API_KEY`, `HF_TOKEN`, `HF_ENDPOINT` and `HF_HOME` are looked up; default the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The folder of a converted model that a name means; null for other engines. */
export function folderOf(spec: string): string | null {
  const named = /^(?:local|starcoder2):(.*)$/s.exec(spec)?.[1];
  return named ?? (existsSync(path.join(spec, MANIFEST)) ? spec : null);
}

/** Opens an engine. @throws InputError for an unknown name, and what the engine itself refuses. */
export async function openEngine(spec: string, options: EngineOptions = {}): Promise<Engine> {
  const at = spec.indexOf(":");
  const [kind, name] = [spec.slice(0, Math.max(0, at)), spec.slice(at + 1)];
  const folder = folderOf(spec);
  if (folder !== null) return openLocal(folder, options);
  if (kind === "transformers") return openTransformers(name, options);
  if (kind === "replay") return openReplay(name);
  if (kind === "openai") {
    const { baseUrl, api, concurrency, env = process.env } = options;
    if (baseUrl === undefined)
      throw new InputError(`${spec} needs the server's address: --base-url, e.g. http://localhost:8000/v1`);
    return openOpenai({
      model: name,
      baseUrl,
      apiKey: env["OPENAI_API_KEY"],
      ...(api === undefined ? {} : { api }),
      ...(concurrency === undefined ? {} : { concurrency }),
    });
  }
  throw new InputError(
    `model "${spec}" does not exist: choose from ${ENGINES.join(", ")}, or a converted folder`,
  );
}
