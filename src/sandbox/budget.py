"""A step budget: how many function starts and jumps a piece of Python may take, counted, not timed.

Part of the harness (see harness.py). Straight-line code is bounded by its length, so that starts, resumptions and jumps
are enough to bound everything but one long call into C. The count is the same on every machine. When it runs out an
exception is raised at every further event; a program that swallows a thousand of them loses its world.
"""

import os
import sys

# Exit status by which the harness tells the host that it gave the world up.
GAVE_UP = 77
_SWALLOWS = 1000
_TOOL = 4
_MONITORING = sys.monitoring
_EVENTS = (
    _MONITORING.events.PY_START
    | _MONITORING.events.PY_RESUME
    | _MONITORING.events.JUMP
    | _MONITORING.events.LINE
)
_forget_lines = _MONITORING.restart_events
_SEEN = _MONITORING.DISABLE
_set_events = _MONITORING.set_events
_leave = os._exit
_left = 0
# Lines of the code that the present run went through, in the order of their first visit.
_lines = []


def _on_start(code, offset):
    global _left
    _left -= 1
    if _left < 0:
        _run_out()


def _on_jump(code, offset, target):
    global _left
    _left -= 1
    if _left < 0:
        _run_out()


def _on_line(code, line):
    if code.co_filename == "<solution>":
        _lines.append(line)
    return _SEEN


def _run_out():
    if _left < -_SWALLOWS:
        _leave(GAVE_UP)
    raise _TooLong


def install_budget():
    """Claim a monitoring tool for this interpreter."""
    _MONITORING.use_tool_id(_TOOL, "budget")
    _MONITORING.register_callback(_TOOL, _MONITORING.events.PY_START, _on_start)
    _MONITORING.register_callback(_TOOL, _MONITORING.events.PY_RESUME, _on_start)
    _MONITORING.register_callback(_TOOL, _MONITORING.events.JUMP, _on_jump)
    _MONITORING.register_callback(_TOOL, _MONITORING.events.LINE, _on_line)


def run_within(events, runner, *arguments):
    """Call `runner`; return (value, exception, events used), where the exception is `_TooLong` once they ran out."""
    global _left
    value = error = None
    _left = events
    _lines.clear()
    _forget_lines()
    _set_events(_TOOL, _EVENTS)
    try:
        value = runner(*arguments)
        _set_events(_TOOL, 0)
    except BaseException as caught:
        _set_events(_TOOL, 0)
        error = caught
    return value, _TooLong() if _left < 0 else error, events - _left
