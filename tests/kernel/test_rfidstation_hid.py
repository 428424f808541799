"""The RFIDStation pad with a USB plug of its own, found by what it says it is."""

from __future__ import annotations

import pytest

from drivers import registry
from drivers.api import DeviceLost
from tests.kernel.bed import Bed, Usb

PAD = Usb(vendor="0505", product="5050", name="AnyID Reader", subsystem="hidraw")


def test_its_node_is_found_by_vendor_and_product(bed: Bed) -> None:
    plugged = bed.plug(PAD)
    pad = registry.create("rfidstation", {"port": PAD.address})

    # Nobody answers at this node, so it was opened and asked.
    with pytest.raises(DeviceLost, match="no 7E55 reader"):
        pad.open()

    bed.unplug(plugged)
    with pytest.raises(DeviceLost, match="no such hidraw device"):
        pad.open()
