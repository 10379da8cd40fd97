"""Looks at the attributes that a device has: see README.md.

table.py PORT NAME [--notify]
"""

import argparse
import asyncio
import sys

import radio
from bumble.core import UUID
from bumble.device import Peer

SERVICE = "021a9004-0382-4aea-bff4-6b3f1c5adfb4"
# In the order of spec transports.md 1.1; what an application adds stands at the end.
ENDPOINTS = {
    "prov-ctrl": 0xFF4F,
    "prov-scan": 0xFF50,
    "prov-session": 0xFF51,
    "prov-config": 0xFF52,
    "proto-ver": 0xFF53,
    "custom-data": 0xFF54,
}
PRIMARY_SERVICE, CHARACTERISTIC, DESCRIPTION, CONFIGURATION = (UUID.from_16_bits(n) for n in (0x2800, 0x2803, 0x2901, 0x2902))


def little(number):
    return number.to_bytes(2, "little")


def expected(first, notify):
    """The attributes from the handle `first` on, each with its type and its value; None where that is a client's."""
    table = [(PRIMARY_SERVICE, bytes(UUID(SERVICE)))]
    for name, number in ENDPOINTS.items():
        uuid = UUID(f"{SERVICE[:4]}{number:04x}{SERVICE[8:]}")
        value = first + len(table) + 1
        table.append((CHARACTERISTIC, bytes([0x1A if notify else 0x0A]) + little(value) + bytes(uuid)))
        table.append((uuid, None))
        if notify:
            table.append((CONFIGURATION, bytes(2)))
        table.append((DESCRIPTION, name.encode()))
    return [(first + place, *attribute) for place, attribute in enumerate(table)]


async def look(host, wanted):
    heard = await radio.find(host, wanted.name)
    connection = await host.connect(heard.address)
    try:
        peer = Peer(connection)
        # BlueZ goes by the groups, phones and this by the single attributes.
        services = await peer.discover_services([UUID(SERVICE)])
        print("services", [(service.uuid, service.handle, service.end_group_handle) for service in services])
        table = expected(services[0].handle, wanted.notify)
        found = [attribute for attribute in await peer.discover_attributes() if attribute.handle >= services[0].handle]
        if services[0].end_group_handle not in (table[-1][0], 0xFFFF) or len(found) != len(table):
            print("FAIL ", f"{len(table)} attributes are expected, {len(found)} found")
            return False
        return all([await is_as(peer, *pair) for pair in zip(table, found)])
    finally:
        await radio.disconnect(connection)


async def is_as(peer, attribute, found):
    handle, kind, value = attribute
    there = value if value is None else bytes(await peer.gatt_client.read_value(found.handle))
    is_so = (found.handle, found.type, there) == (handle, kind, value)
    print("ok   " if is_so else "FAIL ", handle, kind, value, *([] if is_so else ["is", found.handle, found.type, there]))
    return is_so


async def main(wanted):
    async with radio.central(wanted.port) as host:
        is_so = await look(host, wanted)
    print("RESULT", "as specified" if is_so else "other than specified")
    return 0 if is_so else 1


parser = argparse.ArgumentParser()
parser.add_argument("port")
parser.add_argument("name")
parser.add_argument("--notify", action="store_true")
sys.exit(asyncio.run(main(parser.parse_args())))
