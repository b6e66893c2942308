import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  cudaProblem,
  missingLibraries,
  missingProblem,
  openError,
  sessionError,
} from "../../src/onnx/failures.js";

let folder: string;
let model: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "selfalign-"));
  model = path.join(folder, "model.onnx");
  writeFileSync(model, "");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("lack of memory", () => {
  it.each([
    "Non-zero status code returned while running ConstantOfShape node. bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 4398046511104",
    "Available memory of 1024 is smaller than requested bytes of 4096",
    "std::bad_alloc",
    "CUDA failure 2: out of memory ; GPU=0",
    "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
    "Array buffer allocation failed",
  ])("is recognised: %s", (message) => {
    expect(sessionError("a run", message)).toMatchObject({ name: "SessionError", outOfMemory: true });
    expect(openError(model, "cuda", message, folder)).toMatchObject({ outOfMemory: true });
  });

  it.each([
    "Invalid rank for input: ids Got: 2 Expected: 1",
    "Load model from x failed:Protobuf parsing failed.",
  ])("is not seen in: %s", (message) => {
    expect(sessionError("a run", message)).toMatchObject({
      message: `a run: ${message}`,
      outOfMemory: false,
    });
  });
});

describe("a model that can't be opened", () => {
  it("is an input error where the file is not there", () => {
    expect(openError("absent.onnx", "cpu", "Load model failed. File doesn't exist", folder)).toMatchObject({
      name: "InputError",
      message: 'model "absent.onnx" is not there; name an .onnx file',
    });
  });

  it("is an input error where the device is not there, with the next step", () => {
    const cuda = "OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library";
    const named =
      process.platform === "linux" && process.arch === "x64" ? "npm run setup:cuda" : "Linux x64 only";
    expect(openError(model, "cuda", cuda, folder)).toMatchObject({
      name: "InputError",
      message: expect.stringContaining(named) as string,
    });
    const adapter = "Failed to get a WebGPU adapter: No supported adapters";
    expect(openError(model, "webgpu", adapter, folder)).toMatchObject({
      name: "InputError",
      message: expect.stringContaining('or use the device "cpu"') as string,
    });
  });

  it("keeps the runtime's words where the provider and its libraries are there", (context) => {
    if (process.platform !== "linux" || process.arch !== "x64") return context.skip("CUDA is for Linux x64");
    // Any program that ldd can read will do.
    const provider = path.join(folder, "libonnxruntime_providers_cuda.so");
    writeFileSync(provider, "no library");
    expect(cudaProblem(folder)).toBe(null);
    const message = "CUDA failure 100: no CUDA-capable device is detected";
    expect(openError(model, "cuda", message, folder).message).toContain(message);
  });

  it("is a session error otherwise", () => {
    expect(openError(model, "cpu", "Protobuf parsing failed.", folder)).toMatchObject({
      name: "SessionError",
      message: `model "${model}" can't be opened: Protobuf parsing failed.`,
    });
  });
});

it("reads from ldd's listing what is missing", () => {
  const listing = `
	linux-vdso.so.1 (0x00007ffc)
	libcudart.so.12 => not found
	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)
	libcudnn.so.9 => not found
`;
  expect(missingLibraries(listing)).toEqual(["libcudart.so.12", "libcudnn.so.9"]);
  expect(missingLibraries("	statically linked\n")).toEqual([]);
});

it("tells the driver's libraries, which come with the card, from CUDA's own", () => {
  expect(missingProblem([])).toBe(null);
  expect(missingProblem(["libcudart.so.12", "libcudnn.so.9"])).toBe(
    "libcudart.so.12, libcudnn.so.9 are missing; install CUDA 12 and cuDNN 9 (npm run setup:cuda says how)",
  );
  expect(missingProblem(["libcuda.so.1"])).toMatch(/^libcuda\.so\.1 is missing; install NVIDIA's driver/);
  expect(missingProblem(["libcublas.so.12", "libcuda.so.1"])).toMatch(
    /driver.*; libcublas\.so\.12 is missing/,
  );
});
