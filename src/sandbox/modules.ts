// The modules of Python's standard library, as data: which names belong to it, and which of them are kept from code nobody
// trusts because of what they reach. Names: `sys.stdlib_module_names` of CPython 3.10 to 3.14, all together, so that the
// list does not depend on the interpreter; whether a module is there is for the interpreter to say.

/** What a refused module reaches; the words complete "it reaches ...". */
export type Reach = "other processes" | "the network" | "the desktop" | "raw memory" | "the machine";

/** Top-level names, private ones and `__main__` included. */
export const STANDARD_LIBRARY: ReadonlySet<string> = new Set(
  `
  __future__ __main__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio
  _bisect _blake2 _bootsubprocess _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp
  _codecs_kr _codecs_tw _collections _collections_abc _colorize _compat_pickle _compression
  _contextvars _crypt _csv _ctypes _curses _curses_panel _datetime _dbm _decimal _elementtree
  _frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib _heapq _hmac _imp
  _interpchannels _interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase
  _md5 _msi _multibytecodec _multiprocessing _opcode _opcode_metadata _operator _osx_support
  _overlapped _pickle _posixshmem _posixsubprocess _py_abc _py_warnings _pydatetime _pydecimal _pyio
  _pylong _pyrepl _queue _random _remote_debugging _scproxy _sha1 _sha2 _sha256 _sha3 _sha512 _signal
  _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _suggestions
  _symtable _sysconfig _thread _threading_local _tkinter _tokenize _tracemalloc _types _typing _uuid
  _warnings _weakref _weakrefset _winapi _wmi _zoneinfo _zstd abc aifc annotationlib antigravity
  argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect
  builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys
  compileall compression concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes
  curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum
  errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt
  getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp
  importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox
  mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt
  ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools
  pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile
  pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy
  sched secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket
  socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep
  struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios
  textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty
  turtle turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref
  webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
`
    .trim()
    .split(/\s+/),
);

/**
 * Modules with all below them. Kept in spite of what could be done with them: `os` and `sys` (nearly every program has a
 * harmless use of them), `threading` and `asyncio` (which need no process), `select` and `mmap` (nothing to wait for or to
 * map in the sandbox). What `os` could do to the machine the sandbox does not let through.
 */
const REFUSED_NAMES: Readonly<Record<Reach, string>> = {
  "other processes": `
    multiprocessing subprocess pty pipes signal resource concurrent.futures.process concurrent.futures.interpreter
    concurrent.interpreters asyncio.subprocess asyncio.base_subprocess asyncio.unix_events asyncio.windows_events
    asyncio.windows_utils _posixsubprocess _multiprocessing _posixshmem _signal _winapi _interpreters _interpchannels
    _interpqueues`,
  "the network": `
    socket ssl socketserver asyncore asynchat http.client http.server urllib.request urllib.robotparser xmlrpc.client
    xmlrpc.server ftplib imaplib nntplib poplib smtplib smtpd telnetlib wsgiref.simple_server nis _socket _ssl
    _overlapped _scproxy`,
  "the desktop": "webbrowser antigravity tkinter turtle turtledemo idlelib winsound ossaudiodev _tkinter",
  "raw memory": "ctypes _ctypes _remote_debugging",
  "the machine": "ensurepip venv distutils syslog winreg _wmi _msi msilib",
};

/** By dotted name; a name stands for what is below it too. */
export const REFUSED: ReadonlyMap<string, Reach> = new Map(
  (Object.entries(REFUSED_NAMES) as [Reach, string][]).flatMap(([reach, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, reach] as const),
  ),
);
