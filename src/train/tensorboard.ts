// Metrics as TensorBoard reads them: an event file is a sequence of records (length, its checksum, bytes, their checksum;
// https://www.tensorflow.org/tutorials/load_data/tfrecord), and each record is an Event message
// (https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto). Pure: bytes come out.
import { message, type Message } from "../onnx/protobuf.js";
import type { StepMetrics } from "./metrics.js";

/** Name of the event file in a training folder: TensorBoard takes files with `tfevents` in their name. */
export const EVENTS_FILE = "events.out.tfevents.selfalign";

// Fields of Event, of Summary, and of Summary.Value.
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 };
const SUMMARY = { value: 1 };
const VALUE = { tag: 1, simpleValue: 2 };

/** What an event file begins with; `seconds` since 1970. */
export function eventsHead(seconds: number): Uint8Array {
  return record(message().double(EVENT.wallTime, seconds).text(EVENT.fileVersion, "brain.Event:2"));
}

/** A row of metrics as one event with a scalar for each number that it has. */
export function eventOf(row: StepMetrics, seconds: number): Uint8Array {
  const scalars: readonly (readonly [string, number | null])[] = [
    ["loss/training", row.loss],
    ["loss/validation", row.validation],
    ["step/rate", row.rate],
    ["step/norm", row.norm],
    ["step/tokens", row.tokens],
    ["step/skipped", row.skipped],
  ];
  const summary = message();
  for (const [tag, value] of scalars) {
    if (value === null) continue;
    summary.message(SUMMARY.value, message().text(VALUE.tag, tag).float(VALUE.simpleValue, value));
  }
  const event = message().double(EVENT.wallTime, seconds).int(EVENT.step, row.step);
  return record(event.message(EVENT.summary, summary));
}

function record(event: Message): Uint8Array {
  const data = Buffer.concat(event.parts);
  const bytes = Buffer.alloc(8 + 4 + data.length + 4);
  bytes.writeBigUInt64LE(BigInt(data.length), 0);
  bytes.writeUInt32LE(masked(crc32c(bytes.subarray(0, 8))), 8);
  data.copy(bytes, 12);
  bytes.writeUInt32LE(masked(crc32c(data)), 12 + data.length);
  return bytes;
}

/** The format stores checksums turned and shifted, so that data with checksums in it has no odd ones. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** What each byte does to the checksum: Castagnoli's polynomial with its bits turned around. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0x82f63b78 : 0);
  return rest;
});

/** CRC-32C (https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 255] ?? 0);
  return ~crc >>> 0;
}
