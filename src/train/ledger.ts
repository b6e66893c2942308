// A file that grows by whole pieces and can be cut back to where a checkpoint saw it: what came after that is made
// again by a resumed run, so that nothing is in it twice.
import { open } from "node:fs/promises";
import { asError, isMissing } from "../core/files.js";

export interface Ledger {
  /** Bytes that the file has. */
  readonly size: number;
  /** Writes a piece at the end; one that a crash tears is cut away by the next run. */
  append(piece: string | Uint8Array): Promise<void>;
  /** Forces what was written to disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a file, made if need be, and cuts it to `keep` bytes; gives null where it has fewer. */
export async function openLedger(file: string, keep: number): Promise<Ledger | null> {
  const handle = await open(file, "r+").catch((error: unknown) => {
    if (!isMissing(error)) throw asError(error);
    return keep > 0 ? null : open(file, "w+");
  });
  if (handle === null) return null;
  if ((await handle.stat()).size < keep) {
    await handle.close();
    return null;
  }
  await handle.truncate(keep);
  let size = keep;
  return {
    get size() {
      return size;
    },
    async append(piece) {
      const bytes = typeof piece === "string" ? Buffer.from(piece, "utf8") : piece;
      for (let done = 0; done < bytes.length;) {
        done += (await handle.write(bytes, done, bytes.length - done, size + done)).bytesWritten;
      }
      size += bytes.length;
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}
