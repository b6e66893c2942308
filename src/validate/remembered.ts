// Work on a row that two ask for at about the same time, done once.

/** Results that are kept for whoever else asks. */
const KEPT = 2_000;

/** `work`, whose latest results are remembered by the row's key; what was forgotten, or failed, is worked out anew. */
export function remembered<Row extends { readonly key: string }, Result>(
  work: (row: Row) => Promise<Result>,
): (row: Row) => Promise<Result> {
  const results = new Map<string, Promise<Result>>();
  return (row) => {
    const known = results.get(row.key);
    if (known !== undefined) return known;
    const result = work(row);
    results.set(row.key, result);
    result.catch(() => results.delete(row.key));
    const [oldest] = results.keys();
    if (results.size > KEPT && oldest !== undefined) results.delete(oldest);
    return result;
  };
}
