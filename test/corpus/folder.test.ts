import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_FILE_BYTES, type Corpus, type FilesOptions } from "../../src/corpus/corpus.js";
import { CORPORA, openCorpus } from "../../src/corpus/open.js";
import { InputError } from "../../src/core/errors.js";

let root = "";

beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "folder-")), "demo");
  mkdirSync(root);
});
afterEach(() => rmSync(dirname(root), { recursive: true }));

function write(files: Record<string, string | Buffer>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

async function paths(corpus: Corpus, options: FilesOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const item of corpus.files(options)) {
    found.push("file" in item ? item.file.path : `${item.reject.provenance.path} ${item.reject.reason}`);
  }
  return found;
}

describe("folder:PATH", () => {
  it("reads every Python file but those of hidden folders, packages and environments", async () => {
    write({
      "a.py": "1",
      "b.txt": "",
      "deep/er/c.py": "3",
      ".git/d.py": "",
      "node_modules/e.py": "",
      "__pycache__/f.py": "",
      "lib/site-packages/g.py": "",
      "myenv/pyvenv.cfg": "",
      "myenv/lib/h.py": "",
    });
    const corpus = await openCorpus(`folder:${root}`);
    expect((await paths(corpus, { seed: 0 })).sort()).toEqual(["a.py", "deep/er/c.py"]);
    expect(await corpus.count()).toBe(2);
  });

  it("does not follow symbolic links", async () => {
    write({ "a.py": "1", "../outside/secret.py": "x" });
    symlinkSync(join(root, "../outside"), join(root, "linked"));
    symlinkSync(join(root, "../outside/secret.py"), join(root, "linked.py"));
    symlinkSync(root, join(root, "loop"));
    expect(await paths(await openCorpus(`folder:${root}`), { seed: 0 })).toEqual(["a.py"]);
  });

  it("hands out records without a path of this machine", async () => {
    write({
      "pkg/a.py": "x = 1\r\n",
      LICENSE:
        "Permission is hereby granted, free of charge, to any person obtaining a copy of this software\nCopyright (c) 2024 Ada",
    });
    const corpus = await openCorpus(`folder:${root}/`);
    const first = await corpus.files({ seed: 0 }).next();
    expect(first.value).toMatchObject({
      file: {
        source: "folder:demo",
        repository: "demo",
        revision: null,
        path: "pkg/a.py",
        licence: "MIT",
        text: "x = 1\n",
      },
    });
    expect(JSON.stringify(first.value)).not.toContain(dirname(root));
    expect(corpus.name).toBe("folder:demo");
    expect(corpus.notices).toEqual(["Functions from demo: MIT; Copyright (c) 2024 Ada"]);
  });

  it("takes the nearest licence above a file", async () => {
    write({
      COPYING: "GNU GENERAL PUBLIC LICENSE Version 3",
      "a.py": "",
      "vendor/LICENSE.txt": "Mozilla Public License Version 2.0",
      "vendor/x/b.py": "",
      "own/LICENSE": "who knows",
      "own/c.py": "",
    });
    const corpus = await openCorpus(`folder:${root}`);
    const licences: Record<string, string | null> = {};
    for await (const item of corpus.files({ seed: 0 })) {
      if ("file" in item) licences[item.file.path] = item.file.licence;
    }
    expect(licences).toEqual({ "a.py": "GPL-3.0", "vendor/x/b.py": "MPL-2.0", "own/c.py": null });
  });

  it("rejects what can't be read, with a reason each", async () => {
    write({
      "good.py": "x",
      "latin.py": Buffer.from("'\xe4'", "latin1"),
      "nul.py": "x\0",
      "large.py": "#".repeat(MAX_FILE_BYTES + 1),
      "limit.py": "#".repeat(MAX_FILE_BYTES),
    });
    const found = (await paths(await openCorpus(`folder:${root}`), { seed: 0 })).sort();
    expect(found).toEqual([
      "good.py",
      "large.py file-too-large",
      "latin.py undecodable",
      "limit.py",
      "nul.py nul-byte",
    ]);
  });

  it("rejects a file that is gone when its turn comes", async () => {
    write({ "a.py": "x", "b.py": "y" });
    const corpus = await openCorpus(`folder:${root}`);
    rmSync(join(root, "b.py"));
    expect((await paths(corpus, { seed: 0 })).sort()).toEqual(["a.py", "b.py unreadable"]);
  });

  it("keeps one order per seed, goes on behind a position, and grows without reordering", async () => {
    const names = Array.from({ length: 30 }, (_, at) => `f${at}.py`);
    write(Object.fromEntries(names.map((name) => [name, name])));
    const corpus = await openCorpus(`folder:${root}`);
    const all = await paths(corpus, { seed: 7 });
    expect(all).not.toEqual(await paths(corpus, { seed: 8 }));
    expect([...all].sort()).toEqual([...names].sort());
    const orders: string[] = [];
    for await (const { order } of corpus.files({ seed: 7 })) orders.push(order);
    expect(orders).toEqual([...orders].sort());
    expect(await paths(corpus, { seed: 7, after: orders[9] ?? "" })).toEqual(all.slice(10));
    write({ "new.py": "new" });
    const grown = await paths(await openCorpus(`folder:${root}`), { seed: 7 });
    expect(grown.filter((name) => name !== "new.py")).toEqual(all);
  });

  it("says what is wrong with the name", async () => {
    write({ "only.txt": "" });
    for (const [spec, message] of [
      [`folder:${root}/missing`, `folder "${root}/missing" does not exist; check the path behind "folder:"`],
      [
        `folder:${root}/only.txt`,
        `"${root}/only.txt" is a file, not a folder; name the folder that holds it`,
      ],
      [`folder:${root}`, `folder "${root}" holds no .py file; name a folder with Python source in it`],
      ["folder:", 'corpus "folder:" names no folder; write folder:PATH'],
      ["stack", `corpus "stack" does not exist; use one of: ${CORPORA.join(", ")}`],
    ] as const) {
      await expect(openCorpus(spec)).rejects.toThrow(new InputError(message));
    }
  });
});
