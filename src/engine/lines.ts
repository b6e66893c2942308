// Lines of a file of prompts, as far as they can be understood, and what a job on them comes to.
import { isRecord } from "../core/json.js";

export type RowId = string | number | null;
export type Fields = Readonly<Record<string, unknown>>;

export interface FileSummary {
  readonly rows: number;
  /** Rows without an answer. */
  readonly unanswered: number;
  readonly worked: boolean;
}

/** The object of a line, or null. */
export function parsed(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

export function idOf(row: Fields | null): RowId {
  const id = row?.["id"];
  return typeof id === "string" || typeof id === "number" ? id : null;
}

/** A text, or token ids; null for what is neither. */
export function textOr(value: unknown): string | readonly number[] | null {
  if (typeof value === "string") return value;
  const isIds = Array.isArray(value) && value.every((id) => Number.isInteger(id));
  return isIds ? (value as number[]) : null;
}
