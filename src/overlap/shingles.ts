// What two texts are compared by: the hashes of their runs of five tokens. A token is a run of letters, digits and
// underscores, with everything beyond ASCII taken for a letter; case counts. Takes a text, fills a buffer of 32-bit
// hashes, in order and with repetitions (a minimum doesn't mind them). Fewer than five tokens make one shingle.
// Source: A. Broder, "On the resemblance and containment of documents", 1997.

/** Tokens per shingle, as in the reference's near-duplicate step. */
export const SHINGLE_TOKENS = 5;

/** Hashes of shingles, in a buffer that grows and is used again for the next text. */
export interface Shingles {
  /** Reads a text and gives the number of its shingles; 0 for one without tokens. */
  read(text: string): number;
  /** Its first `read()` entries are the shingles of the last text. */
  readonly hashes: () => Uint32Array;
}

/** A reader with a buffer of its own. */
export function openShingles(): Shingles {
  let tokens = new Uint32Array(1_024);
  return {
    read(text) {
      // A text of n units has at most (n + 1) / 2 tokens.
      if (tokens.length * 2 <= text.length) tokens = new Uint32Array(text.length);
      return gather(tokens, readTokens(text, tokens));
    },
    hashes: () => tokens,
  };
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Hash of each token, by FNV-1a over its UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv), scrambled. */
function readTokens(text: string, into: Uint32Array): number {
  let count = 0;
  let hash = FNV_OFFSET;
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 128 || WORD[unit] === 1) {
      hash = Math.imul(hash ^ unit, FNV_PRIME);
      inside = true;
    } else if (inside) {
      into[count++] = scrambled(hash);
      hash = FNV_OFFSET;
      inside = false;
    }
  }
  if (inside) into[count++] = scrambled(hash);
  return count;
}

const WORD = Uint8Array.from({ length: 128 }, (_, unit) => (/\w/.test(String.fromCharCode(unit)) ? 1 : 0));

/** Puts the hash of each run of tokens in the place of its first token; gives their number. */
function gather(tokens: Uint32Array, count: number): number {
  if (count === 0) return 0;
  const width = Math.min(SHINGLE_TOKENS, count);
  const shingles = count - width + 1;
  for (let at = 0; at < shingles; at++) {
    let hash = 0;
    for (let next = at; next < at + width; next++) {
      hash = Math.imul(hash ^ (tokens[next] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    tokens[at] = scrambled(hash);
  }
  return shingles;
}

/** The finaliser of MurmurHash3 (https://github.com/aappleby/smhasher): every bit of the input moves every bit. */
export function scrambled(hash: number): number {
  let bits = hash ^ (hash >>> 16);
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
