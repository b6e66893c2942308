import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCorpus } from "../../src/corpus/open.js";
import { expectResumable, itemsOf, shown } from "./reading.js";

let root = "";

function git(...args: readonly string[]): string {
  const who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...who, "-C", root, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function write(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "git-")), "demo");
  mkdirSync(root);
  git("init", "-q");
});
afterEach(() => rmSync(dirname(root), { recursive: true }));

const MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software";

describe("git:PATH", () => {
  it("reads what is committed, as it was committed, and nothing else", async () => {
    write({
      LICENSE: `${MIT}\nCopyright (c) 2024 Ada\n`,
      "a.py": "x = 1\r\n",
      "no newline.py": "y",
      "empty.py": "",
      "lines.py": "a\n\n\nb\n\n",
      "ünï/\u{1f40d}\n.py": "snake",
      "sub/COPYING": "GNU GENERAL PUBLIC LICENSE Version 2",
      "sub/b.py": "b",
      "latin.py": Buffer.from("'\xe4'", "latin1"),
      "large.py": "#".repeat(1_000_001),
      "notes.txt": "",
      ".gitignore": "ignored.py\n",
    });
    symlinkSync("a.py", join(root, "link.py"));
    git("add", "-A");
    git("commit", "-qm", "first");
    const commit = git("rev-parse", "HEAD").trim();
    write({ "a.py": "changed", "untracked.py": "u", "ignored.py": "i" });
    const corpus = await openCorpus(`git:${root}`);
    const items = await expectResumable(corpus);
    expect(items.map(shown).sort()).toEqual(
      [
        "a.py x = 1\n",
        "empty.py ",
        "large.py !file-too-large",
        "latin.py !undecodable",
        "lines.py a\n\n\nb\n\n",
        "no newline.py y",
        "sub/b.py b",
        "ünï/\u{1f40d}\n.py snake",
      ].sort(),
    );
    expect(await corpus.count()).toBe(items.length);
    expect(items.find((item) => shown(item).startsWith("sub/b"))).toMatchObject({
      file: { source: "git:demo", repository: "demo", revision: commit, licence: "GPL-2.0" },
    });
    expect(items.find((item) => shown(item).startsWith("a.py"))).toMatchObject({ file: { licence: "MIT" } });
    expect(corpus.identity).toBe(`git:demo@${commit}`);
    expect(corpus.notices).toEqual([
      "Functions from demo: MIT; Copyright (c) 2024 Ada",
      "Functions from demo/sub: GPL-2.0",
    ]);
    const sub = await openCorpus(`git:${root}/sub`);
    expect((await itemsOf(sub, 0)).map(shown)).toEqual(["sub/b.py b"]);
    expect(sub.identity).toBe(`git:demo@${commit}/sub/`);
  });

  it("names the repository by where it came from, without who fetched it", async () => {
    write({ "a.py": "x" });
    git("add", "-A");
    git("commit", "-qm", "first");
    for (const [remote, repository] of [
      ["https://ada:hf_secret@example.org/ada/snakes.git", "ada/snakes"],
      ["git@example.org:ada/snakes.git", "ada/snakes"],
      ["ssh://git@example.org:22/group/ada/snakes/", "ada/snakes"],
      [dirname(root), "demo"],
    ] as const) {
      git("config", "remote.origin.url", remote);
      const corpus = await openCorpus(`git:${root}`);
      const [item] = await itemsOf(corpus, 0);
      expect(item).toMatchObject({
        file: { repository, source: `git:${repository.split("/").pop() ?? ""}` },
      });
      expect(JSON.stringify([item, corpus])).not.toMatch(/secret|tmp/);
    }
  });

  it("runs nothing that the repository brings", async () => {
    write({ "a.py": "x", "evil.sh": `#!/bin/sh\ntouch "${root}/ran"\n` });
    chmodSync(join(root, "evil.sh"), 0o755);
    git("add", "-A");
    git("commit", "-qm", "first");
    git("config", "core.fsmonitor", join(root, "evil.sh"));
    git("config", "core.hooksPath", root);
    git("config", "core.pager", join(root, "evil.sh"));
    expect(await itemsOf(await openCorpus(`git:${root}`), 0)).toHaveLength(1);
    expect(existsSync(join(root, "ran"))).toBe(false);
  });

  it("refuses what is no checkout", async () => {
    await expect(openCorpus(`git:${root}`)).rejects.toThrow(`checkout "${root}" has no commit yet`);
    await expect(openCorpus(`git:${dirname(root)}`)).rejects.toThrow(
      /is not a git checkout .*use folder:PATH/,
    );
    await expect(openCorpus(`git:${root}/none`)).rejects.toThrow("is not a git checkout");
    await expect(openCorpus("git:")).rejects.toThrow("names no checkout; write git:PATH");
    write({ "a.txt": "x" });
    git("add", "-A");
    git("commit", "-qm", "first");
    await expect(openCorpus(`git:${root}`)).rejects.toThrow("has no .py file in its commit");
  });
});
