// The program of the sandbox's child process: keeps one booted world at hand and does what its parent's lines say.
// It is started locked down (`children.ts`) as `child.js MODE PYODIDE HERE MEMORY_BYTES VARIATION`; MODE `snapshot` writes a memory
// snapshot to stdout and ends, `serve` reads the snapshot from descriptor 3 and answers lines on stdin until it closes.
import { closeSync, fstatSync, readFileSync, readSync } from "node:fs";
import { createInterface } from "node:readline";
import { openWorld, readRealmFiles } from "./realm.js";
import type { Limits, RealmFiles, World } from "./realm.js";
import { HARNESS_FILES, INSIDE_FILE, SNAPSHOT_DESCRIPTOR, SNAPSHOT_HEADER_BYTES } from "./wire.js";
import type { Answer, Order, Reply } from "./wire.js";

const FILE_BYTES = 32 * 1024 * 1024;
const FILE_COUNT = 5_000;
/** The harness's longest answer is far below. */
const REPLY_CHARACTERS = 100_000;
/** Modules that are warm in every world, since programs import them often. */
const WARM =
  "abc,argparse,ast,asyncio,base64,bisect,collections,contextlib,copy,csv,dataclasses,datetime,decimal,enum,fractions," +
  "functools,hashlib,heapq,inspect,io,itertools,json,logging,math,operator,os,pathlib,queue,random,re,secrets,shlex," +
  "statistics,string,struct,tempfile,textwrap,traceback,types,typing,unittest,urllib.parse,uuid,warnings";

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function readSnapshot(): Uint8Array {
  const size = fstatSync(SNAPSHOT_DESCRIPTOR).size - SNAPSHOT_HEADER_BYTES;
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size;) {
    const read = readSync(SNAPSHOT_DESCRIPTOR, bytes, done, size - done, SNAPSHOT_HEADER_BYTES + done);
    if (read === 0) throw new Error("internal: the snapshot ends too early");
    done += read;
  }
  closeSync(SNAPSHOT_DESCRIPTOR);
  return bytes;
}

/** Python that makes our sources one module with builtins of its own and leaves nothing else behind. */
function harnessLoader(sources: readonly (readonly [name: string, source: string])[]): string {
  const text = JSON.stringify(JSON.stringify(sources));
  return `
import builtins, gc, json, sys, types
import ${WARM}
module = types.ModuleType("_harness")
module.__dict__["__builtins__"] = dict(vars(builtins))
sys.modules["_harness"] = module
for name, source in json.loads(${text}):
    exec(compile(source, f"<{name}>", "exec", dont_inherit=True), module.__dict__)
for name in [name for name in globals() if not name.startswith("__")]:
    del globals()[name]
import gc
gc.collect()
gc.freeze()
del gc
`;
}

async function makeSnapshot(files: RealmFiles, limits: Limits, here: string): Promise<void> {
  const world = await openWorld(files, limits, null, true);
  world.run(harnessLoader(HARNESS_FILES.map((name) => [name, readFileSync(`${here}/${name}`, "utf8")])));
  process.stdout.write(world.snapshot());
}

/** One call. Whatever the realm throws or returns, but a text, is no answer. */
function obey(world: World, verb: string, text: string): Reply {
  let reply: unknown;
  try {
    reply = world.call(verb, text);
  } catch {
    reply = "!died";
  }
  const sound = typeof reply === "string" && reply.length <= REPLY_CHARACTERS ? reply : "!no reply";
  return { reply: sound, written: world.written() };
}

async function serve(files: RealmFiles, limits: Limits): Promise<void> {
  const snapshot = readSnapshot();
  const open = async (): Promise<World> => {
    const world = await openWorld(files, limits, snapshot);
    version = world.seal();
    return world;
  };
  let version = "";
  let code = await open();
  // A second world for the tests, from the first job on that judges in two; it is kept ready like the first.
  let tests: World | null = null;
  say({ ready: version, pid: process.pid });
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order;
    if (!("verb" in order)) {
      code = await open();
      if (tests !== null) tests = await open();
      say({ fresh: true });
    } else if (order.verb === "confront") {
      tests ??= await open();
      const asked = code;
      tests.connect((text) => asked.call("serve", text));
      const { reply, written } = obey(tests, order.verb, order.text);
      say({ reply, written: written + code.written() });
    } else {
      say(obey(code, order.verb, order.text));
    }
  }
}

function main([mode = "", pyodide = "", here = "", ...numbers]: readonly string[]): Promise<void> {
  const files = readRealmFiles(pyodide, `${here}/${INSIDE_FILE}`);
  const [memoryBytes = 0, variation = 0] = numbers.map(Number);
  const limits = { memoryBytes, variation, fileBytes: FILE_BYTES, fileCount: FILE_COUNT };
  return mode === "snapshot" ? makeSnapshot(files, limits, here) : serve(files, limits);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
