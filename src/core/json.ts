// What JSON from elsewhere turns out to be.

/** True for a JSON object; not for lists. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
