// The text of a row as its tokens come, and where it ends: before the first stop string. Whoever wants to read along hears it in
// pieces, less what may yet turn out to be the beginning of a stop string.
import type { StreamDecoder, Tokenizer } from "../model/tokenizer.js";

export interface Watched {
  /** Begins anew; what it gives sees each token and says whether the text has ended. */
  readonly begin: () => (token: number) => boolean;
  /** The text so far, up to the stop string. */
  readonly text: () => string;
}

/**
 * Watches one row. Characters that are spread over tokens count when they are whole. A stop string that is a special token
 * is looked for among the tokens, since texts leave those out. What `onText` hears, put together, is the text; a row that
 * begins anew repeats nothing.
 */
export function watchText(
  tokenizer: Pick<Tokenizer, "streamDecoder"> & Partial<Pick<Tokenizer, "idOf" | "isSpecial">>,
  stop: readonly string[],
  onText: (piece: string) => void = () => undefined,
): Watched {
  const special = new Set(
    stop.flatMap((text) => tokenizer.idOf?.(text) ?? []).filter((id) => tokenizer.isSpecial?.(id) === true),
  );
  const longest = Math.max(0, ...stop.map((text) => text.length));
  let decoder = tokenizer.streamDecoder();
  let text = "";
  let end: number | null = null;
  /** Length of the text that was heard. */
  let told = 0;
  const tell = (to: number): void => {
    if (to > told) onText(text.slice(told, to));
    told = Math.max(told, to);
  };
  const look = (piece: string): void => {
    const from = Math.max(0, text.length - longest);
    text += piece;
    const places = stop.map((wanted) => text.indexOf(wanted, from)).filter((place) => place >= 0);
    if (places.length > 0) end ??= Math.min(...places);
    tell(end ?? text.length - Math.max(0, longest - 1));
  };
  return {
    begin() {
      decoder = tokenizer.streamDecoder();
      text = "";
      end = null;
      return (token) => {
        const isEnd = special.has(token);
        look(isEnd ? decoder.end() : decoder.push(token));
        if (isEnd) end ??= text.length;
        return end !== null;
      };
    },
    text() {
      if (end === null) look(decoder.end());
      tell(end ?? text.length);
      return text.slice(0, end ?? undefined);
    },
  };
}

/** Tokens that are decoded together: a token's text may depend on those before it. */
const WINDOW = 64;

/** Text of tokens that come one by one, of a tokenizer that decodes only whole lists; a character that is not whole yet is held back. */
export function streamDecoder(decode: (ids: readonly number[]) => string): StreamDecoder {
  let ids: number[] = [];
  let told = 0;
  return {
    push(id) {
      ids.push(id);
      const text = decode(ids);
      const whole = text.replace(/\uFFFD+$/, "");
      const piece = whole.slice(told);
      told = Math.max(told, whole.length);
      if (ids.length > WINDOW && whole.length === text.length && piece !== "") {
        ids = [id];
        told = decode(ids).length;
      }
      return piece;
    },
    end: () => (ids.length === 0 ? "" : decode(ids).slice(told)),
  };
}
