// What a server says about its models at /models, and from that the name of one that its answers depend on. Takes any
// answer for what it is worth: some servers have no list, some list everything but what they serve.
import { isAbsolute } from "node:path";
import { openHttp } from "../hub/http.js";
import { Cut, HttpError } from "../hub/retry.js";
import { explainedRefusal } from "./refusals.js";
import type { PostOptions } from "../hub/post.js";
import { asFields } from "./wire.js";

/** A model as a server lists it. */
export interface ServedModel {
  readonly id: string;
  /** What is loaded under that name, and what it was trained on; null where the server does not tell. */
  readonly root: string | null;
  readonly parent: string | null;
}

/** A person waits here: a wrong address is told soon, a busy server gets a second chance. */
const ATTEMPTS = 3;
const TIMEOUT_MS = 30_000;

/** All models that a server lists; none where it has no list. @throws InputError when it can't be reached or refuses the key. */
export async function servedModels(
  baseUrl: string,
  model: string,
  options: PostOptions,
): Promise<ServedModel[]> {
  const http = openHttp({ attempts: ATTEMPTS, ...options, timeoutMs: TIMEOUT_MS });
  try {
    const { bytes } = await http.get(`${baseUrl}/models`);
    return listed(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    if (error instanceof Cut || (error instanceof HttpError && error.status === 401)) {
      throw explainedRefusal(error, { baseUrl, model, models: [] });
    }
    if (error instanceof HttpError) return [];
    throw error;
  }
}

function listed(text: string): ServedModel[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return []; // a page for people: what is wrong with the address, the first request will tell
  }
  const { data } = asFields(json);
  return (Array.isArray(data) ? data : [])
    .map(asFields)
    .flatMap(({ id, root, parent }) =>
      typeof id === "string" ? [{ id, root: textOr(root), parent: textOr(parent) }] : [],
    );
}

function textOr(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The model's name with what is known of its weights. Where they lie on the server's disk is no part of it. */
export function modelName(model: string, models: readonly ServedModel[]): string {
  const found = models.find(({ id }) => id === model);
  const root = withoutFolder(found?.root ?? model);
  const parent = found?.parent == null ? "" : ` on ${withoutFolder(found.parent)}`;
  const name = withoutFolder(model);
  return `${name}${root === name ? "" : ` = ${root}`}${parent}`;
}

/** Of a path the last name; of one into the Hub's cache, repository and commit. */
function withoutFolder(name: string): string {
  const cached = /models--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})/.exec(name);
  if (cached !== null) return `${cached[1]?.replaceAll("--", "/")}@${cached[2]}`;
  return isAbsolute(name) ? (name.split(/[/\\]/).filter(Boolean).at(-1) ?? name) : name;
}
