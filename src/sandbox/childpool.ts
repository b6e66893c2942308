// A few children and the jobs that wait for them. A job has a child to itself, with a world that nothing else has
// used; a job that asks to be alone runs on a new child while no other job runs. First come, first served.

/** A process that does one job after another. */
export interface Renewable {
  readonly alive: () => boolean;
  /** Readies it for the next job; false when it could not within `wallMs`. */
  renew(wallMs: number): Promise<boolean>;
  kill(): Promise<void>;
}

export interface ChildPool<Child extends Renewable> {
  /** Runs a job; `alone` waits until the pool is empty, keeps it so, and gives the job a child that was just started. */
  run<T extends object>(job: (child: Child) => Promise<T>, alone?: boolean): Promise<T>;
  /** Ends all children, whatever they do; jobs that still wait are refused. */
  close(): Promise<void>;
}

interface Waiting<Child> {
  readonly alone: boolean;
  readonly start: (slot: Slot<Child>) => Promise<void>;
  readonly refuse: (error: Error) => void;
}

interface Slot<Child> {
  child: Child | null;
  /** Whether the child's present world is unused; null while a job has it. */
  ready: Promise<boolean> | null;
}

const RENEW_MS = 20_000;

const closed = (): Error => new Error("the sandbox is closed: open another one");

/** A pool of up to `size` children; `first` is already running and unused, the others are started when needed. */
export function openPool<Child extends Renewable>(
  size: number,
  first: Child,
  start: () => Promise<Child>,
): ChildPool<Child> {
  const slots: Slot<Child>[] = Array.from({ length: size }, () => ({ child: null, ready: null }));
  const idle = [...slots];
  const waiting: Waiting<Child>[] = [];
  let open = true;
  let alone = false;
  Object.assign(slots[0] ?? {}, { child: first, ready: Promise.resolve(true) });

  const dispatch = (): void => {
    const [next] = waiting;
    if (next === undefined || alone || (next.alone && idle.length < size)) return;
    const slot = idle.shift();
    if (slot === undefined) return;
    waiting.shift();
    alone = next.alone;
    void next.start(slot).finally(() => {
      alone = false;
      idle.push(slot);
      dispatch();
    });
    dispatch();
  };

  /** The slot's child with an unused world; a child that could not be renewed is replaced. */
  const prepared = async (slot: Slot<Child>, anew: boolean): Promise<Child> => {
    const usable = slot.child !== null && slot.ready !== null && (await slot.ready);
    if (slot.child !== null && usable && !anew && slot.child.alive()) return slot.child;
    await slot.child?.kill();
    slot.child = await start();
    return slot.child;
  };

  const work = async <T extends object>(
    slot: Slot<Child>,
    anew: boolean,
    job: (child: Child) => Promise<T>,
  ): Promise<T> => {
    const child = await prepared(slot, anew);
    slot.ready = null;
    try {
      const result = open ? await job(child) : null;
      if (result !== null && open) return result;
      await child.kill();
      throw closed();
    } finally {
      // The next world is booted while nobody waits; what hangs there is the last program's doing.
      slot.ready = child.alive() ? child.renew(RENEW_MS) : Promise.resolve(false);
    }
  };

  return {
    run: (job, lonely = false) =>
      new Promise((resolve, reject) => {
        if (!open) {
          reject(closed());
          return;
        }
        const begin = (slot: Slot<Child>): Promise<void> => work(slot, lonely, job).then(resolve, reject);
        waiting.push({ alone: lonely, start: begin, refuse: reject });
        dispatch();
      }),
    async close() {
      open = false;
      for (const { refuse } of waiting.splice(0)) refuse(closed());
      await Promise.all(slots.map(async ({ child }) => child?.kill()));
    },
  };
}
