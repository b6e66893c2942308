// The pairs of neighbours that a tokenizer's trainer has seen: how often, in which words, and which is to be joined next.
// Everything lies in typed arrays that grow: tens of millions of pairs, most of them in one word, would be too many objects.
// The order is that of Python's `tokenizers` (models/bpe/trainer.rs): the more frequent pair first, of equal ones that with
// the smaller left id, then right id.

/** A pair that is to be joined. */
export interface Offered {
  readonly left: number;
  readonly right: number;
  readonly count: number;
  /** Each word once, in no order; some may not have the pair any more. */
  readonly words: readonly number[];
}

export interface Pairs {
  /** A pair has come to stand in a word that is there `count` times. */
  gain(left: number, right: number, count: number, word: number): void;
  /** A pair has gone from a word that is there `count` times. */
  lose(left: number, right: number, count: number): void;
  /** What was gained since the last call may be offered from now on. */
  settle(): void;
  /** Takes the pair that comes first, with the words where it was gained; null where no pair is left. */
  next(): Offered | null;
}

const NONE = -1;
const FIRST_CAPACITY = 1 << 16;

/** An empty collection of pairs. */
export function openPairs(): Pairs {
  const known = openKnown();
  const queue = openQueue(known);
  const lists = openLists();
  /** Pairs that were gained since the last `settle`. */
  let touched: number[] = [];
  return {
    gain(left, right, count, word) {
      const pair = known.idOf(left, right);
      known.addTo(pair, count);
      const list = known.listOf(pair);
      if (list === NONE) touched.push(pair);
      if (list === NONE || lists.wordAt(list) !== word) known.setList(pair, lists.put(word, list));
    },
    lose(left, right, count) {
      known.addTo(known.idOf(left, right), -count);
    },
    settle() {
      for (const pair of touched) {
        const list = known.listOf(pair);
        known.setList(pair, NONE);
        if (known.countOf(pair) > 0) queue.push(known.countOf(pair), pair, list);
        else lists.take(list);
      }
      touched = [];
    },
    next() {
      const top = queue.pop();
      if (top === null) return null;
      const { pair, count, list } = top;
      return { left: known.leftOf(pair), right: known.rightOf(pair), count, words: lists.take(list) };
    },
  };
}

function grownInts(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 * array.length);
  grown.set(array);
  return grown;
}

function grownFloats(array: Float64Array): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(2 * array.length);
  grown.set(array);
  return grown;
}

interface Known {
  /** A number for the pair, the next free one where it is new. */
  idOf(left: number, right: number): number;
  leftOf(pair: number): number;
  rightOf(pair: number): number;
  countOf(pair: number): number;
  addTo(pair: number, count: number): void;
  listOf(pair: number): number;
  setList(pair: number, list: number): void;
}

/** Pairs by their ids: a hash table with open addressing, at most half full, over arrays of what is known of each. */
function openKnown(): Known {
  let size = 0;
  let lefts = new Int32Array(FIRST_CAPACITY);
  let rights = new Int32Array(FIRST_CAPACITY);
  let counts = new Float64Array(FIRST_CAPACITY);
  let lists = new Int32Array(FIRST_CAPACITY);
  let slots = new Int32Array(4 * FIRST_CAPACITY).fill(NONE);

  /** Where the pair is, or the free place where it belongs. */
  const slotOf = (left: number, right: number): number => {
    const mask = slots.length - 1;
    let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const pair = slots[slot] ?? NONE;
      if (pair === NONE || (lefts[pair] === left && rights[pair] === right)) return slot;
    }
  };
  const grow = (): void => {
    lefts = grownInts(lefts);
    rights = grownInts(rights);
    counts = grownFloats(counts);
    lists = grownInts(lists);
    slots = new Int32Array(4 * lefts.length).fill(NONE);
    for (let pair = 0; pair < size; pair++) slots[slotOf(lefts[pair] ?? 0, rights[pair] ?? 0)] = pair;
  };
  return {
    idOf(left, right) {
      const slot = slotOf(left, right);
      const found = slots[slot] ?? NONE;
      if (found !== NONE) return found;
      const pair = size++;
      slots[slot] = pair;
      lefts[pair] = left;
      rights[pair] = right;
      lists[pair] = NONE;
      if (size === lefts.length) grow();
      return pair;
    },
    leftOf: (pair) => lefts[pair] ?? 0,
    rightOf: (pair) => rights[pair] ?? 0,
    countOf: (pair) => counts[pair] ?? 0,
    addTo(pair, count) {
      counts[pair] = (counts[pair] ?? 0) + count;
    },
    listOf: (pair) => lists[pair] ?? NONE,
    setList(pair, list) {
      lists[pair] = list;
    },
  };
}

interface Lists {
  /** Puts a word in front of a list (or of none) and gives the new list. */
  put(word: number, list: number): number;
  /** The first word. */
  wordAt(list: number): number;
  /** The words; the list is gone. */
  take(list: number): number[];
}

/** Linked lists of words that share two arrays; links of those that were taken are used again. */
function openLists(): Lists {
  let size = 0;
  let free = NONE;
  let words = new Int32Array(FIRST_CAPACITY);
  let nexts = new Int32Array(FIRST_CAPACITY);
  const place = (): number => {
    if (free !== NONE) {
      const reused = free;
      free = nexts[reused] ?? NONE;
      return reused;
    }
    if (size === words.length) {
      words = grownInts(words);
      nexts = grownInts(nexts);
    }
    return size++;
  };
  return {
    put(word, list) {
      const at = place();
      words[at] = word;
      nexts[at] = list;
      return at;
    },
    wordAt: (list) => words[list] ?? NONE,
    take(list) {
      const taken: number[] = [];
      for (let at = list; at !== NONE;) {
        taken.push(words[at] ?? NONE);
        const next = nexts[at] ?? NONE;
        nexts[at] = free;
        free = at;
        at = next;
      }
      return taken;
    },
  };
}

interface Queued {
  readonly count: number;
  readonly pair: number;
  readonly list: number;
}

interface Queue {
  push(count: number, pair: number, list: number): void;
  /** The first entry whose count is still the pair's; those that are not are put back where they belong now. */
  pop(): Queued | null;
}

/** A heap of pairs with the count that each had when it was pushed. */
function openQueue(known: Known): Queue {
  let size = 0;
  let counts = new Float64Array(FIRST_CAPACITY);
  let pairs = new Int32Array(FIRST_CAPACITY);
  let lists = new Int32Array(FIRST_CAPACITY);

  /** Whether an entry of this count and pair goes before that at `at`. */
  const before = (count: number, pair: number, at: number): boolean => {
    const other = counts[at] ?? 0;
    if (count !== other) return count > other;
    const [mine, theirs] = [pair, pairs[at] ?? 0];
    const byLeft = known.leftOf(mine) - known.leftOf(theirs);
    return byLeft < 0 || (byLeft === 0 && known.rightOf(mine) < known.rightOf(theirs));
  };
  const set = (at: number, { count, pair, list }: Queued): void => {
    counts[at] = count;
    pairs[at] = pair;
    lists[at] = list;
  };
  const copy = (from: number, to: number): void => {
    counts[to] = counts[from] ?? 0;
    pairs[to] = pairs[from] ?? 0;
    lists[to] = lists[from] ?? 0;
  };
  const entryAt = (at: number): Queued => ({
    count: counts[at] ?? 0,
    pair: pairs[at] ?? 0,
    list: lists[at] ?? 0,
  });
  /** Puts an entry at the top, whose own is gone, and lets it sink. */
  const sink = (entry: Queued): void => {
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(counts[child + 1] ?? 0, pairs[child + 1] ?? 0, child)) child++;
      if (before(entry.count, entry.pair, child)) break;
      copy(child, at);
      at = child;
    }
    set(at, entry);
  };
  return {
    push(count, pair, list) {
      if (size === counts.length) {
        counts = grownFloats(counts);
        pairs = grownInts(pairs);
        lists = grownInts(lists);
      }
      let at = size++;
      for (let parent = (at - 1) >> 1; at > 0 && before(count, pair, parent); parent = (at - 1) >> 1) {
        copy(parent, at);
        at = parent;
      }
      set(at, { count, pair, list });
    },
    pop() {
      while (size > 0) {
        const top = entryAt(0);
        const count = known.countOf(top.pair);
        if (count !== top.count) {
          sink({ ...top, count });
          continue;
        }
        size--;
        if (size > 0) sink(entryAt(size));
        return top;
      }
      return null;
    },
  };
}
