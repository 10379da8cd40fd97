"""A device with the Bluetooth of NimBLE or of Bluedroid around the HTTP of `landfall simulate`: see README.md.

server.py PORT NAME STACK HTTP_PORT
"""

import asyncio
import http.client
import logging
import sys
from dataclasses import dataclass

import radio
from bumble import att
from bumble.core import UUID
from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Descriptor, Service

SERVICE = "021a9004-0382-4aea-bff4-6b3f1c5adfb4"
ENDPOINTS = {
    "prov-ctrl": 0xFF4F,
    "prov-scan": 0xFF50,
    "prov-session": 0xFF51,
    "prov-config": 0xFF52,
    "proto-ver": 0xFF53,
    "custom-data": 0xFF54,
}
# How long a request of each kind can be, in bytes; what is not is answered with an error and not looked into.
LONGEST_PDU = 517
LENGTHS = {
    **{kind: [length] for kind, length in {0x02: 3, 0x04: 5, 0x0A: 3, 0x0C: 5, 0x18: 2}.items()},
    **{kind: range(least, LONGEST_PDU + 1) for kind, least in {0x06: 7, 0x0E: 5, 0x12: 3, 0x16: 5, 0x20: 5}.items()},
    **{kind: [7, 21] for kind in (0x08, 0x10)},
}
CONFIRMATION = 0x1E


@dataclass
class Stack:
    """How a stack differs from another (spec transports.md 1.2 to 1.4)."""

    mtu: int
    longest: int
    refusal: int
    empty_is_refused: bool
    refusal_disconnects: bool
    own_services: bool
    named: bool = True
    encrypted: bool = False
    guarded: bool = True
    leaking: bool = False

    def advertisement(self):
        uuid = bytes([17, 0x07]) + bytes(UUID(SERVICE))
        if self.own_services:
            return bytes([2, 0x01, 0x06, 2, 0x0A, 0x09]) + uuid + bytes([5, 0x12, 0x06, 0x00, 0x10, 0x00])
        return bytes([2, 0x01, 0x06]) + uuid


STACKS = {
    "nimble": Stack(256, 512, 0x04, False, False, False),
    "nameless": Stack(256, 512, 0x04, False, False, False, named=False),
    # Devices with faults, for `hostile.py` to find.
    "careless": Stack(256, 4096, 0x04, True, False, False, guarded=False),
    "leaking": Stack(256, 512, 0x04, False, False, False, leaking=True),
    "encrypted": Stack(256, 512, 0x04, False, False, False, encrypted=True),
    "bluedroid": Stack(500, 481, 0x85, True, True, True),
}


class Handler:
    """The device behind it: one kept HTTP connection, which is one session."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=25)
        self.cookie = {}

    def ask(self, endpoint, data):
        """The answer, or None for a refusal."""
        try:
            self.connection.request("POST", f"/{endpoint}", data, self.cookie)
            response = self.connection.getresponse()
            if cookie := response.getheader("Set-Cookie"):
                self.cookie = {"Cookie": cookie}
            answer = response.read()
            return answer if response.status == 200 else None
        except (http.client.HTTPException, OSError):
            self.connection.close()
            return None


class Client:
    """What belongs to one connection. A response stays with its endpoint until the next write."""

    def __init__(self, http_port):
        self.handler, self.responses = Handler(http_port), {}


class Server:
    """The GATT service."""

    def __init__(self, stack, http_port):
        self.stack, self.http_port = stack, http_port
        self.clients, self.last = {}, None

    def welcome(self, connection):
        # A leaking device takes every client for the one before.
        if self.last is None or not self.stack.leaking:
            self.last = Client(self.http_port)
        self.clients[connection] = self.last
        connection.on("disconnection", lambda _: self.clients.pop(connection))

    def read(self, connection, endpoint):
        return self.clients[connection].responses.get(endpoint, b"")

    async def write(self, connection, endpoint, value):
        if len(value) > self.stack.longest:
            raise att.ATT_Error(att.ErrorCode.INVALID_ATTRIBUTE_LENGTH)
        if not value and not self.stack.empty_is_refused:
            return
        client = self.clients.get(connection)
        answer = None
        if client and value:
            client.responses.pop(endpoint, None)
            answer = await asyncio.to_thread(client.handler.ask, endpoint, bytes(value))
        if answer is not None:
            client.responses[endpoint] = answer
            return
        if self.stack.refusal_disconnects and value:
            asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(radio.disconnect(connection)))
        raise att.ATT_Error(self.stack.refusal)

    def characteristic(self, endpoint, number):
        uuid = f"{SERVICE[:4]}{number:04x}{SERVICE[8:]}"
        value = CharacteristicValue(
            read=lambda connection: self.read(connection, endpoint),
            write=lambda connection, value: self.write(connection, endpoint, value),
        )
        name = [Descriptor("2901", Descriptor.READABLE, endpoint.encode())] if self.stack.named else []
        properties = Characteristic.Properties.READ | Characteristic.Properties.WRITE
        access = Characteristic.READABLE | Characteristic.WRITEABLE
        if self.stack.encrypted:
            access |= Characteristic.READ_REQUIRES_ENCRYPTION | Characteristic.WRITE_REQUIRES_ENCRYPTION
        return Characteristic(uuid, properties, access, value, name)

    def service(self):
        return Service(SERVICE, [self.characteristic(*endpoint) for endpoint in ENDPOINTS.items()])


def guard(device):
    """Refuses what bumble's own server would not: requests of a wrong length, and writes to what is read-only."""

    def error(pdu):
        kind = pdu[0]
        if kind not in LENGTHS:
            return att.ErrorCode.REQUEST_NOT_SUPPORTED
        if len(pdu) not in LENGTHS[kind]:
            return att.ErrorCode.INVALID_PDU
        if kind in (att.Opcode.ATT_WRITE_REQUEST, att.Opcode.ATT_PREPARE_WRITE_REQUEST):
            attribute = device.gatt_server.get_attribute(int.from_bytes(pdu[1:3], "little"))
            if attribute and not attribute.permissions & attribute.Permissions.WRITEABLE:
                return att.ErrorCode.WRITE_NOT_PERMITTED
        return None

    def take(handle, pdu):
        # Even numbers without the bit for commands are requests; nothing else is of use to a server.
        if not pdu or pdu[0] & 0x41 or pdu[0] == CONFIRMATION:
            return
        if code := error(pdu):
            answer = bytes([att.Opcode.ATT_ERROR_RESPONSE, pdu[0], 0, 0, code])
            device.lookup_connection(handle).send_l2cap_pdu(att.ATT_CID, answer)
        else:
            Device.on_gatt_pdu(device, handle, pdu)

    device.l2cap_channel_manager.register_fixed_channel(att.ATT_CID, take)


async def main(port, name, stack, http_port):
    stack = STACKS[stack]
    # What clients do wrong is no news here, and without its guard the server stumbles over it.
    logging.disable(logging.WARNING if stack.guarded else logging.CRITICAL)
    enabled = {"gap_service_enabled": stack.own_services, "gatt_service_enabled": stack.own_services}
    async with radio.host(port, name, "C0:00:00:00:00:01", **enabled) as device:
        server = Server(stack, int(http_port))
        device.gatt_server.max_mtu = stack.mtu
        device.add_service(server.service())
        device.on("connection", server.welcome)
        if stack.guarded:
            guard(device)
        await device.start_advertising(
            auto_restart=True,
            advertising_interval_min=160,
            advertising_interval_max=160,
            advertising_data=stack.advertisement(),
            scan_response_data=bytes([len(name) + 1, 0x09]) + name.encode(),
        )
        print("SERVER", device.random_address.to_string(False), flush=True)
        # Until who started this closes its standard input, or is gone.
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main(*sys.argv[1:5]))
