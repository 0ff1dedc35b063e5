"""Whether what was kept of an engine is what one can go on from. Pure."""

from collections.abc import Callable, Mapping

STATE_FORM = 1
"""Of `Engine.state`; another form is not taken over."""

_Check = Callable[[object], bool]


def is_engine_state(plain: object) -> bool:
    """Tell whether data are what `Engine.state` returns, or of another form than ours.

    A file may have been cut off or edited: an engine that found out in the middle would fail again
    at each start.
    """
    if not isinstance(plain, Mapping):
        return False
    if plain.get("form") != STATE_FORM:
        return True
    return (
        _is_mapping(plain.get("rules"), _is_text)
        and _is_mapping(plain.get("lanes"), _is_lane)
        and _is_mapping(plain.get("levels"), _is_level)
        and _is_mapping(plain.get("recording"), _is_recording)
    )


def is_number(one: object) -> bool:
    """Tell whether it is a number; true and false are none."""
    return isinstance(one, int | float) and not isinstance(one, bool)


def is_whole(one: object) -> bool:
    """Tell whether it is a whole number."""
    return type(one) is int


def _is_text(one: object) -> bool:
    return isinstance(one, str)


def _is_mapping(plain: object, check: _Check) -> bool:
    return isinstance(plain, Mapping) and all(map(check, plain.values()))


def _is_list(plain: object, check: _Check) -> bool:
    return isinstance(plain, list | tuple) and all(map(check, plain))


def _is_lane(one: object) -> bool:
    if not isinstance(one, Mapping):
        return False
    seconds, window = one.get("seconds"), one.get("window")
    return (
        _is_mapping(one.get("rules"), _is_armed)
        and _is_list(seconds, is_whole)
        # Without a window there is nothing that a length could go on from.
        and (_is_window(window) or (window is None and not seconds))
    )


def _is_armed(one: object) -> bool:
    return (
        isinstance(one, list | tuple)
        and len(one) == 2  # noqa: PLR2004 - whether it is on, and when it rang
        and isinstance(one[0], bool)
        and is_whole(one[1])
    )


def _is_window(one: object) -> bool:
    return (
        isinstance(one, Mapping)
        and is_whole(one.get("second"))
        and _is_list(one.get("entries"), _is_entry)
    )


def _is_entry(one: object) -> bool:
    return (
        isinstance(one, list | tuple)
        and len(one) == 3  # noqa: PLR2004 - time, cents, price
        and is_whole(one[0])
        and is_whole(one[1])
        and is_number(one[2])
    )


def _is_level(one: object) -> bool:
    return (
        isinstance(one, Mapping)
        and is_whole(one.get("rung_s"))
        and _is_list(one.get("rung_prices"), is_number)
    )


def _is_recording(one: object) -> bool:
    return (
        isinstance(one, Mapping)
        and isinstance(one.get("has_rung"), bool)
        and all(
            name in one and (one[name] is None or is_whole(one[name]))
            for name in ("began_ms", "rung_ms")
        )
    )
