// A checkpoint as llama.cpp reads it: GGUF with matrices as Q8_0, bytes in blocks of 32 with a half float as scale, which is
// what our int8 is, too. A few megabytes are held at a time. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { fromHalf, toHalf } from "../../../dist/onnx/floats.js";
import { folderSource, openCheckpoint, rowChunks } from "../../../dist/onnx/safetensors.js";

const BLOCK = 32;
/** A half float and the block's bytes. */
const BLOCK_BYTES = 2 + BLOCK;
const ALIGNMENT = 32;
/** Numbers of types, of values and of tensors. */
const [U32, I32, F32, BOOL, STRING, ARRAY] = [4, 5, 6, 7, 8, 9];
const [SINGLE, Q8_0] = [0, 8];

/** llama.cpp's names for a layer's parts. */
const PARTS = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_up: "mlp.c_fc",
  ffn_down: "mlp.c_proj",
};

export async function writeGguf(folder, file) {
  const json = (name) => JSON.parse(readFileSync(path.join(folder, name), "utf8"));
  const config = json("config.json");
  const checkpoint = await openCheckpoint(folderSource(folder));
  let end = 0;
  const tensors = namesOf(config.num_hidden_layers).map(([name, source]) => {
    const shape = checkpoint.shape(source);
    const type = shape.length > 1 ? Q8_0 : SINGLE;
    const count = shape.reduce((product, dim) => product * dim, 1);
    const offset = end;
    end += aligned(type === Q8_0 ? (count / BLOCK) * BLOCK_BYTES : 4 * count);
    return { name, source, shape, type, offset };
  });
  const values = [...shapeValues(config), ...tokenizerValues(json("tokenizer.json").model)];
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    number(U32, 3),
    long(tensors.length),
    long(values.length),
    ...values.flatMap(([key, type, value, of]) => [text(key), number(U32, type), valueOf(type, value, of)]),
    ...tensors.flatMap(({ name, shape, type, offset }) => [
      text(name),
      number(U32, shape.length),
      ...[...shape].reverse().map(long),
      number(U32, type),
      long(offset),
    ]),
  ]);
  const handle = await open(file, "w");
  try {
    await handle.writeFile(padded(head));
    for (const { source, type } of tensors) {
      let written = 0;
      for await (const { values: rows } of rowChunks(checkpoint, source)) {
        const bytes = type === Q8_0 ? blocks(rows) : new Uint8Array(rows.buffer);
        await handle.writeFile(bytes);
        written += bytes.length;
      }
      await handle.writeFile(new Uint8Array(aligned(written) - written));
    }
  } finally {
    await handle.close();
  }
}

function namesOf(layers) {
  const both = (to, from) => ["weight", "bias"].map((kind) => [`${to}.${kind}`, `${from}.${kind}`]);
  return [
    ["token_embd.weight", "model.embed_tokens.weight"],
    ...Array.from({ length: layers }, (_, layer) =>
      Object.entries(PARTS).flatMap(([to, from]) =>
        both(`blk.${layer}.${to}`, `model.layers.${layer}.${from}`),
      ),
    ).flat(),
    ...both("output_norm", "model.norm"),
  ];
}

function shapeValues(config) {
  return [
    ["general.architecture", STRING, "starcoder2"],
    ["general.alignment", U32, ALIGNMENT],
    ["starcoder2.context_length", U32, config.max_position_embeddings],
    ["starcoder2.embedding_length", U32, config.hidden_size],
    ["starcoder2.block_count", U32, config.num_hidden_layers],
    ["starcoder2.feed_forward_length", U32, config.intermediate_size],
    ["starcoder2.attention.head_count", U32, config.num_attention_heads],
    ["starcoder2.attention.head_count_kv", U32, config.num_key_value_heads],
    ["starcoder2.attention.layer_norm_epsilon", F32, config.norm_epsilon],
    ["starcoder2.rope.freq_base", F32, config.rope_theta],
  ];
}

function tokenizerValues({ vocab, merges }) {
  const tokens = Object.keys(vocab).sort((a, b) => vocab[a] - vocab[b]);
  return [
    ["tokenizer.ggml.model", STRING, "gpt2"],
    ["tokenizer.ggml.pre", STRING, "starcoder"],
    ["tokenizer.ggml.tokens", ARRAY, tokens, STRING],
    // 1: an ordinary token, 3: one that text never is.
    ["tokenizer.ggml.token_type", ARRAY, tokens.map((_, id) => (id === 0 ? 3 : 1)), I32],
    ["tokenizer.ggml.merges", ARRAY, merges.map((pair) => pair.join(" ")), STRING],
    ["tokenizer.ggml.bos_token_id", U32, 0],
    ["tokenizer.ggml.eos_token_id", U32, 0],
    ["tokenizer.ggml.add_bos_token", BOOL, false],
  ];
}

function valueOf(type, value, of) {
  if (type === STRING) return text(value);
  if (type === BOOL) return Buffer.from([value ? 1 : 0]);
  if (type !== ARRAY) return number(type, value);
  return Buffer.concat([number(U32, of), long(value.length), ...value.map((one) => valueOf(of, one))]);
}

function number(type, value) {
  return Buffer.from((type === F32 ? Float32Array : Uint32Array).of(value).buffer);
}

function long(value) {
  return Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
}

function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([long(bytes.length), bytes]);
}

function aligned(bytes) {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

/** The largest magnitude of a block over 127 as a half float, then its bytes. */
function blocks(values) {
  const count = values.length / BLOCK;
  const largest = Float32Array.from({ length: count }, (_, block) =>
    values
      .subarray(block * BLOCK, (block + 1) * BLOCK)
      .reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );
  const halves = toHalf(largest.map((value) => value / 127));
  const scales = fromHalf(halves);
  const bytes = new Uint8Array(count * BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < count; block++) {
    const at = block * BLOCK_BYTES;
    view.setUint16(at, halves[block], true);
    for (let place = 0; place < BLOCK; place++) {
      const byte = Math.round(values[block * BLOCK + place] / scales[block]);
      view.setInt8(at + 2 + place, Math.max(-127, Math.min(127, byte)));
    }
  }
  return bytes;
}
