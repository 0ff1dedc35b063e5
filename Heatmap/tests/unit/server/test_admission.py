"""How many connections are let in, and from whom."""

import pytest

from Heatmap.errors import SettingsError
from Heatmap.server.connections.admission import (
    LOCAL,
    Admission,
    ConnectionLimits,
    Full,
    place_of,
    usual_limits,
)


def test_addresses_are_counted_one_by_one_and_those_of_a_network_with_ipv6_together() -> None:
    assert place_of("192.0.2.7") != place_of("192.0.2.8")
    assert place_of("2001:db8:1:2::7") == place_of("2001:db8:1:2:ffff::8")
    assert place_of("2001:db8:1:2::7") != place_of("2001:db8:1:3::7")
    assert place_of("::ffff:192.0.2.7") == place_of("192.0.2.7")
    assert place_of("fe80::1%eth0") == place_of("fe80::2")
    for local in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        assert place_of(local) == LOCAL


def test_one_address_takes_no_place_of_others_and_this_machine_keeps_some() -> None:
    admission = Admission(ConnectionLimits(in_all=5, per_address=2, kept_local=1))
    for _ in range(2):
        assert admission.full("a", 10) is None
        admission.enter("a")
    assert admission.full("a", 10) is Full.ADDRESS
    for _ in range(2):
        assert admission.full("b", 10) is None
        admission.enter("b")
    assert admission.full("c", 10) is Full.SERVER
    assert admission.full(LOCAL, 10) is None
    admission.enter(LOCAL)
    assert admission.full(LOCAL, 10) is Full.SERVER
    admission.leave("a")
    assert admission.full(LOCAL, 10) is None
    assert admission.full("a", 10) is None
    assert (admission.open, admission.count_of("a")) == (4, 1)


@pytest.mark.parametrize("descriptors", [1, 8, 64, 256, 1024, 20_000])
def test_the_last_descriptors_are_kept_for_the_recorder(descriptors: int) -> None:
    limits = usual_limits(descriptors)
    admission = Admission(limits)
    assert limits.in_all <= 800
    first_kept = limits.first_kept_descriptor
    assert first_kept is not None
    assert admission.full(LOCAL, first_kept) is Full.PROCESS
    assert admission.full(LOCAL, first_kept - 1) is None
    assert descriptors - first_kept == min(descriptors // 4, 256, descriptors - 1)


def test_limits_that_let_nobody_in_are_refused() -> None:
    assert usual_limits(None).first_kept_descriptor is None
    for wrong in ((0, 1), (1, 0), (5, 1, 5), (5, 1, -1), (5, 1, 0, None, 0.0)):
        with pytest.raises(SettingsError, match="limits"):
            ConnectionLimits(*wrong)  # type: ignore[arg-type]
