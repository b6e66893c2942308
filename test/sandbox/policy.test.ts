import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import { checkImports } from "../../src/sandbox/policy.js";

beforeAll(loadGrammar);

describe("checkImports lets through", () => {
  it.each([
    "import os, sys, re as regex\n",
    "from collections.abc import Iterable\n",
    "from __future__ import annotations\nimport __main__\n",
    "import asyncio, threading, concurrent.futures\n",
    "from urllib.parse import urlsplit\nfrom urllib import error\n",
    "from http import HTTPStatus\nimport http.cookies\n",
    "from os import popen, path\n",
    "from _collections_abc import Set\n",
    "import gc, inspect, unittest.mock\n",
    "import tomllib, cgi, compression\n",
    "socket = 1\nprint('import socket')\n# import socket\n",
    "__import__(name)\nimportlib.import_module(f'{a}.b')\n",
    "__import__('json')\n",
    "x.import_module('numpy')\n",
    "def f(:\n",
  ])("%j", (code) => expect(checkImports(code)).toBeNull());
});

describe("checkImports refuses", () => {
  it.each([
    ["import socket\n", "socket", 1],
    ["import os, subprocess as s\n", "subprocess", 1],
    ["x = 1\n\nfrom socket import socket\n", "socket", 3],
    ["import multiprocessing.pool\n", "multiprocessing.pool", 1],
    ["import urllib . request\n", "urllib.request", 1],
    ["from urllib import (\n  parse,\n  request as r,\n)\n", "urllib.request", 1],
    ["from http.client import HTTPConnection\n", "http.client", 1],
    ["from asyncio import subprocess\n", "asyncio.subprocess", 1],
    ["from concurrent.futures.process import x\n", "concurrent.futures.process", 1],
    ["def f():\n    if x:\n        import ctypes.util\n", "ctypes.util", 3],
    ["try:\n    import numpy as np\nexcept ImportError:\n    np = None\n", "numpy", 2],
    ["import ſocket\n", "socket", 1],
    ["import js\n", "js", 1],
    ["from requests import *\n", "requests", 1],
    ["__import__('socket').socket()\n", "socket", 1],
    ["a = importlib.import_module('os.path'), import_module(name='ctypes')\n", "ctypes", 1],
    ["def f(:\n    pass\nimport socket\n", "socket", 3],
  ] as const)("%j", (code, module, line) => expect(checkImports(code)).toMatchObject({ module, line }));

  it("the first of several", () => {
    expect(checkImports("import json\nimport pandas\nimport numpy\n")).toMatchObject({
      module: "pandas",
      line: 2,
    });
  });

  it.each(["from . import a\n", "from .a import b\n", "from ..a.b import c\n", "import_module('.a', 'b')\n"])(
    "relative imports: %j",
    (code) => expect(checkImports(code)?.message).toMatch(/^relative import "\.+[a-z.]*" leads nowhere/),
  );
});

describe("what a caller allows", () => {
  const code = "import numpy.linalg as la\nfrom socket import socketpair\nimport pandas\n";

  it("is let through with all that is below it", () => {
    expect(checkImports(code, { allow: ["numpy", "socket"] })).toMatchObject({ module: "pandas", line: 3 });
    expect(checkImports(code, { allow: ["numpy", "socket", "pandas"] })).toBeNull();
  });

  it("is named in the message", () => {
    expect(checkImports(code)?.message).toBe(
      'module "numpy.linalg" is not of the standard library: --allow-imports numpy lets it through',
    );
    expect(checkImports(code, { allow: ["numpy"] })?.message).toBe(
      'module "socket" reaches the network: --allow-imports socket lets it through',
    );
  });

  it("does not lift the rule for relative imports", () => {
    expect(checkImports("from . import a\n", { allow: [""] })).not.toBeNull();
  });
});
