// Bytes of a Python file to text, as Python itself reads source (PEP 263): byte order mark, coding cookie in the first
// two lines, UTF-8 otherwise; line ends become `\n`. Gives a reason instead of text where Python could not read it.
// Method: https://peps.python.org/pep-0263/
/** Why a file of a corpus was left out. */
export type CorpusReason =
  | "undecodable"
  | "nul-byte"
  | "file-too-large"
  | "unreadable"
  // Of rows in a dataset:
  | "not-json"
  | "no-content"
  | "not-python"
  | "not-permissive"
  // Of contents that lie elsewhere:
  | "content-missing"
  | "content-corrupt";

/** Text, or why there is none. */
export type Decoded =
  { readonly text: string } | { readonly reason: "undecodable" | "nul-byte"; readonly detail: string };

const COOKIE = /^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)/;
const BLANK_OR_COMMENT = /^[ \t\f]*(?:#.*)?$/;

/** Decodes a Python source file. */
export function decodePython(bytes: Uint8Array): Decoded {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const body = marked ? bytes.subarray(3) : bytes;
  const encoding = cookieOf(body) ?? "utf-8";
  if (marked && encoding !== "utf-8") {
    return {
      reason: "undecodable",
      detail: `byte order mark of UTF-8, but the coding cookie says "${encoding}"`,
    };
  }
  return decodeAs(body, encoding);
}

/** Decodes bytes whose encoding is known from elsewhere, under any of its usual names; a byte order mark goes. */
export function decodeNamed(bytes: Uint8Array, encoding: string): Decoded {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return decodeAs(marked ? bytes.subarray(3) : bytes, normalised(encoding));
}

/** Text that was decoded elsewhere, as a file's: without byte order mark, with `\n` line ends. */
export function decodedText(text: string): Decoded {
  const nul = text.indexOf("\0");
  if (nul >= 0) return { reason: "nul-byte", detail: `NUL at character ${nul}` };
  if (/\p{Surrogate}/u.test(text)) return { reason: "undecodable", detail: "half of a surrogate pair" };
  return { text: text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n") };
}

function decodeAs(body: Uint8Array, encoding: string): Decoded {
  if (body.includes(0)) return { reason: "nul-byte", detail: `NUL at byte ${body.indexOf(0)}` };
  try {
    return { text: textOf(body, encoding).replace(/\r\n?/g, "\n") };
  } catch (error) {
    // TextDecoder throws a RangeError for a name it does not know and a TypeError for bytes that do not fit.
    const what = error instanceof RangeError ? "unknown encoding" : "bytes that are not";
    return { reason: "undecodable", detail: `${what} "${encoding}"` };
  }
}

function textOf(body: Uint8Array, encoding: string): string {
  // TextDecoder takes "latin1" for windows-1252, and Node's (20 to 23) takes windows-1252 for latin1.
  if (encoding === "latin-1") return Buffer.from(body).toString("latin1");
  if (encoding === "cp1252") return windows1252(body);
  return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(body);
}

/** Characters of windows-1252 from 0x80 to 0x9f; U+FFFD where it has none. */
const WINDOWS_1252 = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ";

function windows1252(body: Uint8Array): string {
  const latin = Buffer.from(body).toString("latin1");
  const text = latin.replace(/[\x80-\x9f]/g, (byte) => WINDOWS_1252.charAt(byte.charCodeAt(0) - 0x80));
  if (text.includes("\ufffd")) throw new TypeError("a byte that windows-1252 lacks");
  return text;
}

/** Encoding named in the first two lines, normalised; a second line counts only below a blank or comment line. */
function cookieOf(body: Uint8Array): string | null {
  const head = Buffer.from(body.subarray(0, 1_000)).toString("latin1");
  const [first = "", second = ""] = head.split(/\r\n|\r|\n/, 2);
  const found = COOKIE.exec(first) ?? (BLANK_OR_COMMENT.test(first) ? COOKIE.exec(second) : null);
  return found?.[1] === undefined ? null : normalised(found[1]);
}

function normalised(name: string): string {
  const lower = name.toLowerCase().replaceAll("_", "-");
  if (lower === "utf8" || lower === "utf-8" || lower.startsWith("utf-8-")) return "utf-8";
  if (/^(?:ascii|us-ascii)$/.test(lower)) return "utf-8"; // a subset; TextDecoder would take windows-1252
  if (/^(?:cp-?1252|windows-?1252)$/.test(lower)) return "cp1252";
  return /^(?:latin-1|latin1|iso-8859-1|iso-latin-1|l1)(?:-|$)/.test(lower) ? "latin-1" : lower;
}
