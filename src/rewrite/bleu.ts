// CoNaLa's figures (https://conala-corpus.github.io/, rules of https://github.com/conala-corpus/conala-baseline): corpus BLEU-4
// without smoothing and exact match, over tokens that its tokenizer makes of code and of words alike. Pure.

/** Longest n-grams that count. */
const LONGEST = 4;

/** Python's, which has five characters more than JavaScript's, and lacks the byte order mark. */
// eslint-disable-next-line no-control-regex -- the separators of ASCII are meant
const WHITE_SPACE = /[\x1c-\x1f\x85]|(?!\ufeff)\s/g;

/**
 * CoNaLa's tokens (after Ling et al. 2016, https://arxiv.org/abs/1603.06744): every character that is no letter of ASCII, digit
 * or underscore stands alone, camelCase is cut, both quotes are one.
 */
export function conalaTokens(text: string): string[] {
  return text
    .replace(/[^A-Za-z0-9_]/gu, " $& ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(WHITE_SPACE, " ")
    .replace(/["']/g, "`")
    .split(" ")
    .filter((token) => token !== "");
}

/** What a corpus of answers comes to; all but the lengths between 0 and 1. */
export interface RewriteScore {
  /** Brevity penalty times the geometric mean of the precisions; 0 where one of these is. */
  readonly bleu: number;
  /** Share of the answers whose tokens are those of the reference. */
  readonly exact: number;
  /** Of n-grams of 1 to 4 tokens, each counted at most as often as the reference has it; 0 where there are none. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** Tokens of all answers and of all references. */
  readonly length: number;
  readonly referenceLength: number;
}

/**
 * Scores answers against one reference each, in the same order (Papineni et al. 2002, https://aclanthology.org/P02-1040).
 * CoNaLa prints `bleu` and `exact` times 100 with two digits. Both lists are as long; of none everything is 0.
 */
export function rewriteScore(answers: readonly string[], references: readonly string[]): RewriteScore {
  const [matched, possible] = [new Float64Array(LONGEST), new Float64Array(LONGEST)];
  let [length, referenceLength, same] = [0, 0, 0];
  for (const [at, reference] of references.entries()) {
    const [answer, wanted] = [conalaTokens(answers[at] ?? ""), conalaTokens(reference)];
    length += answer.length;
    referenceLength += wanted.length;
    if (answer.length === wanted.length && answer.every((token, n) => token === wanted[n])) same++;
    for (let n = 1; n <= LONGEST; n++) {
      matched[n - 1] = (matched[n - 1] ?? 0) + overlap(ngrams(answer, n), ngrams(wanted, n));
      possible[n - 1] = (possible[n - 1] ?? 0) + Math.max(0, answer.length - n + 1);
    }
  }
  const precisions = Array.from(matched, (count, n) => count / Math.max(1, possible[n] ?? 0));
  const brevityPenalty =
    length > referenceLength ? 1 : length === 0 ? 0 : Math.exp(1 - referenceLength / length);
  const mean = Math.exp(precisions.reduce((sum, share) => sum + Math.log(share), 0) / LONGEST);
  return {
    bleu: brevityPenalty * mean,
    exact: references.length === 0 ? 0 : same / references.length,
    precisions,
    brevityPenalty,
    length,
    referenceLength,
  };
}

function ngrams(tokens: readonly string[], n: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + n <= tokens.length; at++) {
    // No token holds a space.
    const gram = tokens.slice(at, at + n).join(" ");
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** How many n-grams of the one are in the other, as often as they are in both. */
function overlap(ours: ReadonlyMap<string, number>, theirs: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [gram, count] of ours) sum += Math.min(count, theirs.get(gram) ?? 0);
  return sum;
}
