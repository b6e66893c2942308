// The system calls that a world may not make, as a classic BPF program for Linux on x86-64: what reaches outside, starts
// programs or processes, takes memory that no limit counts, or has a record of holes in the kernel. Threads are
// allowed, and sockets of the AF_UNIX family, which event loops need for themselves.
// Numbers: Linux arch/x86/entry/syscalls/syscall_64.tbl; the machine: seccomp(2), linux/filter.h.

const DENIED: Readonly<Record<string, number>> = {
  // Programs and processes; clone is looked at below.
  fork: 57,
  vfork: 58,
  execve: 59,
  execveat: 322,
  ptrace: 101,
  process_vm_readv: 310,
  process_vm_writev: 311,
  process_madvise: 440,
  kcmp: 312,
  pidfd_open: 434,
  pidfd_getfd: 438,
  personality: 135,
  // Namespaces, mounts, other roots.
  unshare: 272,
  setns: 308,
  mount: 165,
  umount2: 166,
  pivot_root: 155,
  chroot: 161,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  mount_setattr: 442,
  open_by_handle_at: 304,
  name_to_handle_at: 303,
  mknod: 133,
  mknodat: 259,
  // Who one is.
  setuid: 105,
  setgid: 106,
  setreuid: 113,
  setregid: 114,
  setgroups: 116,
  setresuid: 117,
  setresgid: 119,
  setfsuid: 122,
  setfsgid: 123,
  capset: 126,
  // Memory that RLIMIT_AS does not count, or that outlives the process.
  memfd_create: 319,
  memfd_secret: 447,
  shmget: 29,
  shmat: 30,
  shmctl: 31,
  shmdt: 67,
  semget: 64,
  semop: 65,
  semctl: 66,
  semtimedop: 220,
  msgget: 68,
  msgsnd: 69,
  msgrcv: 70,
  msgctl: 71,
  mq_open: 240,
  mq_unlink: 241,
  mbind: 237,
  set_mempolicy: 238,
  migrate_pages: 256,
  move_pages: 279,
  // Much surface, no use to a program like these.
  bpf: 321,
  perf_event_open: 298,
  userfaultfd: 323,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  keyctl: 250,
  add_key: 248,
  request_key: 249,
  fanotify_init: 300,
  inotify_init: 253,
  inotify_init1: 294,
  seccomp: 317,
  quotactl: 179,
  quotactl_fd: 443,
  landlock_create_ruleset: 444,
  // The machine as a whole.
  swapon: 167,
  swapoff: 168,
  reboot: 169,
  sethostname: 170,
  setdomainname: 171,
  iopl: 172,
  ioperm: 173,
  init_module: 175,
  delete_module: 176,
  finit_module: 313,
  kexec_load: 246,
  kexec_file_load: 320,
  acct: 163,
  settimeofday: 164,
  clock_settime: 227,
  adjtimex: 159,
  clock_adjtime: 305,
  syslog: 103,
  uselib: 134,
  vhangup: 153,
};

const CLONE = 56;
const CLONE3 = 435;
const SOCKET = 41;
const SOCKETPAIR = 53;
const IOCTL = 16;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const AF_UNIX = 1;
const CLONE_THREAD = 0x10000;
/** CLONE_NEWTIME … CLONE_NEWNET: a thread in new namespaces would be out of the fence. */
const CLONE_NEW = 0x7e02_0080;
const X86_64 = 0xc000003e;
const X32 = 0x40000000;

// Offsets in struct seccomp_data; the low halves of the arguments.
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST = 16;
const SECOND = 24;

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const refusal = (errno: number): number => 0x00050000 | errno;
const EPERM = refusal(1);
const ENOSYS = refusal(38);

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, constant: number];
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const give = (result: number): Instruction => [0x06, 0, 0, result];
/** Jumps count instructions to skip. */
const ifEqual = (value: number, ifTrue: number, ifFalse: number): Instruction => [
  0x15,
  ifTrue,
  ifFalse,
  value,
];
const ifAtLeast = (value: number, ifTrue: number, ifFalse: number): Instruction => [
  0x35,
  ifTrue,
  ifFalse,
  value,
];
const ifBits = (bits: number, ifTrue: number, ifFalse: number): Instruction => [0x45, ifTrue, ifFalse, bits];

/** Runs `body` where the call has this number, then goes on with the number loaded again. */
function forCall(number: number, body: readonly Instruction[]): Instruction[] {
  return [ifEqual(number, 0, body.length + 1), ...body, load(NUMBER)];
}

function program(): readonly Instruction[] {
  return [
    load(ARCHITECTURE),
    ifEqual(X86_64, 1, 0),
    give(KILL),
    load(NUMBER),
    ifAtLeast(X32, 0, 1),
    give(KILL),
    // The C library falls back to clone, whose flags can be looked at.
    ifEqual(CLONE3, 0, 1),
    give(ENOSYS),
    ...Object.values(DENIED).flatMap((number) => [ifEqual(number, 0, 1), give(EPERM)]),
    ...forCall(CLONE, [
      load(FIRST),
      ifBits(CLONE_NEW, 0, 1),
      give(EPERM),
      ifBits(CLONE_THREAD, 1, 0),
      give(EPERM),
    ]),
    ...forCall(IOCTL, [load(SECOND), ifEqual(TIOCSTI, 1, 0), ifEqual(TIOCLINUX, 0, 1), give(EPERM)]),
    ...[SOCKET, SOCKETPAIR].flatMap((call) =>
      forCall(call, [load(FIRST), ifEqual(AF_UNIX, 1, 0), give(EPERM)]),
    ),
    give(ALLOW),
  ];
}

/** The filter as the kernel takes it: eight bytes per instruction, little-endian. */
export function seccompFilter(): Buffer {
  const instructions = program();
  const bytes = Buffer.alloc(8 * instructions.length);
  instructions.forEach(([code, ifTrue, ifFalse, constant], i) => {
    bytes.writeUInt16LE(code, 8 * i);
    bytes.writeUInt8(ifTrue, 8 * i + 2);
    bytes.writeUInt8(ifFalse, 8 * i + 3);
    bytes.writeUInt32LE(constant >>> 0, 8 * i + 4);
  });
  return bytes;
}
