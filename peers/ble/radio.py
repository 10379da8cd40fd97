"""A Bluetooth host on one of the air's controllers, for the scripts of this folder: see README.md."""

import asyncio
import contextlib
from dataclasses import dataclass

from bumble.core import AdvertisingData
from bumble.device import Advertisement, Device, DeviceConfiguration
from bumble.hci import Address
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport import open_transport

PATIENCE = 10
# How long a device that has left the air is listened for.
GONE = 2
# Insufficient Authentication, and Insufficient Encryption.
ENCRYPTION_NEEDED = (0x05, 0x0F)


@dataclass
class Heard:
    """A device, as it shows itself on the air."""

    address: Address
    advertisement: bytes = b""
    scan_response: bytes = b""

    @property
    def name(self):
        fields = AdvertisingData.from_bytes(self.advertisement + self.scan_response)
        return fields.get(AdvertisingData.COMPLETE_LOCAL_NAME)

    @property
    def services(self):
        """The 128-bit service UUIDs that it names."""
        fields = AdvertisingData.from_bytes(self.advertisement + self.scan_response)
        lists = fields.get_all(AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS)
        return [uuid for uuids in lists for uuid in uuids]


@contextlib.asynccontextmanager
async def host(port, name, address, **configuration):
    """A host that drives the controller at `port`."""
    async with await open_transport(f"tcp-client:127.0.0.1:{port}") as transport:
        configuration = DeviceConfiguration(name=name, address=Address(address), **configuration)
        device = Device.from_config_with_hci(configuration, transport.source, transport.sink)
        # Just Works, and nothing is remembered.
        delegate = PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT)
        device.pairing_config_factory = lambda _: PairingConfig(sc=True, mitm=False, bonding=False, delegate=delegate)
        await device.power_on()
        yield device


def central(port):
    """A host that looks for devices. Each has an address of its own."""
    return host(port, "central", f"C0:00:00:00:{int(port) >> 8:02X}:{int(port) & 0xFF:02X}")


async def find(device, name, seconds=PATIENCE):
    """Waits until a device of this name is heard, its advertisement and its scan response. None if it is not."""
    known, found = {}, asyncio.get_running_loop().create_future()

    def hear(report):
        piece = Advertisement.from_advertising_report(report)
        heard = known.setdefault(str(piece.address), Heard(piece.address))
        if piece.is_scan_response:
            heard.scan_response = bytes(report.data)
        else:
            heard.advertisement = bytes(report.data)
        if heard.name == name and heard.advertisement and not found.done():
            found.set_result(heard)

    device.host.on("advertising_report", hear)
    await device.start_scanning(active=True)
    try:
        return await asyncio.wait_for(found, seconds)
    except asyncio.TimeoutError:
        return None
    finally:
        device.host.remove_listener("advertising_report", hear)
        await device.stop_scanning()


async def disconnect(connection):
    """Ends a connection, if the other side has not done so."""
    if connection.device.lookup_connection(connection.handle) is not connection:
        return
    with contextlib.suppress(Exception):
        await asyncio.wait_for(connection.disconnect(), PATIENCE)
