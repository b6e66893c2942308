// Words come again and again, so that what was once made of one is kept. Holds a bounded number of short words and forgets
// all of them when it is full; knows nothing of what is made.

/** Words longer than this are not remembered, and never more words than that. */
const REMEMBERED_LENGTH = 64;
const REMEMBERED_WORDS = 100_000;

/** The same function of a word, which makes most words once. */
export function remembered<Made>(make: (word: string) => Made): (word: string) => Made {
  const known = new Map<string, Made>();
  return (word) => {
    const found = known.get(word);
    if (found !== undefined) return found;
    const made = make(word);
    if (known.size === REMEMBERED_WORDS) known.clear();
    if (word.length <= REMEMBERED_LENGTH) known.set(word, made);
    return made;
  };
}
