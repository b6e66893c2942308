// The scripted model behind an OpenAI-compatible server, with a log of what it was asked and what it planted.
import type { Asked } from "../engine/modelserver.js";
import { serveModel } from "../engine/modelserver.js";
import { sha1Of } from "../../src/core/record.js";
import type { Step } from "../../src/instruct/stage.js";
import { say, type Fate, type Moods } from "./scripted-model.js";

/** A request that was answered, or refused. */
export interface Logged {
  readonly step: Step;
  /** Of the request: one of its own for each that a run makes. */
  readonly seed: number;
  /** sha1 of the prompt. */
  readonly prompt: string;
  readonly fate: Fate;
}

export interface ScriptedServer {
  readonly url: string;
  /** In the order of arrival. */
  readonly log: readonly Logged[];
  close(): Promise<void>;
}

export const MODEL = "scripted";

/** Serves the model. */
export async function serveScripted(moods: Moods): Promise<ScriptedServer> {
  const log: Logged[] = [];
  const asked = ({ prompt, body }: Asked): ReturnType<typeof say> & { length: number } => {
    const { seed } = body as { seed: number };
    return { ...say(prompt, seed, moods), length: prompt.length };
  };
  const server = await serveModel({
    models: { object: "list", data: [{ id: MODEL }] },
    trouble(question) {
      const { step, fate } = asked(question);
      log.push({
        step,
        fate,
        seed: question.body["seed"] as number,
        prompt: sha1Of(question.prompt),
      });
      return fate === "refused"
        ? { status: 400, body: JSON.stringify({ error: { message: "not that one" } }) }
        : undefined;
    },
    answer(question) {
      const { text, fate, length } = asked(question);
      const finish = fate === "truncated" ? "length" : "stop";
      return {
        choices: [{ index: 0, finish_reason: finish, text }],
        usage: { prompt_tokens: Math.ceil(length / 4), completion_tokens: Math.ceil(text.length / 4) },
      };
    },
  });
  return { url: server.url, log, close: () => server.close() };
}
