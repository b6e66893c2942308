"""An event loop for a machine without threads, sockets or a host to wait for.

Part of the harness (see harness.py), for Pyodide.
Time inside the loop is virtual: when nothing is ready the clock jumps to the next timer, so `asyncio.sleep(3600)`
costs nothing and every run is alike. A loop that would wait forever says so instead.
"""

from asyncio import base_events, events


class _Selector:
    def __init__(self, loop):
        self._loop = loop

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("the event loop would wait forever: nothing is scheduled")
        self._loop.now += timeout
        return []

    def close(self):
        pass


class _Loop(base_events.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self.now = 0.0
        self._selector = _Selector(self)

    def time(self):
        return self.now

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass


class _Policy(events._BaseDefaultEventLoopPolicy):
    _loop_factory = _Loop


def install_loop():
    """Make `asyncio.run` and its relatives use the loop above instead of Pyodide's, which needs a browser."""
    events._set_running_loop(None)
    events._event_loop_policy = _Policy()
