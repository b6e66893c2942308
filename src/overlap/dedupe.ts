// Near-duplicates of token shingles: MinHash finds candidates by bands, their estimated similarity decides. Two ways:
// one text after the other, where the first of its kind stays and whatever resembles one that stayed is a duplicate of
// it; and whole clusters at once. Both depend on nothing but the texts and their order.
import { InputError } from "../core/errors.js";
import { bandingFor } from "./bands.js";
import { openSigner, type SignerOptions } from "./minhash.js";
import { openSketches } from "./sketches.js";

export interface NearDuplicateOptions extends SignerOptions {
  /** Jaccard similarity of token 5-grams, above 0 and at most 1, from which texts are near-duplicates; default 0.5. */
  readonly threshold?: number;
}

/** Thresholds of the reference: for functions, and for finished pairs. */
export const SEED_THRESHOLD = 0.5;
export const PAIR_THRESHOLD = 0.7;

/** The kept text that another resembles. */
export interface Resemblance {
  /** Which of the kept ones, from 0 in the order in which they came; the most similar, of equals the first. */
  readonly duplicateOf: number;
  /** Estimated Jaccard similarity, 0..1. */
  readonly similarity: number;
}

/** What became of a text: kept, or too similar to one kept before. */
export type Kept = { readonly kept: true } | ({ readonly kept: false } & Resemblance);

/** A text that was looked at and is not kept yet. */
export interface Looked {
  /** What it is too similar to; null where it may be kept. */
  readonly near: Resemblance | null;
  /** Remembers it, whatever it resembles; at most once. */
  readonly keep: () => void;
}

/** Keeps the first text of each kind. */
export interface NearDuplicates {
  /**
   * Looks at a text and remembers it if it is kept. State is a function of the kept texts alone, so adding these again
   * in their order, as on a resume, rebuilds it. A text without tokens is like no other.
   */
  readonly add: (text: string) => Kept;
  /** Looks at a text for a caller who decides by more than this text whether it is kept. */
  readonly look: (text: string) => Looked;
  /** Texts kept so far. */
  readonly size: () => number;
}

/**
 * An empty memory of texts. Give it functions without what they carry: a helper in common makes different functions
 * alike (of the standard library's 809 seeds 131 would go, of their functions alone 38). With the default settings each
 * text kept takes 256 bytes and 42 slots: 586 bytes of resident memory for one in a million
 * (`npm run bench -- dedupe-memory`).
 */
export function openNearDuplicates(options: NearDuplicateOptions = {}): NearDuplicates {
  const { bands, rows, threshold, signer } = settingsOf(options);
  const sketches = openSketches({ bands, rows }, signer.permutations);
  // A text without tokens has a number, but no sketch.
  const numbers: number[] = [];
  let size = 0;
  const nearest = (sketch: Uint8Array): Resemblance | null => {
    let [duplicateOf, similarity] = [-1, 0];
    const seen = new Set<number>();
    const weigh = (candidate: number): void => {
      if (seen.has(candidate)) return;
      seen.add(candidate);
      const estimate = sketches.similarity(sketch, candidate);
      if (estimate > similarity || (estimate === similarity && candidate < duplicateOf))
        [duplicateOf, similarity] = [candidate, estimate];
    };
    for (let band = 0; band < bands; band++) sketches.search(band, sketch, weigh);
    return similarity >= threshold ? { duplicateOf: numbers[duplicateOf] ?? duplicateOf, similarity } : null;
  };
  const keep = (sketch: Uint8Array): void => {
    const stored = sketches.store(sketch);
    for (let band = 0; band < bands; band++) sketches.insert(band, stored);
    numbers.push(size++);
  };
  const look = (text: string): Looked => {
    // The signer's next text overwrites its buffer.
    const sketch = signer.sketch(text)?.slice() ?? null;
    if (sketch === null) return { near: null, keep: () => (size += 1) };
    return {
      near: nearest(sketch),
      keep: () => {
        keep(sketch);
      },
    };
  };
  return {
    size: () => size,
    look,
    add(text) {
      const { near, keep: remember } = look(text);
      if (near !== null) return { kept: false, ...near };
      remember();
      return { kept: true };
    },
  };
}

/** One entry per text, in order. */
export interface Clusters {
  /** The first text of its cluster, by number; its own number for one that stays. */
  readonly survivors: Uint32Array;
  /** Estimated similarity to that survivor, 0..1; in a chain it may lie below the threshold. 1 for those that stay. */
  readonly similarities: Float32Array;
}

/**
 * Clusters of texts that are linked by similarity, directly or through others (union-find over verified candidates).
 * A band keeps those of a cluster that are alike by one entry, so that a thousand copies of one text cost no million
 * comparisons; a link that only such an absorbed text has in no other band is missed.
 */
export function clusterNearDuplicates(texts: Iterable<string>, options: NearDuplicateOptions = {}): Clusters {
  const { bands, rows, threshold, signer } = settingsOf(options);
  const sketches = openSketches({ bands, rows }, signer.permutations);
  const parents: number[] = [];
  const similar: number[] = [];
  // Texts without tokens have a number but no sketch.
  const stored: number[] = [];
  const numbers: number[] = [];
  for (const text of texts) {
    const number = parents.push(parents.length) - 1;
    const sketch = signer.sketch(text);
    stored.push(sketch === null ? -1 : sketches.size());
    if (sketch === null) continue;
    const links = new Map<number, boolean>();
    const absorbed = new Set<number>();
    for (let band = 0; band < bands; band++) {
      sketches.search(band, sketch, (candidate) => {
        const link = links.get(candidate) ?? sketches.similarity(sketch, candidate) >= threshold;
        links.set(candidate, link);
        if (!link) return;
        absorbed.add(band);
        unite(parents, numbers[candidate] ?? number, number);
      });
    }
    const place = sketches.store(sketch);
    numbers.push(number);
    for (let band = 0; band < bands; band++) if (!absorbed.has(band)) sketches.insert(band, place);
  }
  const survivors = Uint32Array.from(parents, (_, number) => rootOf(parents, number));
  survivors.forEach((survivor, number) => {
    const [own = -1, its = -1] = [stored[number], stored[survivor]];
    similar.push(survivor === number ? 1 : sketches.similarity(sketches.sketchOf(own), its));
  });
  return { survivors, similarities: Float32Array.from(similar) };
}

/** What several clusterings of the same texts link, directly or one through the other: the first text of each one's cluster. */
export function linkedTogether(clusterings: readonly Clusters["survivors"][]): Uint32Array {
  const parents = Array.from(clusterings[0] ?? [], (_, number) => number);
  for (const survivors of clusterings)
    survivors.forEach((survivor, number) => {
      unite(parents, survivor, number);
    });
  return Uint32Array.from(parents, (_, number) => rootOf(parents, number));
}

function settingsOf({ threshold = SEED_THRESHOLD, ...rest }: NearDuplicateOptions): {
  readonly threshold: number;
  readonly bands: number;
  readonly rows: number;
  readonly signer: ReturnType<typeof openSigner>;
} {
  if (!(threshold > 0 && threshold <= 1))
    throw new InputError(`threshold must be above 0 and at most 1, not ${threshold}`);
  const signer = openSigner(rest);
  return { threshold, ...bandingFor(threshold, signer.permutations), signer };
}

/** The lowest number of a cluster, halving paths on the way. */
function rootOf(parents: number[], number: number): number {
  let at = number;
  for (let up = parents[at] ?? at; up !== at; up = parents[at] ?? at) {
    parents[at] = parents[up] ?? up;
    at = parents[at] ?? at;
  }
  return at;
}

function unite(parents: number[], a: number, b: number): void {
  const [first, second] = [rootOf(parents, a), rootOf(parents, b)];
  parents[Math.max(first, second)] = Math.min(first, second);
}
