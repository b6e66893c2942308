// What Pyodide finds around itself inside the bare realm: a script (not a module) that runs there first. The realm has
// ECMAScript and WebAssembly only; here it gets the few names that Pyodide's "shell" mode asks for, made of nothing but the
// realm's own objects, deterministic randomness, quotas on memory, files and output, and the one object through which
// the child boots the interpreter and calls it. Strings, numbers and booleans cross; no host object ever does.
"use strict";
(() => {
  const files = Object.create(null);
  const limits = { memoryBytes: 0, fileBytes: 0, fileCount: 0 };
  // Which of two kinds of world this is: they differ in hash seed, random numbers and date.
  let variation = 0;
  const state = { boot: "loading", written: 0, python: null, harness: null };
  const baseName = (file) => String(file).slice(String(file).lastIndexOf("/") + 1);

  // --- Pyodide's shell mode reads its files with these.
  globalThis.load = () => {
    throw new Error("load is not available");
  };
  globalThis.readbuffer = (file) => {
    const bytes = files[baseName(file)];
    if (bytes === undefined) throw new Error(`no file ${file}`);
    return bytes.buffer;
  };
  globalThis.read = (file) => new Uint8Array(globalThis.readbuffer(file));
  globalThis.noImport = () => Promise.reject(new Error("import() is not available"));
  const silent = () => undefined;
  globalThis.console = { log: silent, info: silent, debug: silent, warn: silent, error: silent };
  const realNow = Date.now;
  Date.now = () => realNow() + variation * 34_617_600_000 + variation * 12_345_678;
  globalThis.performance = { now: () => Date.now(), timeOrigin: 0 };
  // Nothing that is put off ever runs: no event loop turns while a program runs, and none must after it.
  globalThis.setTimeout = () => 0;
  globalThis.clearTimeout = silent;

  // --- Randomness: xorshift from a fixed state, so that nothing here is a source of host entropy.
  let word = 123456789;
  const randomByte = () => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return word & 255;
  };
  // In a shell Pyodide asks a command for random bytes, written in base64.
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const base64 = (count) => {
    let text = "";
    for (let i = 0; i < count; i += 3) {
      const bits = (randomByte() << 16) | (randomByte() << 8) | randomByte();
      const group = [18, 12, 6, 0].map((shift) => letters[(bits >> shift) & 63]).join("");
      text += i + 3 <= count ? group : group.slice(0, count - i + 1).padEnd(4, "=");
    }
    return text;
  };
  globalThis.os = { system: (shell, [, command]) => base64(Number(/head -c(\d+)/.exec(command)[1])) };

  // --- Text codecs: UTF-8 both ways; Latin-1 and UTF-16 for reading.
  const encodePoint = (c) => {
    if (c < 0x80) return [c];
    if (c < 0x800) return [0xc0 | (c >> 6), 0x80 | (c & 63)];
    if (c < 0x10000) return [0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63)];
    return [0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63)];
  };
  globalThis.TextEncoder = class TextEncoder {
    encode(text = "") {
      const bytes = [];
      for (const character of String(text)) {
        const point = character.codePointAt(0);
        bytes.push(...encodePoint(point >= 0xd800 && point < 0xe000 ? 0xfffd : point));
      }
      return new Uint8Array(bytes);
    }
    encodeInto(text, target) {
      const bytes = this.encode(text);
      target.set(bytes.subarray(0, target.length));
      return { read: text.length, written: Math.min(bytes.length, target.length) };
    }
  };
  const decodeLatin1 = (bytes) => {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  };
  const decodeUtf16 = (bytes) => {
    let text = "";
    for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
    return text;
  };
  const decodeUtf8 = (bytes) => {
    const parts = [];
    let text = "";
    const next = (i) => bytes[i] & 63;
    for (let i = 0; i < bytes.length;) {
      const lead = bytes[i++];
      let point = lead;
      if (lead >= 0xf0) point = ((lead & 7) << 18) | (next(i++) << 12) | (next(i++) << 6) | next(i++);
      else if (lead >= 0xe0) point = ((lead & 15) << 12) | (next(i++) << 6) | next(i++);
      else if (lead >= 0x80) point = ((lead & 31) << 6) | next(i++);
      text += String.fromCodePoint(point);
      if (text.length > 8192) {
        parts.push(text);
        text = "";
      }
    }
    return parts.join("") + text;
  };
  globalThis.TextDecoder = class TextDecoder {
    constructor(encoding = "utf-8") {
      this.encoding = encoding;
    }
    decode(source) {
      if (!source) return "";
      const bytes =
        source instanceof ArrayBuffer
          ? new Uint8Array(source)
          : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
      if (this.encoding === "latin1") return decodeLatin1(bytes);
      return this.encoding === "utf-16le" ? decodeUtf16(bytes) : decodeUtf8(bytes);
    }
  };

  // --- WebAssembly: a cap on memory, and instances made at once from the module that the child compiled.
  let compiled = null;
  const { Memory, Module, Instance } = WebAssembly;
  const grow = Memory.prototype.grow;
  const bufferOf = Object.getOwnPropertyDescriptor(Memory.prototype, "buffer").get;
  Memory.prototype.grow = function (pages) {
    if (bufferOf.call(this).byteLength + pages * 65536 > limits.memoryBytes)
      throw new RangeError("memory cap");
    return grow.call(this, pages);
  };
  WebAssembly.instantiate = (source, imports) =>
    new Promise((resolve) => {
      if (source instanceof Module) return resolve(new Instance(source, imports));
      // Pyodide's own binary is represented by an empty file; any other module is compiled as it stands.
      const module = source.byteLength === 0 ? compiled : new Module(source);
      resolve({ module, instance: new Instance(module, imports) });
    });
  WebAssembly.compile = (source) => new Promise((resolve) => resolve(new Module(source)));

  // --- Quotas of the in-memory file system: bytes ever written, nodes ever made.
  const limitFiles = (fs) => {
    const memory = fs.filesystems.MEMFS;
    const full = () => new fs.ErrnoError(51);
    let bytes = limits.fileBytes;
    let nodes = limits.fileCount;
    const spend = (count) => {
      bytes -= count;
      if (bytes < 0) throw full();
    };
    const { createNode, resizeFileStorage, expandFileStorage } = memory;
    const { write } = memory.ops_table.file.stream;
    memory.ops_table.file.stream.write = (stream, buffer, offset, length, position, canOwn) => {
      spend(length);
      return write(stream, buffer, offset, length, position, canOwn);
    };
    memory.createNode = (...node) => {
      if (--nodes < 0) throw full();
      return createNode(...node);
    };
    memory.resizeFileStorage = (node, size) => {
      spend(Math.max(0, size - node.usedBytes));
      return resizeFileStorage(node, size);
    };
    memory.expandFileStorage = (node, size) => {
      if (size > limits.fileBytes) throw full();
      return expandFileStorage(node, size);
    };
  };

  // Only /tmp and the working folder can be written; /dev holds three devices and /proc is not there.
  const tidyFiles = (fs) => {
    const drop = (path) => {
      const { node } = fs.lookupPath(path, { follow: false });
      node.parent.node_ops.unlink(node.parent, node.name);
      fs.destroyNode(node);
    };
    drop("/proc");
    for (const name of fs.readdir("/dev"))
      if (!["null", "urandom", ".", ".."].includes(name)) drop(`/dev/${name}`);
    const zero = fs.makedev(40, 0);
    fs.registerDevice(zero, {
      read(stream, buffer, offset, length) {
        buffer.fill(0, offset, offset + length);
        return length;
      },
      write: (stream, buffer, offset, length) => length,
    });
    fs.mkdev("/dev/zero", 0o666, zero);
    for (const folder of ["/", "/dev", "/home", "/lib"]) fs.chmod(folder, 0o555);
  };

  // The standard streams lead nowhere: nothing to read, and what is written is counted, not copied.
  const muteStreams = (fs) => {
    const stream_ops = {
      read: () => 0,
      write(stream, buffer, offset, length) {
        state.written += length;
        return length;
      },
    };
    for (const descriptor of [0, 1, 2]) fs.getStream(descriptor).stream_ops = stream_ops;
  };

  const onReady = (python) => {
    state.python = python;
    // Copied by now; without these references the collector can have them before it has the world.
    for (const name of Object.keys(files)) delete files[name];
    python._api.config._loadSnapshot = undefined;
    state.boot = "ready";
  };
  const onFailure = (error) => {
    state.boot = `failed: ${(error && error.stack) || error}`;
  };

  return Object.freeze({
    /** Makes room for a file; the child fills it before anything untrusted runs here. */
    allocate(name, size) {
      files[name] = new Uint8Array(size);
      return files[name];
    },
    adopt(module) {
      compiled = Object.setPrototypeOf(module, Module.prototype);
      files["pyodide.asm.wasm"] = new Uint8Array(0);
    },
    limit(memoryBytes, fileBytes, fileCount) {
      Object.assign(limits, { memoryBytes, fileBytes, fileCount });
    },
    vary(kind) {
      variation = kind;
      word += kind;
    },
    /** Starts Pyodide; `state()` tells when it is ready. */
    boot(lock, fromSnapshot, forSnapshot) {
      const options = {
        indexURL: "/pyodide/",
        packageBaseUrl: "/pyodide/",
        lockFileContents: lock,
        createPyodideModule: globalThis.createPyodideModule,
        jsglobals: Object.create(null),
        enableRunUntilComplete: false,
        env: { HOME: "/home/pyodide", LANG: "C.UTF-8", PYTHONHASHSEED: String(variation) },
      };
      if (fromSnapshot) options._loadSnapshot = files.snapshot;
      if (forSnapshot) options._makeSnapshot = true;
      globalThis.loadPyodide(options).then(onReady, onFailure);
    },
    state: () => state.boot,
    /** Runs our own Python at module level; used while the snapshot is made. */
    run(source) {
      state.python.runPython(source);
    },
    snapshot: () => state.python.makeMemorySnapshot(),
    /** Locks the file system down and takes the harness out of the program's sight. */
    seal() {
      muteStreams(state.python.FS);
      tidyFiles(state.python.FS);
      limitFiles(state.python.FS);
      state.harness = state.python.pyimport("_harness");
      return String(state.harness.begin(variation));
    },
    /** One call into the harness: a JSON text in; out comes its reply, or how the interpreter ended. */
    call(verb, text) {
      try {
        const reply = state.harness[verb](text);
        return typeof reply === "string" ? reply : "!no reply";
      } catch (error) {
        const status = error instanceof Object ? error.status : undefined;
        return typeof status === "number" ? `!exit ${status}` : "!died";
      }
    },
    /** Lets the harness ask another world. The function is the host's: only this closure ever holds it. */
    connect(ask) {
      state.harness.connect((text) => {
        try {
          const reply = ask(text);
          return typeof reply === "string" ? reply : "!died";
        } catch {
          return "!died";
        }
      });
    },
    /** Bytes that the program wrote to its standard streams so far. */
    written: () => state.written,
  });
})();
