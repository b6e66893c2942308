// The rules by which SentencePiece rewrites characters before it cuts a text (wide letters become plain ones, line breaks become
// blanks …), as a model carries them: its own table, which JavaScript's `normalize` only resembles. Reads the bytes of
// `precompiled_charsmap`; gives what Python's `tokenizers` make of a text, its oddities among them.
// Format: https://github.com/google/sentencepiece/blob/master/src/normalizer.h; the trie is Darts-clone's,
// https://github.com/s-yata/darts-clone
import { InputError } from "../core/errors.js";
import { remembered } from "./remembered.js";

/** A function that rewrites a text by such rules; `name` is what messages call the file. @throws InputError for what are none. */
export function openCharsmap(rules: Uint8Array, name: string): (text: string) => string {
  const ruleFor = openRules(rules, name);
  // A cluster that begins as a rule says is replaced whole, what follows in it too; a long one is not looked at whole.
  const rewritten = remembered((cluster) => {
    const whole = Buffer.byteLength(cluster) < LONG_CLUSTER ? ruleFor(cluster) : null;
    return whole ?? Array.from(cluster, (character) => ruleFor(character) ?? character).join("");
  });
  const changed = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter(
    (character) => rewritten(character) !== character,
  );
  const plain = (text: string): string =>
    changed.some((character) => text.includes(character)) ? Array.from(text, rewritten).join("") : text;
  const clustered = (text: string): string =>
    Array.from(clusters.segment(text), ({ segment }) => rewritten(segment)).join("");
  return (text) => byStretches(text, plain, clustered);
}

/** Bytes of UTF-8. */
const LONG_CLUSTER = 6;

const clusters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Two of ASCII, or one and the end: nothing ties them together, but for a line break of two. */
const PLAIN_PAIR = /(?!\r)\p{ASCII}(?:(?!\r)\p{ASCII}|$)/gu;
const UNUSUAL = /[\r\P{ASCII}]/gu;

/** Finding clusters is slow, so it is done only near characters that may be part of one of several. */
function byStretches(
  text: string,
  plain: (text: string) => string,
  clustered: (text: string) => string,
): string {
  const parts: string[] = [];
  for (let done = 0; done < text.length;) {
    UNUSUAL.lastIndex = done;
    const unusual = UNUSUAL.exec(text)?.index ?? text.length;
    // What stands before may be the letter of an accent, what stands behind may be tied to it, too.
    const start = unusual === text.length ? unusual : Math.max(done, unusual - 1);
    parts.push(plain(text.slice(done, start)));
    PLAIN_PAIR.lastIndex = unusual;
    const pair = PLAIN_PAIR.exec(text);
    done = pair === null ? text.length : pair.index + 1;
    parts.push(clustered(text.slice(start, done)));
  }
  return parts.join("");
}

/** A function from a text to what the shortest beginning of it becomes that has a rule; null where none has. */
function openRules(rules: Uint8Array, name: string): (text: string) => string | null {
  const bytes = Buffer.from(rules);
  const size = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length)
    throw new InputError(`${name}: its precompiled_charsmap is damaged; fetch the file again`);
  const nodes = Uint32Array.from({ length: size / 4 }, (_, at) => bytes.readUInt32LE(4 + 4 * at));
  const texts = bytes.subarray(4 + size);
  const textAt = (start: number): string => {
    const end = texts.indexOf(0, start);
    return texts.toString("utf8", start, end === -1 ? texts.length : end);
  };
  // A node is found at its parent's place, its parent's offset and its byte, all by exclusive or; bit 8 tells that a text
  // is where its own offset leads to.
  const offset = (node: number): number => (node >>> 10) << ((node & 0x200) >>> 6);
  return (text) => {
    let at = offset(nodes[0] ?? 0);
    for (const byte of Buffer.from(text, "utf8")) {
      const node = nodes[at ^ byte] ?? 0;
      if (byte === 0 || (node & 0x800000ff) !== byte) return null;
      at ^= byte ^ offset(node);
      if ((node & 0x100) !== 0) return textAt((nodes[at] ?? 0) & 0x7fffffff);
    }
    return null;
  };
}
