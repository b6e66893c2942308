// A sandbox that starts when the first job comes: a run whose stages are finished never starts one.
import type { Sandbox, SandboxIdentity } from "./sandbox.js";

/** The same contract, opened by `open` at the first job; `close` closes what was opened. */
export function lazySandbox(identity: SandboxIdentity, open: () => Promise<Sandbox>): Sandbox {
  let opening: Promise<Sandbox> | null = null;
  const opened = (): Promise<Sandbox> => (opening ??= open());
  return {
    ...identity,
    judge: async (job) => (await opened()).judge(job),
    observe: async (job) => (await opened()).observe(job),
    kill: async (job) => (await opened()).kill(job),
    close: async () => {
      const sandbox = await opening?.catch(() => null);
      await sandbox?.close();
    },
  };
}
