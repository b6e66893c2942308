// How fast one thread reads memory: a loop of WebAssembly's vector loads over 512 MiB, in as many passes as it takes to read the
// bytes that the command line names, and in the fastest of them. The engine compiles it to the processor's 16-byte loads; the
// same loop in C, with these or with loads of 64 bytes, reads no faster.

const BYTES = 512 * 2 ** 20;
/** Loads in a turn of the loop, and the sums that they are added to in turn. */
const LOADS = 16;
const SUMS = 4;
/** Passes at least. */
const PASSES = 8;

const { memory, read } = (await WebAssembly.instantiate(moduleBytes())).instance.exports;
// Pages that were never written are all one page of zeros.
new Uint8Array(memory.buffer).fill(1);
const passes = Math.max(PASSES, Math.ceil(Number(process.argv[2] ?? 0) / BYTES));
let [least, all] = [Infinity, 0];
for (let pass = 0; pass < passes; pass++) {
  const begun = process.cpuUsage();
  read(BYTES);
  const { user, system } = process.cpuUsage(begun);
  const seconds = (user + system) / 1e6;
  least = Math.min(least, seconds);
  all += seconds;
}
console.log(JSON.stringify({ bytesPerSecond: (passes * BYTES) / all, most: BYTES / least }));

/** (memory BYTES) (func (export "read") (param $length i32) (result i32)): the lowest lane of the sum of all. */
function moduleBytes() {
  const section = (id, ...items) => [id, ...vector(items.flat())];
  const vector = (bytes) => [...leb(bytes.length), ...bytes];
  const name = (text) => vector([...Buffer.from(text)]);
  const [I32, V128] = [0x7f, 0x7b];
  const [get, set] = [(local) => [0x20, local], (local) => [0x21, local]];
  const [AT, SUM] = [1, 2];
  const load = (offset) => [...get(AT), 0xfd, 0x00, 4, ...leb(offset)];
  const add = [0xfd, 0xce, 0x01];
  const reads = Array.from({ length: LOADS }, (_, part) => {
    const sum = SUM + (part % SUMS);
    return [...get(sum), ...load(16 * part), ...add, ...set(sum)];
  }).flat();
  const next = [...get(AT), 0x41, ...signed(16 * LOADS), 0x6a, 0x22, AT];
  const loop = [0x03, 0x40, ...reads, ...next, ...get(0), 0x49, 0x0d, 0, 0x0b];
  const sum = Array.from({ length: SUMS }, (_, at) => [...get(SUM + at), ...(at > 0 ? add : [])]).flat();
  const code = [2, 1, I32, SUMS, V128, ...loop, ...sum, 0xfd, 0x1b, 0, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, I32, 1, I32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...leb(BYTES / 65_536)]),
    ...section(7, [2], name("memory"), [2, 0], name("read"), [0, 0]),
    ...section(10, [1], vector(code)),
  ]);
}

function leb(number) {
  return number < 128 ? [number] : [(number & 127) | 128, ...leb(number >>> 7)];
}

/** A signed number from 64 up to 8,191: two bytes. */
function signed(number) {
  return [(number & 127) | 128, number >> 7];
}
