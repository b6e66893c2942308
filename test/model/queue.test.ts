import { describe, expect, it } from "vitest";
import { queueOf } from "../../src/model/queue.js";
import type { DrawRequest } from "../../src/model/rows.js";

const request = (length: number, key = String(length)): DrawRequest => ({
  key,
  prompt: new Array<number>(length).fill(1),
  maxTokens: 1,
  temperature: 0,
  topP: 1,
  topK: null,
  seed: 0,
});

async function* coming(lengths: readonly number[]): AsyncGenerator<DrawRequest> {
  for (const [at, length] of lengths.entries())
    yield await Promise.resolve(request(length, `${at}:${length}`));
}

const keys = (requests: readonly DrawRequest[]): string[] => requests.map(({ key }) => key);

/** A source that gives what it is told to, when it is told. */
function told(): {
  source: AsyncIterable<DrawRequest>;
  give: (length: number) => void;
  fail: (error: Error) => void;
} {
  const waiting: PromiseWithResolvers[] = [];
  const next = (): PromiseWithResolvers => {
    const first = waiting[0] ?? newPromise();
    if (waiting.length === 0) waiting.push(first);
    return first;
  };
  return {
    source: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          yield await next().promise;
          waiting.shift();
        }
      },
    },
    give: (length) => next().resolve(request(length)),
    fail: (error) => next().reject(error),
  };
}

interface PromiseWithResolvers {
  readonly promise: Promise<DrawRequest>;
  readonly resolve: (value: DrawRequest) => void;
  readonly reject: (error: Error) => void;
}

function newPromise(): PromiseWithResolvers {
  let [resolve, reject]: [PromiseWithResolvers["resolve"], PromiseWithResolvers["reject"]] = [
    () => undefined,
    () => undefined,
  ];
  const promise = new Promise<DrawRequest>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

describe("a queue", () => {
  it("takes no more than it is asked for, in the source's order", async () => {
    const queue = queueOf(coming([1, 2, 3, 4, 5]));
    await queue.fill(3, true);
    expect(keys(queue.waiting)).toEqual(["0:1", "1:2", "2:3"]);
    await queue.fill(3, true);
    expect(queue.waiting.length).toBe(3);
    await queue.fill(9, true);
    expect(queue.waiting.length).toBe(5);
    await queue.fill(9, true);
    expect(queue.waiting.length).toBe(5);
  });

  it("gives the one that waited longest and those of about its length, and leaves the others in order", async () => {
    const queue = queueOf(coming([5, 90, 6, 80, 4, 5]));
    await queue.fill(6, true);
    expect(keys(queue.takeAlike(3))).toEqual(["0:5", "5:5", "2:6"]);
    expect(keys(queue.waiting)).toEqual(["1:90", "3:80", "4:4"]);
    expect(keys(queue.takeAlike(2))).toEqual(["1:90", "3:80"]);
    expect(keys(queue.takeAlike(2))).toEqual(["4:4"]);
    expect(queue.takeAlike(2)).toEqual([]);
  });

  it("gives first what was put back", async () => {
    const queue = queueOf(coming([5, 6, 7]));
    await queue.fill(3, true);
    const taken = queue.takeAlike(2);
    queue.putBack(taken);
    expect(keys(queue.waiting)).toEqual(["0:5", "1:6", "2:7"]);
  });

  it("waits for a first one only where it is patient", async () => {
    const { source, give } = told();
    const queue = queueOf(source);
    await queue.fill(4, false);
    expect(queue.waiting).toEqual([]);
    const patient = queue.fill(4, true);
    setTimeout(() => give(3), 10);
    await patient;
    expect(keys(queue.waiting)).toEqual(["3"]);
    await queue.fill(4, true);
    expect(keys(queue.waiting)).toEqual(["3"]);
    give(4);
    await queue.fill(4, false);
    expect(keys(queue.waiting)).toEqual(["3", "4"]);
  });

  it("has a little patience for each of the others", async () => {
    const slow = async function* (ms: number) {
      for (let length = 1; length <= 3; length++) {
        await new Promise((resolve) => setTimeout(resolve, ms));
        yield request(length);
      }
    };
    const queue = queueOf(slow(2), 10_000);
    await queue.fill(9, true);
    expect(keys(queue.waiting)).toEqual(["1", "2", "3"]);
    const hasty = queueOf(slow(200), 0);
    await hasty.fill(9, true);
    expect(keys(hasty.waiting)).toEqual(["1"]);
  });

  it("throws what the source throws, when it is asked again", async () => {
    const { source, fail } = told();
    const queue = queueOf(source);
    await queue.fill(4, false);
    fail(new Error("no more paper"));
    await expect(queue.fill(4, false)).rejects.toThrow("no more paper");
    await queue.close();
  });

  it("waits no longer than its signal, and closes though the source never answers", async () => {
    const { source } = told();
    const queue = queueOf(source);
    const abort = new AbortController();
    const filled = queue.fill(4, true, abort.signal);
    abort.abort(new Error("enough"));
    await expect(filled).rejects.toThrow("enough");
    await expect(queue.fill(4, true, abort.signal)).rejects.toThrow("enough");
    await queue.close();
    await queue.fill(4, true);
    expect(queue.waiting).toEqual([]);
  });

  it("lets the source end its work when it is closed", async () => {
    let ended = false;
    const source = (async function* () {
      try {
        yield* coming([1, 2]);
      } finally {
        ended = true;
      }
    })();
    const queue = queueOf(source);
    await queue.fill(1, true);
    await queue.close();
    expect(ended).toBe(true);
  });
});
