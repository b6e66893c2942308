// Contents of files that a dataset only names: Software Heritage's public archive, one object per request, gzipped. In: an
// identifier, which is the content's hash, and the encoding. Out: the text, checked against the hash, or why there
// is none. Which hash the identifiers are is told by the first object that fits.
// Archive: https://docs.softwareheritage.org/devel/swh-export/graph/dataset.html
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { InputError } from "../core/errors.js";
import type { Http } from "../hub/http.js";
import { explainedFailure, HttpError } from "../hub/retry.js";
import { MAX_FILE_BYTES, tooLarge, type NoBytes } from "./corpus.js";
import { decodeNamed, type Decoded } from "./decode.js";

export const HERITAGE_URL = "https://softwareheritage.s3.amazonaws.com/content";

/** Refusals in a row, none fetched before, that are no longer taken for single objects that are missing. */
const REFUSALS = 20;

export interface Heritage {
  /** The text of an object. */
  text(id: string, encoding: string, signal: AbortSignal): Promise<Decoded | NoBytes>;
}

/** The archive at `url`; `onNotice` hears once what its identifiers are. */
export function openHeritage(http: Http, url: string, onNotice: (text: string) => void): Heritage {
  let hash: "sha1" | "sha1_git" | null = null;
  let refused = 0;

  async function fetched(id: string, signal: AbortSignal): Promise<Uint8Array | NoBytes> {
    try {
      const { bytes } = await http.get(`${url}/${id}`, { signal });
      refused = -Infinity;
      return bytes;
    } catch (error) {
      if (!(error instanceof HttpError) || ![403, 404, 410].includes(error.status))
        throw explainedFailure(error);
      if (++refused >= REFUSALS) {
        throw new InputError(
          `the first ${REFUSALS} contents asked of ${url} were refused (${error.status}); ` +
            "check the network, or set SWH_CONTENT_URL to a mirror of Software Heritage's contents",
          { cause: error },
        );
      }
      return { reason: "content-missing", detail: `${id}: ${error.status}` };
    }
  }

  function check(id: string, content: Buffer): boolean {
    const fits = (["sha1", "sha1_git"] as const).find((kind) => digest(kind, content) === id);
    if (fits === undefined || (hash !== null && hash !== fits)) return false;
    if (hash === null) onNotice(`contents come from ${url}; their identifiers are ${fits}`);
    hash = fits;
    return true;
  }

  async function once(id: string, signal: AbortSignal): Promise<Buffer | NoBytes> {
    const packed = await fetched(id, signal);
    if ("reason" in packed) return packed;
    const content = await unpacked(packed);
    if (!(content instanceof Buffer)) return content;
    return check(id, content) ? content : { reason: "content-corrupt", detail: `${id} is not its hash` };
  }

  return {
    async text(id, encoding, signal) {
      if (!/^[0-9a-f]{40}$/.test(id)) return { reason: "content-missing", detail: `"${id}" is no hash` };
      let content = await once(id, signal);
      // Broken on the way or broken there: a second look tells.
      if ("reason" in content && content.reason === "content-corrupt") content = await once(id, signal);
      return "reason" in content ? content : decodeNamed(content, encoding);
    },
  };
}

async function unpacked(packed: Uint8Array): Promise<Buffer | NoBytes> {
  // A server that says "content-encoding: gzip" has had it unpacked on the way.
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return Buffer.from(packed);
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: MAX_FILE_BYTES });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ERR_BUFFER_TOO_LARGE") return tooLarge(MAX_FILE_BYTES + 1);
    return { reason: "content-corrupt", detail: `not gzip (${code})` };
  }
}

function digest(kind: "sha1" | "sha1_git", content: Buffer): string {
  const hash = createHash("sha1");
  // git hashes a header before the content: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
  if (kind === "sha1_git") hash.update(`blob ${content.length}\0`);
  return hash.update(content).digest("hex");
}
