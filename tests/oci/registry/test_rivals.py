"""How long rivals are waited for."""

from __future__ import annotations

import pytest

from ekiben.oci.registry.rivals import Rivals


@pytest.mark.parametrize(
    ("took_s", "share", "waited_s"), [(0.2, 1.0, 0.4), (0.2, 0.5, 0.2), (0.001, 1.0, 0.1), (60.0, 1.0, 2.0)]
)
def test_a_rival_is_given_twice_as_long_as_it_took_us(took_s: float, share: float, waited_s: float) -> None:
    waited = list[float]()
    Rivals(lambda: 100.0 + took_s, waited.append).wait(100.0, share)
    assert waited == [pytest.approx(waited_s)]
