import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { connect, framing } from "../../src/python/jsonrpc.js";

const framed = (body: string): Buffer =>
  Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

describe("framing", () => {
  it("finds bodies however the bytes are cut", () => {
    const bytes = Buffer.concat(['{"a":"é"}', "{}", '{"b":1}'].map(framed));
    for (const size of [1, 2, 3, 7, 1_000]) {
      const unframe = framing();
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size) found.push(...unframe(bytes.subarray(at, at + size)));
      expect(found).toEqual(['{"a":"é"}', "{}", '{"b":1}']);
    }
  });
});

describe("connect", () => {
  it("matches answers with questions, and answers what it is asked", async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const connection = connect(input, output, (method) => `to ${method}`);
    const [first, second] = [connection.request("one", {}), connection.request("two", {})];
    input.write(framed('{"id":7,"method":"ask"}'));
    input.write(framed('{"method":"note"}'));
    input.write(framed('{"id":2,"result":"b"}'));
    input.write(framed('{"id":1,"error":{"message":"no"}}'));
    expect(await second).toBe("b");
    await expect(first).rejects.toThrow("the language server says: no");
    // Streams give what was written as bytes.
    const sent = framing()(output.read() as Buffer).map(
      (body) => JSON.parse(body) as { id: number; result?: string },
    );
    expect(sent.map(({ id }) => id)).toEqual([1, 2, 7]);
    expect(sent[2]?.result).toBe("to ask");
  });
});
