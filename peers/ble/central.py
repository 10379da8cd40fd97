"""Provisions a device over Bluetooth with the sequences of esp_prov and of Espressif's app: see README.md.

central.py PORT NAME FLOW MTU SCHEME SECRET SSID PASSPHRASE [OPTIONS]
"""

import argparse
import asyncio
import sys

import provisioning
import radio
from bumble.att import ATT_Error
from bumble.core import UUID
from bumble.device import Peer
from bumble.gatt import GATT_CHARACTERISTIC_USER_DESCRIPTION_DESCRIPTOR as NAME_DESCRIPTOR
from provisioning import Left

FALLBACK_SERVICE = UUID("021a9004-0382-4aea-bff4-6b3f1c5adfb4")
NEEDED = {"prov-session", "prov-config", "proto-ver"}
# How often a client leaves a device before it stays, and how soon a device does what it does at the end.
DEPARTURES = 10
END = 20


class EspProv:
    """What esp_prov does with bleak (spec transports.md 1.7)."""

    greet = staticmethod(provisioning.esp_prov_greets)

    def service(self, advertised):
        return advertised[0] if len(advertised) == 1 else FALLBACK_SERVICE

    def endpoint(self, description):
        return description.decode("ascii").lower()


class Android:
    """What Espressif's app for Android does (spec transports.md 1.8)."""

    greet = staticmethod(provisioning.android_greets)

    def service(self, advertised):
        return advertised[0]

    def endpoint(self, description):
        return description.decode("utf-8")


FLOWS = {"esp_prov": EspProv(), "android": Android()}


class Transport:
    """A request is written to its endpoint's characteristic, and the answer is read from it. `most`: requests after
    which the client leaves."""

    def __init__(self, connection, endpoints, most=None):
        self.connection, self.endpoints, self.left = connection, endpoints, most

    async def send(self, endpoint, data):
        if self.left == 0:
            raise Left
        if self.left:
            self.left -= 1
        try:
            return await self.exchange(endpoint, data)
        except ATT_Error as error:
            if error.error_code not in radio.ENCRYPTION_NEEDED or self.connection.is_encrypted:
                raise
        # As operating systems do it, without asking the program.
        await asyncio.wait_for(self.connection.pair(), radio.PATIENCE)
        print("paired")
        return await self.exchange(endpoint, data)

    async def exchange(self, endpoint, data):
        characteristic = self.endpoints[endpoint]
        await characteristic.write_value(data.encode("latin-1"), with_response=True)
        return bytes(await characteristic.read_value()).decode("latin-1")


async def endpoints_of(connection, service, mtu, flow):
    """Asks the device what it has: the endpoints' characteristics by name."""
    peer = Peer(connection)
    if mtu > 23:
        await peer.request_mtu(mtu)
    await peer.discover_services()
    (service,) = peer.get_services_by_uuid(service)
    endpoints = {}
    for characteristic in await service.discover_characteristics():
        await characteristic.discover_descriptors()
        description = characteristic.get_descriptor(NAME_DESCRIPTOR)
        assert description, f"{characteristic.uuid} has no name: Espressif's app would wait for ever"
        name = flow.endpoint(bytes(await description.read_value()))
        assert name not in endpoints, f"two endpoints are named {name}: Espressif's app would wait for ever"
        endpoints[name] = characteristic
    assert NEEDED <= endpoints.keys(), f"the device has only {sorted(endpoints)}"
    return endpoints


class Client:
    """Somebody with a device that was heard."""

    def __init__(self, host, heard, arguments):
        self.host, self.heard, self.arguments = host, heard, arguments
        self.flow = FLOWS[arguments.flow]

    async def connect(self):
        return await asyncio.wait_for(self.host.connect(self.heard.address), radio.PATIENCE)

    async def provision(self, connection, most=None):
        """The exit code, and the way to the device. `most`: requests after which the client leaves."""
        wanted = self.arguments
        endpoints = await endpoints_of(connection, self.flow.service(self.heard.services), wanted.mtu, self.flow)
        print("endpoints", *endpoints)
        transport = Transport(connection, endpoints, most)
        rest = (wanted.scheme, wanted.secret, wanted.ssid, wanted.passphrase, wanted.scan, wanted.poll)
        return await provisioning.provision(transport, self.flow.greet, *rest), transport

    async def leave_again_and_again(self):
        """Goes after no request, after one, after two ..."""
        for most in range(DEPARTURES):
            connection = await self.connect()
            try:
                await self.provision(connection, most)
                raise AssertionError(f"a provisioning has only {most} requests")
            except Left:
                print("left after", most)
            await radio.disconnect(connection)


async def leaves_the_air(client, connection):
    """Whether the device ends the connection by itself, and is heard no more."""
    ended = asyncio.get_running_loop().create_future()
    connection.on("disconnection", ended.set_result)
    await asyncio.wait_for(ended, END)
    return await radio.find(client.host, client.heard.name, radio.GONE) is None


async def refuses_everything(connection, transport):
    """Whether the device keeps the connection, and answers every access with an error."""
    ended = asyncio.Event()
    connection.on("disconnection", lambda _: ended.set())
    deadline = asyncio.get_running_loop().time() + END
    first = next(iter(transport.endpoints.values()))
    while not await refuses(first.read_value()):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.2)
    for characteristic in transport.endpoints.values():
        if not await refuses(characteristic.read_value()):
            return False
        if not await refuses(characteristic.write_value(b"---", with_response=True)):
            return False
    return not ended.is_set()


async def refuses(access):
    try:
        await asyncio.wait_for(access, END)
        return False
    except ATT_Error:
        return True


async def run(host, arguments):
    heard = await radio.find(host, arguments.name)
    if heard is None:
        print(f"no device named {arguments.name} is heard")
        return 2
    client = Client(host, heard, arguments)
    if arguments.leave:
        await client.leave_again_and_again()
    connection = await client.connect()
    try:
        code, transport = await client.provision(connection)
        if arguments.end == "off":
            assert await leaves_the_air(client, connection), "the device is still on the air"
        if arguments.end == "refusing":
            assert await refuses_everything(connection, transport), "the device still answers, or has gone"
        return code
    finally:
        await radio.disconnect(connection)


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("name")
    parser.add_argument("flow", choices=FLOWS)
    parser.add_argument("mtu", type=int)
    parser.add_argument("scheme", type=int)
    for name in ("secret", "ssid", "passphrase"):
        parser.add_argument(name)
    parser.add_argument("--no-scan", dest="scan", action="store_false", help="hand over the credentials at once")
    parser.add_argument("--poll", type=float, default=0.2, help="seconds before each question for the state")
    parser.add_argument("--leave", action="store_true", help="leave the device after every request first")
    parser.add_argument("--end", choices=["off", "refusing"], help="what the device has to do then")
    return parser.parse_args()


async def main(arguments):
    async with radio.central(arguments.port) as host:
        return await run(host, arguments)


sys.exit(asyncio.run(main(parse())))
