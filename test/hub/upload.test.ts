// A Hub that takes files, over real sockets; what arrives there is held against the folder, and against what Python's own client
// sends of the same folder.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pushFolder, type PushOptions } from "../../src/hub/upload.js";
import { COMMIT, serve, TOKEN, type TestServer } from "./server.js";

interface Taken {
  /** Repositories by "models/owner/name": their files. */
  readonly repos: Map<string, Map<string, string>>;
  readonly visibility: Map<string, string | undefined>;
  /** Large files by sha256. */
  readonly stored: Map<string, Buffer>;
  readonly uploads: string[];
  readonly titles: string[];
  readonly branches: string[];
}

let server: TestServer & { taken: Taken };
let folder: string;
const large = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at) % 251));

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "selfalign-push-"));
  mkdirSync(path.join(folder, "onnx"));
  writeFileSync(path.join(folder, "config.json"), '{"model_type": "gpt2"}\n');
  writeFileSync(path.join(folder, "README.md"), "# Étude 😀\n");
  writeFileSync(path.join(folder, "model.safetensors"), large);
  writeFileSync(path.join(folder, "onnx/model.onnx"), large.subarray(0, 1_000));
  symlinkSync("config.json", path.join(folder, "linked.json"));
  writeFileSync(path.join(folder, ".lock"), "{}");
  writeFileSync(path.join(folder, "half.tmp"), "half");
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(async () => (server = await serveTaking()));
afterEach(() => server.close());

const push = (repo: string, options: PushOptions = {}) =>
  pushFolder(folder, repo, { env: { HF_TOKEN: TOKEN, HF_ENDPOINT: server.url }, ...options });

const sha = (bytes: Buffer | string): string => createHash("sha256").update(bytes).digest("hex");
const FILES = ["README.md", "config.json", "linked.json", "model.safetensors", "onnx/model.onnx"];
const expected = (): [string, string][] =>
  FILES.map((name) => [name, sha(readFileSync(path.join(folder, name)))]);
const sorted = (repo: string): [string, string][] =>
  [...(server.taken.repos.get(repo) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));

describe("a folder", () => {
  it("arrives whole, in one commit, without its hidden and unfinished files", async () => {
    const pushed = await push("acme/tiny", { private: true, title: "The first" });
    const bytes = FILES.reduce((sum, name) => sum + readFileSync(path.join(folder, name)).length, 0);
    expect(pushed).toEqual({ url: `${server.url}/acme/tiny`, commit: COMMIT, files: FILES.length, bytes });
    expect(sorted("models/acme/tiny")).toEqual(expected());
    expect(server.taken.titles).toEqual(["The first"]);
    expect(server.taken.visibility.get("models/acme/tiny")).toBe("private");
    // Once more: the repository is there, large files too, and nothing of them is sent.
    expect(server.taken.uploads).toHaveLength(2);
    await push("acme/tiny");
    expect(server.taken.uploads).toHaveLength(2);
    expect(sorted("models/acme/tiny")).toEqual(expected());
  });

  it("goes to a dataset's repository and a branch", async () => {
    const { url } = await push("acme/rows", { kind: "dataset", branch: "draft" });
    expect(url).toBe(`${server.url}/datasets/acme/rows`);
    expect(server.taken.branches).toEqual(["draft"]);
    expect(sorted("datasets/acme/rows")).toEqual(expected());
  });

  it("goes on after a failure", async () => {
    server.faults.push({ path: /\/commit\/main$/, status: 503 });
    await expect(push("acme/again")).rejects.toThrow("Run the same again; it goes on");
    expect(server.taken.uploads).toHaveLength(2);
    await push("acme/again");
    expect(server.taken.uploads).toHaveLength(2);
    expect(sorted("models/acme/again")).toEqual(expected());
  });

  it("is refused with what to do, and the token is told to nobody", async () => {
    const at = (token: string) => ({ env: { HF_TOKEN: token, HF_ENDPOINT: server.url } });
    const failures: readonly (readonly [() => Promise<unknown>, string])[] = [
      [() => push("tiny"), "must be written as OWNER/NAME"],
      [() => push("acme/tiny", { env: {} }), "HF_TOKEN is not set"],
      [() => push("acme/tiny", at("hf_other")), "must have write access"],
      [() => push("acme/tiny", at("other_token")), "must start with 'hf_'"],
      [() => pushFolder(path.join(folder, "none"), "a/b", at(TOKEN)), "is no folder"],
    ];
    for (const [fail, told] of failures) {
      const message = await fail().then(String, String);
      expect(message).toContain(told);
      expect(message).not.toMatch(/hf_other|other_token/);
    }
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    stop.abort();
    await expect(push("acme/tiny", { signal: stop.signal })).rejects.toThrow("stopped");
  });

  it("arrives as Python's client sends it", async ({ skip }) => {
    const python = process.env["SELFALIGN_PYTHON"];
    if (python === undefined) return skip("SELFALIGN_PYTHON names no Python with huggingface_hub");
    const code = `
import sys
from huggingface_hub import HfApi
api = HfApi(endpoint=sys.argv[2], token=sys.argv[3])
api.create_repo("acme/theirs", repo_type="model")
api.upload_folder(folder_path=sys.argv[1], repo_id="acme/theirs", ignore_patterns=[".lock", "*.tmp"])
`;
    const child = spawn(python, ["-c", code, folder, server.url, TOKEN], {
      env: { PATH: process.env["PATH"], HF_HUB_DISABLE_XET: "1", HF_HUB_DISABLE_PROGRESS_BARS: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said = (await buffer(child.stderr)).toString();
    if (said.includes("No module named 'huggingface_hub'")) return skip("this Python has no huggingface_hub");
    await push("acme/ours");
    expect(sorted("models/acme/theirs"), said).toEqual(expected());
    expect(sorted("models/acme/ours")).toEqual(sorted("models/acme/theirs"));
  });
});

/** Files from here on are large. */
const LARGE = 500;

async function serveTaking(): Promise<TestServer & { taken: Taken }> {
  const taken: Taken = {
    repos: new Map(),
    visibility: new Map(),
    stored: new Map(),
    uploads: [],
    titles: [],
    branches: [],
  };
  const served: TestServer = await serve((request, response, url) => {
    void answer(request, response, decodeURIComponent(url.pathname));
  });

  async function answer(request: IncomingMessage, response: ServerResponse, at: string): Promise<void> {
    const body = await buffer(request);
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    const storage = /^\/storage\/(\w+)$/.exec(at);
    if (storage !== null) {
      expect(request.headers.authorization).toBeUndefined();
      expect(sha(body)).toBe(storage[1]);
      taken.stored.set(storage[1] ?? "", body);
      taken.uploads.push(storage[1] ?? "");
      json({});
      return;
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      json({ error: "Invalid token" }, 401);
      return;
    }
    if (at === "/api/whoami-v2") {
      json({ name: "acme", type: "user" });
      return;
    }
    if (at === "/api/validate-yaml") {
      json({ errors: [], warnings: [] });
      return;
    }
    if (at === "/api/repos/create") {
      create(JSON.parse(body.toString()) as Created, json);
      return;
    }
    const [, kind = "", name = "", verb = "", branch = ""] =
      /^\/api\/(models|datasets)\/([^/]+\/[^/]+)\/(preupload|commit|revision)\/([^/]+)$/.exec(at) ?? [];
    const repo = taken.repos.get(`${kind}/${name}`);
    const batch = /^\/(datasets\/)?([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/.exec(at);
    if (batch !== null) {
      json(wanted(JSON.parse(body.toString()) as Batch));
      return;
    }
    if (repo === undefined) {
      json({ error: "Repository not found" }, 404);
      return;
    }
    if (verb === "revision") {
      json({ id: name, sha: COMMIT, siblings: [] });
      return;
    }
    if (verb === "preupload") {
      const { files } = JSON.parse(body.toString()) as { files: { path: string; size: number }[] };
      json({
        files: files.map((file) => ({
          path: file.path,
          uploadMode: file.size >= LARGE ? "lfs" : "regular",
          shouldIgnore: false,
        })),
      });
      return;
    }
    const lines = body.toString().trim().split("\n");
    for (const line of lines.map((text) => JSON.parse(text) as Line)) {
      if (line.key === "header") {
        taken.titles.push(line.value.summary);
        taken.branches.push(branch);
      } else if (line.key === "file")
        repo.set(line.value.path, sha(Buffer.from(line.value.content, "base64")));
      else repo.set(line.value.path, taken.stored.has(line.value.oid) ? line.value.oid : "missing");
    }
    json({
      success: true,
      commitOid: COMMIT,
      commitUrl: `${served.url}/acme/x/commit/${COMMIT}`,
      hookOutput: "",
    });
  }

  function create(
    { name, organization, type, visibility }: Created,
    json: (value: unknown, status?: number) => void,
  ): void {
    const key = `${type ?? "model"}s/${organization}/${name}`;
    const id = `${organization}/${name}`;
    if (taken.repos.has(key)) {
      json({ error: "You already created this repo" }, 409);
      return;
    }
    taken.repos.set(key, new Map());
    taken.visibility.set(key, visibility);
    json({ url: `${served.url}/${id}`, id, name: id });
  }

  /** What a client still has to send of these. */
  function wanted({ objects }: Batch): unknown {
    return {
      transfer: "basic",
      objects: objects.map(({ oid, size }) => {
        const upload = { href: `${served.url}/storage/${oid}` };
        return { oid, size, ...(taken.stored.has(oid) ? {} : { actions: { upload } }) };
      }),
    };
  }

  return { ...served, taken };
}

interface Created {
  readonly name: string;
  readonly organization: string;
  readonly type?: string;
  readonly visibility?: string;
}

interface Batch {
  readonly objects: readonly { readonly oid: string; readonly size: number }[];
}

type Line =
  | { readonly key: "header"; readonly value: { readonly summary: string } }
  | { readonly key: "file"; readonly value: { readonly path: string; readonly content: string } }
  | { readonly key: "lfsFile"; readonly value: { readonly path: string; readonly oid: string } };
