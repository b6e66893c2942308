// The text of a row as its tokens come, and where it ends: before the first stop string.
import type { Tokenizer } from "../model/tokenizer.js";

export interface Watched {
  /** Begins anew; what it gives sees each token and says whether the text has ended. */
  readonly begin: () => (token: number) => boolean;
  /** The text so far, up to the stop string. */
  readonly text: () => string;
}

/**
 * Watches one row. Characters that are spread over tokens count when they are whole. A stop string that is a special token
 * is looked for among the tokens, since texts leave those out.
 */
export function watchText(tokenizer: Tokenizer, stop: readonly string[]): Watched {
  const special = new Set(
    stop.map((text) => tokenizer.idOf(text)).filter((id) => id !== null && tokenizer.isSpecial(id)),
  );
  const longest = Math.max(0, ...stop.map((text) => text.length));
  let decoder = tokenizer.streamDecoder();
  let text = "";
  let end: number | null = null;
  const look = (piece: string): void => {
    const from = Math.max(0, text.length - longest);
    text += piece;
    const places = stop.map((wanted) => text.indexOf(wanted, from)).filter((place) => place >= 0);
    if (places.length > 0) end ??= Math.min(...places);
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
      return text.slice(0, end ?? undefined);
    },
  };
}
