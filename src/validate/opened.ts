// The sandbox that a caller of a verification asked for.
import { openSandbox } from "../sandbox/open.js";
import type { Sandbox } from "../sandbox/sandbox.js";
import type { VerifyOptions, VerifySettings } from "./options.js";

/** Opens it; `onNotice` is told what takes a while. @throws InputError as `openSandbox` does. */
export function sandboxFor(
  { workers, python, open = openSandbox }: VerifyOptions,
  { sandbox: choice, timeoutMs }: VerifySettings,
  onNotice: (text: string) => void,
): Promise<Sandbox> {
  return open({
    choice,
    timeoutMs,
    onNotice,
    ...(workers === undefined ? {} : { workers }),
    ...(python === undefined ? {} : { python }),
  });
}
