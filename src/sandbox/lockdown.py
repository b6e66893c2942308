"""Shuts a process of the native sandbox in before untrusted code runs in it, and starts such processes.

Part of the zygote (see zygote.py), which runs inside bubblewrap: no network, no /proc, no /etc, a read-only root. A world is
the first process of a process namespace of its own, so that killing it kills all that it started.
"""

import ctypes
import os
import resource

_libc = ctypes.CDLL(None, use_errno=True)
_NEW_MOUNTS, _NEW_PIDS, _NEW_IPC = 0x20000, 0x20000000, 0x08000000
_SYS_PIDFD_OPEN = 434
_PRIVATE = 0x40000 | 0x4000
_NO_SUID_NO_DEVICES = 2 | 4
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 4, 22, 24
_PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
_CAPABILITIES = 41
_CAPABILITY_VERSION = 0x20080522
_MOST_DESCRIPTORS = 1024
_OPEN_FILES = 64
_THREADS = 32
_STACK_BYTES = 64 << 20
_FILES = 2048


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def filter_program(text):
    """A seccomp filter, given in hexadecimal, in the form that the kernel takes; keep what is returned."""
    code = bytes.fromhex(text)
    held = ctypes.create_string_buffer(code, len(code))
    return _Program(len(code) // 8, ctypes.addressof(held)), held


def _check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what} failed")


def ready_zygote():
    """Its memory can't be read by others of its user."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl")


def _close_all_but(kept):
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, _MOST_DESCRIPTORS)


def _limit(memory_bytes, file_bytes, cpu_seconds):
    for limit, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, _THREADS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, 64),
        (resource.RLIMIT_STACK, _STACK_BYTES),
        (resource.RLIMIT_CPU, cpu_seconds),
    ):
        resource.setrlimit(limit, (value, value))


def lock_down(limits, program, kept):
    """In the first process of a world: files, descriptors, limits, capabilities, system calls. There is no way back."""
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _close_all_but(kept)
    _check(_libc.unshare(_NEW_MOUNTS | _NEW_IPC), "unshare")
    _check(_libc.mount(b"none", b"/", None, _PRIVATE, None), "making mounts private")
    size = b"size=%d,nr_inodes=%d,mode=1777" % (limits["fileBytes"], _FILES)
    _check(_libc.mount(b"world", b"/tmp", b"tmpfs", _NO_SUID_NO_DEVICES, size), "mounting /tmp")
    os.chdir("/tmp")
    os.setsid()
    _limit(limits["memoryBytes"], limits["fileBytes"], limits["cpuSeconds"])
    for capability in range(_CAPABILITIES):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "dropping capabilities")
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    _check(_libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0), "installing the filter of system calls")


def open_home():
    """A descriptor of the zygote itself, by which `spawn` comes back to its process namespace."""
    home = _libc.syscall(_SYS_PIDFD_OPEN, os.getpid(), 0)
    _check(0 if home >= 0 else home, "pidfd_open")
    return home


def spawn(body, home, leave=os._exit):
    """Runs `body` as the first process of a new process namespace; returns its pid as the zygote sees it."""
    _check(_libc.unshare(_NEW_PIDS), "unshare")
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            leave(99)
    # The next child is to be the first of a namespace of its own, beside this one.
    _check(_libc.setns(home, _NEW_PIDS), "setns")
    return pid
