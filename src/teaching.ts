// Who teaches in a run: the docstring teacher, which needs nothing, or an engine with a prompt set; and what of that decides
// the rows.
import { existsSync } from "node:fs";
import path from "node:path";
import { InputError } from "./core/errors.js";
import { readManifest, type ContentOptions } from "./core/run.js";
import { openAsker, type Asker } from "./engine/asker.js";
import type { Engine } from "./engine/engine.js";
import { openedLater } from "./engine/later.js";
import { openEngine } from "./engine/open.js";
import { openMeter, type Meter } from "./engine/meter.js";
import { DOCSTRING_MODEL } from "./instruct/docstring.js";
import { promptedTeacher } from "./instruct/prompted.js";
import { openPrompts, type PromptSet } from "./instruct/prompts.js";
import { docstringTeacher, type Teacher } from "./instruct/stage.js";
import type { Sandbox } from "./sandbox/sandbox.js";
import type { Settings } from "./settings.js";

/** What a run's teacher rests on. */
export interface Teaching {
  /** Options that decide the rows; empty for the docstring teacher. */
  readonly content: ContentOptions;
  /** Null for the docstring teacher, which asks none. */
  readonly engine: Engine | null;
  readonly prompts: PromptSet | null;
  /** Items worked on at the same time. */
  readonly concurrency: number;
  close(): Promise<void>;
}

const NO_MODEL: Teaching = {
  content: {},
  engine: null,
  prompts: null,
  concurrency: 4,
  close: () => Promise.resolve(),
};

/** Requests under way where a model writes; engines take of them what they can. */
const REQUESTS = 64;

/**
 * Opens the prompt set and the engine that the settings name. A run that was begun knows its engine: a server is then asked only
 * when there is something to ask, and nothing is opened where the steps are not among the stages.
 * @throws InputError for an unknown model or prompt set, and what the engine refuses.
 */
export async function openTeaching(settings: Settings, onNotice: (text: string) => void): Promise<Teaching> {
  const { model, stages, outputDir, api, baseUrl, batchSize, sampling } = settings;
  if (model === DOCSTRING_MODEL) return { ...NO_MODEL, concurrency: batchSize ?? NO_MODEL.concurrency };
  const prompts = await openPrompts(settings.prompts ?? (api === "chat" ? "chat" : "starcoder2"));
  if (prompts.kind === "chat" && model.startsWith("openai:") && api !== "chat")
    throw new InputError(`prompt set ${prompts.name} is a conversation: use it with --api chat`);
  const concurrency = batchSize ?? REQUESTS;
  const noted = settings.clean && stages.has("instruct") ? null : await notedEngine(outputDir, model);
  const open = (): Promise<Engine> =>
    openEngine(model, {
      baseUrl,
      ...(api === undefined ? {} : { api }),
      ...(batchSize === undefined ? {} : { batchSize }),
      concurrency,
      onNotice,
    });
  // Files can be looked at now; a server may be gone when nothing is left to ask it.
  const engine =
    noted === null || (!isServer(model) && stages.has("instruct")) ? await open() : openedLater(noted, open);
  return {
    content: {
      // Where its files lie decides nothing.
      model: modelTitle(model),
      engine: engine.identity,
      prompts: `${prompts.name} ${prompts.identity}`,
      sampling: JSON.stringify(sampling),
    },
    engine,
    prompts,
    concurrency,
    close: () => engine.close(),
  };
}

/** Identity of the engine that an earlier start of a run with this model noted, or null. */
async function notedEngine(outputDir: string, model: string): Promise<string | null> {
  const { engine, model: title } = (await readManifest(outputDir))?.content ?? {};
  return typeof engine === "string" && title === modelTitle(model) ? engine : null;
}

/** True for a model that is somebody else's to run. */
function isServer(model: string): boolean {
  return model.startsWith("openai:");
}

/** A model as a run notes it, files without their folders: `local:models/tiny-int8` is `local:tiny-int8`. */
export function modelTitle(model: string): string {
  const [, kind = "", name = ""] = /^(\w+:)?(.*)$/s.exec(model) ?? [];
  const isFile =
    kind === "local:" ||
    kind === "starcoder2:" ||
    kind === "replay:" ||
    path.isAbsolute(name) ||
    (kind === "transformers:" && existsSync(name));
  return `${kind}${isFile ? path.basename(name) : name}`;
}

/** A teacher at work. */
export interface Lesson {
  readonly teacher: Teacher;
  /** What its model was sent and has said in this start. */
  readonly meter: Meter;
  close(): Promise<void>;
}

/** Begins to teach. */
export function beginLesson(
  { engine, prompts, concurrency }: Teaching,
  settings: Settings,
  sandbox: Sandbox,
  signal: AbortSignal,
): Lesson {
  const { seed, sampling, delay, price } = settings;
  const meter = openMeter(price);
  if (engine === null || prompts === null) {
    const teacher = docstringTeacher(sandbox, seed);
    return { teacher, meter, close: () => Promise.resolve() };
  }
  const pause = isServer(settings.model) ? { every: concurrency, ms: 1_000 * delay } : null;
  const asker: Asker = openAsker(engine, { signal, pause });
  const ask: Asker["ask"] = async (request) => meter.count(await asker.ask(request));
  const teacher = promptedTeacher({ model: engine.identity, ask, prompts, sampling, seed });
  return { teacher, meter, close: () => asker.close() };
}
