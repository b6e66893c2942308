// Cells of a notebook can't hold `for await` alone; this turns a stream into an array.

/** All items of a stream, or the first `limit` of them. */
export async function collect<T>(items: AsyncIterable<T>, limit = Infinity): Promise<T[]> {
  const all: T[] = [];
  if (limit <= 0) return all;
  for await (const item of items) {
    all.push(item);
    if (all.length >= limit) break;
  }
  return all;
}
