// The wait between two tries of a request: decided by `retry.ts`, told to people where it is long, ended by an AbortSignal.
// Clock, chance and sleep are arguments, so that tests wait nowhere.
import { setTimeout as pause } from "node:timers/promises";
import { asError } from "../core/files.js";
import { Cut, HttpError, PATIENCE, waitAfter, type Patience } from "./retry.js";

export interface RestOptions extends Partial<Patience> {
  /** Hears of waits of ten seconds and more, in one line for people. */
  readonly onWait?: (text: string) => void;
  /** Milliseconds of the clock, 0..1, and a sleep; injected by tests. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** Waits until another try is due after the `failures`-th failure in a row (from 1); throws the error where there is no point in one. */
export type Rest = (error: unknown, failures: number, signal: AbortSignal | undefined) => Promise<void>;

const LONG_WAIT_MS = 10_000;

/** The wait of all requests of a client. */
export function openRest(options: RestOptions = {}): Rest {
  const patience = { ...PATIENCE, ...options };
  const { now = Date.now, random = Math.random, onWait = () => undefined, sleep = sleepFor } = options;
  return async (error, failures, signal) => {
    signal?.throwIfAborted();
    if (!(error instanceof HttpError || error instanceof Cut)) throw error;
    const wait = waitAfter(error, failures, patience, random(), now());
    if (wait === null) throw error;
    if (wait >= LONG_WAIT_MS) onWait(`${error.message}; trying again in ${Math.ceil(wait / 1_000)} s`);
    await sleep(wait, signal).catch((reason: unknown) => {
      signal?.throwIfAborted();
      throw asError(reason);
    });
  };
}

function sleepFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return pause(ms, undefined, signal ? { signal } : {});
}
