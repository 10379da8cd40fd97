"""What esp_prov does with bleak (spec transports.md 1.7), on one of the lab's adapters: see README.md."""

import contextlib
import io
import sys

from bleak import BleakClient, BleakScanner

from bluetooth import PEERS
from lab import LOGS, PATIENCE, expect

sys.path.insert(0, str(PEERS))
import provisioning  # noqa: E402

FALLBACK_SERVICE = "021a9004-0382-4aea-bff4-6b3f1c5adfb4"
NEEDED = {"prov-session", "prov-config", "proto-ver"}


class Transport:
    """A request is written to its endpoint's characteristic, and the answer is read from it."""

    def __init__(self, client, endpoints):
        self.client, self.endpoints = client, endpoints

    async def send(self, endpoint, data):
        await self.client.write_gatt_char(self.endpoints[endpoint], data.encode("latin-1"), response=True)
        return await self.read(endpoint)

    async def read(self, endpoint):
        return bytes(await self.client.read_gatt_char(self.endpoints[endpoint])).decode("latin-1")


async def find(adapter, name, seconds=PATIENCE):
    """The device of this name and its advertisement. It does not wait for the scan's end as esp_prov does. None if there
    is none."""
    found = []

    def matches(device, advertisement):
        if advertisement.local_name == name:
            found.append((device, advertisement))
        return bool(found)

    await BleakScanner.find_device_by_filter(matches, timeout=seconds, bluez={"adapter": adapter})
    return found[-1] if found else None


@contextlib.asynccontextmanager
async def connected(adapter, name):
    """A transport to the device of this name."""
    found = await find(adapter, name)
    expect(found, f"bleak hears no {name}")
    device, advertisement = found
    advertised = advertisement.service_uuids
    service = advertised[0] if len(advertised) == 1 else FALLBACK_SERVICE
    async with BleakClient(device, bluez={"adapter": adapter}, timeout=PATIENCE) as client:
        service = client.services.get_service(service)
        expect(service, f"{name} has not the service that it advertises, {advertised}")
        endpoints = {}
        for characteristic in service.characteristics:
            for descriptor in characteristic.descriptors:
                if descriptor.uuid[4:8] == "2901":
                    value = bytes(await client.read_gatt_descriptor(descriptor.handle))
                    endpoints[value.decode("ascii").lower()] = characteristic
        expect(NEEDED <= endpoints.keys(), f"{name} has only the endpoints {sorted(endpoints)}")
        yield Transport(client, endpoints)


async def provision(adapter, name, scheme, secret, ssid, passphrase):
    """A whole provisioning; gives its exit code (../peers/README.md)."""
    said = io.StringIO()
    try:
        async with connected(adapter, name) as transport:
            with contextlib.redirect_stdout(said):
                greet = provisioning.esp_prov_greets
                return await provisioning.provision(transport, greet, scheme, secret, ssid, passphrase)
    finally:
        with (LOGS / "esp_prov.log").open("a") as log:
            log.write(f"{name}\n{said.getvalue()}")
