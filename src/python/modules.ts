// What is known about modules and names of Python itself: the standard library, the builtins, and the modules that
// cannot do their work in a bare sandbox (no processes, threads, sockets, terminals, foreign libraries or other systems).
// Lists taken from `sys.stdlib_module_names` and `dir(builtins)` of CPython 3.11 to 3.14.

/** Top-level modules of the standard library in any of CPython 3.11 to 3.14. */
export const STDLIB_MODULES: ReadonlySet<string> = words(`
__future__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect _blake2
_bootsubprocess _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw
_collections _collections_abc _colorize _compat_pickle _compression _contextvars _crypt _csv _ctypes
_curses _curses_panel _datetime _dbm _decimal _elementtree _frozen_importlib _frozen_importlib_external
_functools _gdbm _hashlib _heapq _hmac _imp _interpchannels _interpqueues _interpreters _io _ios_support
_json _locale _lsprof _lzma _markupbase _md5 _msi _multibytecodec _multiprocessing _opcode
_opcode_metadata _operator _osx_support _overlapped _pickle _posixshmem _posixsubprocess _py_abc
_py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random _remote_debugging _scproxy
_sha1 _sha2 _sha256 _sha3 _sha512 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics
_string _strptime _struct _suggestions _symtable _sysconfig _thread _threading_local _tkinter _tokenize
_tracemalloc _types _typing _uuid _warnings _weakref _weakrefset _winapi _wmi _zoneinfo _zstd abc aifc
annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb
binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections
colorsys compileall compression concurrent configparser contextlib contextvars copy copyreg crypt csv
ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip
enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt
getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib imghdr imp importlib
inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap
marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath
nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil
platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc
pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets
select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3
sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau
symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time
timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing
unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref xdrlib
xml xmlrpc zipapp zipfile zipimport zlib zoneinfo
`);

/** Those of them that 3.14 no longer has. */
export const REMOVED_MODULES: ReadonlySet<string> = words(`
_bootsubprocess _compression _crypt _msi _sha256 _sha512 aifc asynchat asyncore audioop cgi cgitb chunk
crypt distutils imghdr imp lib2to3 mailcap msilib nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau
telnetlib uu xdrlib
`);

/** Builtin names of CPython 3.14, without those that only an interactive session gets (`exit`, `help`); `__name__` is every module's. */
export const BUILTINS: ReadonlySet<string> = words(`
ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError
BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError
ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning
EnvironmentError Exception ExceptionGroup False FileExistsError FileNotFoundError FloatingPointError
FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError
InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError
ModuleNotFoundError NameError None NotADirectoryError NotImplemented NotImplementedError OSError
OverflowError PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError
RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration
StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError True TypeError
UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError
UnicodeWarning UserWarning ValueError Warning ZeroDivisionError __build_class__ __debug__ __import__
__name__ abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod
compile complex delattr dict dir divmod enumerate eval exec filter float format frozenset getattr
globals hasattr hash hex id input int isinstance issubclass iter len list locals map max memoryview min
next object oct open ord pow print property range repr reversed round set setattr slice sorted
staticmethod str sum super tuple type vars zip
`);

/** Modules that start processes or threads, open sockets or terminals, load native libraries, or belong to one
 * operating system; a dotted name stands for that submodule only. */
export const PROCESS_MODULES: ReadonlySet<string> = words(`
_aix_support _android_support _apple_support _ctypes _curses _curses_panel _dbm _gdbm _ios_support
_multiprocessing _osx_support _overlapped _posixshmem _posixsubprocess _scproxy _signal _socket _ssl
_thread _threading_local _tkinter _winapi _wmi concurrent crypt ctypes curses dbm ensurepip faulthandler
fcntl ftplib grp http.client http.server idlelib imaplib mmap msilib msvcrt multiprocessing nis nntplib nt ossaudiodev pip
poplib pty pwd readline resource select selectors signal smtpd smtplib socket socketserver spwd ssl
subprocess syslog telnetlib termios threading tkinter tty turtle turtledemo urllib.request venv webbrowser winreg
winsound xmlrpc
`);

/** Those of them that one operating system lacks: importing them under a condition, with something to fall back on, is fine. */
export const SYSTEM_MODULES: ReadonlySet<string> = words(`
_aix_support _android_support _apple_support _ios_support _osx_support _overlapped _scproxy _winapi _wmi grp msilib
msvcrt nt pwd spwd winreg winsound
`);

/** Functions of `os` that start or steer processes, as attribute names. */
export const PROCESS_CALLS: ReadonlySet<string> = words(`
abort execl execle execlp execlpe execv execve execvp execvpe fork forkpty kill killpg popen posix_spawn posix_spawnp
spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe startfile system wait wait3 wait4 waitid waitpid
`);

/** Names a module gets from its file; a function that reads them can't leave it. */
export const FILE_NAMES: ReadonlySet<string> = words(
  `__file__ __path__ __spec__ __loader__ __package__ __cached__ __doc__`,
);

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}
