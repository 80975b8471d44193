"""Each step in a process of its own, forked from a nursery that has imported what drivers need.

Threads would not do: scikit-learn swaps the process-wide filters of warnings while it checks its input, and
numpy's limit of threads is of the whole process too (docs/decisions/0013). A process starts from the same
untouched interpreter whatever ran before it, gives its memory back, and takes nothing else along when it is
killed.

The nursery is made before the state is locked and opened, so that no step holds either: forked, or a fresh
interpreter where this process has other threads (theirs may hold a lock that nobody would ever give back in the
copy). When `apply` dies, whatever it dies of, nursery and steps die with it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct

from mlc import forking
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import Operation, Product

_LENGTH = struct.Struct("!I")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Told(Struct, frozen=True):
    """A step's progress, in a few words."""

    step: str
    text: str


class Succeeded(Struct, frozen=True):
    """`product` is what the driver gave; None where it took something back."""

    step: str
    product: Product | None


class Failed(Struct, frozen=True):
    """`passing` where trying again may help."""

    step: str
    diagnostics: tuple[Diagnostic, ...]
    passing: bool = False


class Died(Struct, frozen=True):
    """The process came to an end without saying how its step went: by a signal, or by an exit of its own."""

    step: str
    signal: int


Heard = Told | Succeeded | Failed | Died


class Errand(Struct, frozen=True):
    """What a process is to do: run an operation or take back what it did, on so many cores.

    `folder`, `inputs`, `digests`, `files`, `made_from`, `cores` and `key` are those of `ir.operation.Work`; `folder` is
    None for "undo".
    """

    act: Literal["run", "undo"]
    operation: Operation
    environment: str
    cores: int = 1
    folder: Path | None = None
    inputs: dict[str, Path] = {}
    digests: dict[str, str] = {}
    files: dict[str, Path] = {}
    made_from: dict[str, dict[str, str]] = {}
    key: str = ""

    @property
    def step(self) -> str:
        return self.operation.id


Perform = Callable[[Errand, Callable[[str], None]], Succeeded | Failed]
"""Does an errand, in the step's process; the second argument tells of progress."""

Prepare = Callable[[str], None]


class Processes:
    """The steps that run. Use as a context manager: on leaving, whatever still runs is killed."""

    def __init__(self, perform: Perform, prepare: Prepare) -> None:
        """Make the nursery. It calls `prepare` with a driver's name before it forks that driver's first step.

        Both are functions of modules, or partials of such.
        """
        self._socket, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        with theirs:
            if forking.is_safe():
                self._wait = self._forked(theirs, perform, prepare)
            else:
                self._wait = self._started(theirs, perform, prepare)
        self._pipes: dict[int, str] = {}  # descriptor → step
        self._bytes: dict[int, bytearray] = {}

    def _forked(self, theirs: socket.socket, perform: Perform, prepare: Prepare) -> Callable[[], object]:
        parent = os.getpid()
        nursery = os.fork()
        if nursery == 0:
            self._socket.close()
            _as_nursery(theirs, perform, prepare, parent)
        return lambda: os.waitpid(nursery, 0)

    def _started(self, theirs: socket.socket, perform: Perform, prepare: Prepare) -> Callable[[], object]:
        descriptor = theirs.fileno()
        program = (
            f"import sys; sys.path[:] = {sys.path!r}; "
            f"from mlc.apply.processes import nursery; nursery({descriptor}, {os.getpid()})"
        )
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-c", program], pass_fds=[descriptor], stdin=subprocess.DEVNULL
        )
        message = pickle.dumps((perform, prepare))
        self._socket.sendall(_LENGTH.pack(len(message)) + message)
        return process.wait

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        """The steps die with the nursery: at once where the kernel sees to it, else when it is told to."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._wait()
        for descriptor in self._pipes:
            os.close(descriptor)

    def start(self, errand: Errand) -> None:
        reader, writer = os.pipe()
        message = pickle.dumps(errand)
        try:
            socket.send_fds(self._socket, [_LENGTH.pack(len(message))], [writer])
            self._socket.sendall(message)
        except OSError:  # the nursery is dead, and the pipe will say so: nobody holds its other end
            pass
        finally:
            os.close(writer)
        self._pipes[reader] = errand.step
        self._bytes[reader] = bytearray()

    def heard(self, seconds: float | None) -> Iterator[Heard]:
        """What the running steps say next; nothing where none says anything for so long."""
        ready, _, _ = select.select([*self._pipes], [], [], seconds)
        for descriptor in ready:
            yield from self._read(descriptor)

    def _read(self, descriptor: int) -> Iterator[Heard]:
        received = os.read(descriptor, 1 << 16)
        if not received:
            yield self._end(descriptor, Died(self._pipes[descriptor], signal.SIGKILL))
            return
        buffered = self._bytes[descriptor]
        buffered += received
        while len(buffered) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffered)
            if len(buffered) < _LENGTH.size + length:
                return
            said: Heard = pickle.loads(bytes(buffered[_LENGTH.size : _LENGTH.size + length]))  # noqa: S301 - by our own child
            del buffered[: _LENGTH.size + length]
            if isinstance(said, Told):
                yield said
            else:
                yield self._end(descriptor, said)
                return

    def _end(self, descriptor: int, said: Heard) -> Heard:
        os.close(descriptor)
        del self._pipes[descriptor], self._bytes[descriptor]
        return said


def nursery(descriptor: int, parent: int) -> None:
    """Be the nursery of a process, in a fresh interpreter. Never returns."""
    commands = socket.socket(fileno=descriptor)
    perform, prepare = pickle.loads(_exactly(commands, _LENGTH.unpack(_exactly(commands, _LENGTH.size))[0]))  # noqa: S301 - by our own parent
    _as_nursery(commands, perform, prepare, parent)


def _as_nursery(commands: socket.socket, perform: Perform, prepare: Prepare, parent: int) -> None:
    """Fork a process for each errand until `apply` closes its end. Never returns."""
    try:
        forking.die_with(parent)
        # Ctrl-C reaches every process of a terminal; `apply` decides what it means for the steps.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        os.dup2(2, 1)  # what a library prints is no answer
        # The order of floating-point sums follows the number of threads, and bytes must not.
        os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
        _serve(commands, perform, prepare)
    finally:
        os._exit(0)


def _serve(commands: socket.socket, perform: Perform, prepare: Prepare) -> None:
    waking, woken = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, tuple[str, int]] = {}  # process → step, and the pipe that it tells on
    prepared: set[str] = set()
    try:
        while True:
            ready, _, _ = select.select([commands.fileno(), waking], [], [])
            if waking in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(waking, 4096)
                _bury(children)
            if commands.fileno() not in ready:
                continue
            head, descriptors, _, _ = socket.recv_fds(commands, _LENGTH.size, 1)
            if not head:
                return
            errand: Errand = pickle.loads(_exactly(commands, _LENGTH.unpack(head)[0]))  # noqa: S301 - by our own parent
            if errand.operation.driver not in prepared:
                prepared.add(errand.operation.driver)
                with contextlib.suppress(Exception):  # the step will meet it too, and tell
                    prepare(errand.operation.driver)
            this = os.getpid()
            child = os.fork()
            if child == 0:
                _as_step(errand, descriptors[0], perform, this)
            children[child] = (errand.step, descriptors[0])
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)


def _bury(children: dict[int, tuple[str, int]]) -> None:
    """Tell of the processes that ended; of those that have told of their end themselves it is not heard."""
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        step, pipe = children.pop(child)
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        with contextlib.suppress(OSError):
            _say(pipe, Died(step, number))
        os.close(pipe)


def _as_step(errand: Errand, pipe: int, perform: Perform, nursery: int) -> None:
    """Do one errand. Never returns."""
    try:
        forking.die_with(nursery)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ["POLARS_MAX_THREADS"] = str(errand.cores)
        _say(pipe, perform(errand, lambda text: _say(pipe, Told(errand.step, text))))
    except BrokenPipeError:
        pass
    finally:
        os._exit(0)


def _say(pipe: int, said: Heard) -> None:
    message = pickle.dumps(said)
    rest = memoryview(_LENGTH.pack(len(message)) + message)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _exactly(source: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        part = source.recv(length - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)
