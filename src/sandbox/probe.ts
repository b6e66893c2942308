// Whether a sandbox keeps what it promises on this machine: a few programs that try to get out, to stay or to forge, and a
// harmless one that must pass. Run when the native sandbox is opened; a machine on which one gets through has none.
import type { Mode, JudgingSandbox, Outcome } from "./sandbox.js";

interface Trial {
  readonly what: string;
  readonly code: string;
  readonly mode: Mode;
  readonly holds: (outcome: Outcome) => boolean;
}

const TESTS = "assert f(2) == 4\n";
const HARMLESS = "def f(x):\n    return x * x\n";
const refused = ({ status }: Outcome): boolean => status === "error" || status === "exit";
const passes = ({ status, asserts }: Outcome): boolean => status === "passed" && asserts === 1;

/** Programs that reach for something and are right (`f` squares) only if they get it. */
const reaching = (attempt: string): string => `${attempt}\n${HARMLESS}`;

const TRIALS: readonly Trial[] = [
  { what: "runs a harmless program", code: HARMLESS, mode: "one-world", holds: passes },
  { what: "runs a harmless program in two worlds", code: HARMLESS, mode: "split", holds: passes },
  {
    what: "keeps the machine's files to itself",
    code: reaching('open("/etc/passwd").read()'),
    mode: "one-world",
    holds: refused,
  },
  {
    what: "can't be written to",
    code: reaching('open("/usr/selfalign-probe", "w")'),
    mode: "one-world",
    holds: refused,
  },
  {
    what: "has no network",
    code: reaching("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)"),
    mode: "one-world",
    holds: refused,
  },
  {
    what: "starts no process",
    code: reaching("import os\nos.fork()"),
    mode: "one-world",
    holds: refused,
  },
  {
    what: "does not take an exit for a pass",
    code: "import os\ndef f(x):\n    os._exit(0)\n",
    mode: "split",
    holds: refused,
  },
  {
    what: "does not let an object answer for itself",
    code: "class Equal:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return Equal()\n",
    mode: "split",
    holds: ({ status }) => status === "unsupported",
  },
];

/** What the sandbox fails to do, or null when it kept every promise that was tried. */
export async function probeSandbox(sandbox: JudgingSandbox): Promise<string | null> {
  const outcomes = await Promise.all(
    TRIALS.map(({ code, mode }) => sandbox.judge({ code, tests: TESTS, entryPoint: "f", mode })),
  );
  const broken = TRIALS.findIndex(({ holds }, i) => {
    const outcome = outcomes[i];
    return outcome === undefined || !holds(outcome);
  });
  if (broken === -1) return null;
  const outcome = outcomes[broken];
  return `it failed the trial '${TRIALS[broken]?.what ?? ""}' (${outcome?.status ?? ""}: ${outcome?.message ?? ""})`;
}
