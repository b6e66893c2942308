"""A warm interpreter inside bubblewrap that forks a world for every program and tells how it ended.

Started by `zygote.ts` with this text behind `python3 -c`. Frames on descriptors 0 and 1: length (4 bytes, little-endian),
then bytes. First comes a frame with the harness and the limits. Then for each job a frame of orders, which is read here, and
one frame of secrets per world (code, tests, nonce), which only that world reads: the zygote, whose memory later worlds
inherit, never holds a test, a nonce or a result. Results are spliced from a world's pipe to the answer unseen.
"""

import builtins
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
import types

# Shared by all worlds, copy on write.
import abc, argparse, array, ast, asyncio, base64, bisect, calendar, cmath, collections, contextlib, copy, csv, dataclasses  # noqa: E401, F401, I001
import datetime, decimal, enum, fractions, functools, hashlib, heapq, html, inspect, io, itertools, logging, math, operator  # noqa: E401, F401
import pathlib, pprint, queue, random, re, secrets, statistics, string, tempfile, textwrap, threading, traceback, typing  # noqa: E401, F401
import unittest, urllib.parse, uuid, warnings, weakref, zoneinfo, concurrent.futures.thread  # noqa: E401, F401

# What a world still calls after the program ran, bound before it could be changed.
_write = os.write
_exit = os._exit
_loads = json.loads
_pack = struct.pack
_unpack = struct.unpack

_RESULT_BYTES = 1 << 20
_LOOK_SECONDS = 0.02
_HOLD = 0.0005


def _module(name, sources):
    """Sources executed in one namespace that has builtins of its own."""
    module = types.ModuleType(name)
    module.__dict__["__builtins__"] = dict(vars(builtins))
    for file, source in sources:
        exec(compile(source, f"<{file}>", "exec", dont_inherit=True), module.__dict__)
    return module


def _read(descriptor, count, read=os.read):
    data = b""
    while len(data) < count:
        piece = read(descriptor, min(count - len(data), 1 << 16))
        if not piece:
            raise EOFError
        data += piece
    return data


def _read_frame(descriptor):
    return _read(descriptor, _unpack("<I", _read(descriptor, 4))[0])


def _write_all(descriptor, data):
    while data:
        data = data[_write(descriptor, data) :]


class Zygote:
    def __init__(self, orders, answers, setup):
        self.orders, self.answers = orders, answers
        self.limits = setup["limits"]
        self.harness = _module("_harness", setup["harness"])
        self.lockdown = _module("_lockdown", setup["lockdown"])
        self.program, self.kept = self.lockdown.filter_program(setup["filter"])
        self.lockdown.ready_zygote()
        self.home = self.lockdown.open_home()

    def world(self, run, descriptors):
        """Starts a world that reads its frame, is shut in with these descriptors only, and calls `run` with what it read."""
        read, write = os.pipe()

        def body():
            told = _loads(_read_frame(self.orders))
            self.lockdown.lock_down(self.limits, self.program, [*descriptors, write])
            _write(write, b".")
            os.close(write)
            run(told)
            _exit(0)

        pid = self.lockdown.spawn(body, self.home)
        os.close(write)
        told = os.read(read, 1)
        os.close(read)
        if told != b".":
            # Its frame may still be unread, so that the next one can't be found: this zygote is at its end.
            raise RuntimeError("a world did not start")
        return pid

    def together(self, result):
        """Code and tests in one world."""
        harness = self.harness

        def run(told):
            for verb in ("load", "test"):
                reply = getattr(harness, verb)(told[verb])
                _write_all(result, reply.encode() + b"\n")
                if _loads(reply)[1] != "passed":
                    return

        return [self.world(run, [result])]

    def apart(self, result):
        """The code in one world, started first; the tests in another. Between them a socket."""
        here, there = socket.socketpair()
        harness = self.harness
        code = self.world(lambda told: _serve(harness, here.fileno(), told["host"]), [here.fileno()])
        here.close()

        def run(told):
            _confront(harness, there.fileno(), result, told)

        try:
            return [self.world(run, [there.fileno(), result]), code]
        except BaseException:
            _kill(code)
            raise
        finally:
            there.close()

    def job(self):
        order = _loads(_read_frame(self.orders))
        read, result = os.pipe()
        pids = (self.apart if order["mode"] == "split" else self.together)(result)
        os.close(result)
        held = os.memfd_create("result")
        try:
            began = time.monotonic()
            end = _wait(pids, read, held, began + order["wallSeconds"], order["cpuSeconds"])
            status, used = _ended(pids[0], end == "eof")
            used += sum(_kill(pid)[1] for pid in pids[1:])
            size = os.fstat(held).st_size
            header = {"end": end, "status": status, "cpuSeconds": used, "bytes": size}
            data = json.dumps(header).encode()
            _write_all(self.answers, _pack("<I", len(data)) + data)
            at = 0
            while at < size:
                at += os.sendfile(self.answers, held, at, size - at)
        finally:
            os.close(read)
            os.close(held)


def _serve(harness, descriptor, text):
    """The world of the code: imports it, then answers until the other side is gone."""
    reply = harness.host(text)
    while True:
        data = reply.encode()
        _write_all(descriptor, _pack("<I", len(data)) + data)
        try:
            reply = harness.serve(_read_frame(descriptor).decode())
        except EOFError:
            return


def _confront(harness, descriptor, result, told):
    """The world of the tests: hears whether the code could be imported, then runs the tests on it."""
    limit = harness.MESSAGE_CHARACTERS

    def hear():
        try:
            (size,) = _unpack("<I", _read(descriptor, 4))
            return _read(descriptor, size).decode() if size <= limit else ""
        except (EOFError, OSError):
            return "!gone"
        except UnicodeDecodeError:
            return ""

    def ask(request):
        data = request.encode()
        try:
            _write_all(descriptor, _pack("<I", len(data)) + data)
        except OSError:
            return "!gone"
        return hear()

    hosted = harness.hosted(told["nonce"], hear(), ask)
    _write_all(result, hosted.encode() + b"\n")
    if _loads(hosted)[1] == "passed":
        _write_all(result, harness.confront(told["confront"]).encode() + b"\n")


def _used(pid):
    """Seconds of processor time of a process: its own clock's number is made of its pid (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0


def _wait(pids, read, held, deadline, cpu_seconds):
    """Splices the result until its end; says `eof`, `timeout` or `flood`."""
    taken = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or (cpu_seconds is not None and sum(map(_used, pids)) >= cpu_seconds):
            return "timeout"
        ready = select.select([read], [], [], left if cpu_seconds is None else min(left, _LOOK_SECONDS))[0]
        if not ready:
            continue
        count = os.splice(read, held, 1 << 16, offset_dst=taken)
        taken += count
        if count == 0:
            return "eof"
        if taken > _RESULT_BYTES:
            return "flood"


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    _, status, usage = os.wait4(pid, 0)
    return status, usage.ru_utime + usage.ru_stime


def _ended(pid, patient):
    """How a world ended, or that it was killed, with its processor time. One that is about to exit may do so."""
    for _ in range(20 if patient else 0):
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return status, usage.ru_utime + usage.ru_stime
        time.sleep(_HOLD)
    return _kill(pid)


def main():
    orders, answers = os.dup(0), os.dup(1)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)
    setup = _loads(_read_frame(orders))
    sys.path[:0] = setup["path"]
    zygote = Zygote(orders, answers, setup)
    data = json.dumps({"ready": sys.version.split()[0]}).encode()
    _write_all(answers, _pack("<I", len(data)) + data)
    del setup, data
    gc.collect()
    gc.freeze()
    while True:
        try:
            zygote.job()
        except EOFError:
            _exit(0)


main()
