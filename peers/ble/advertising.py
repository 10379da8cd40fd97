"""Looks at how a device shows itself on the air: see README.md.

advertising.py PORT NAME [--service UUID] [--manufacturer HEX] [--address ADDRESS]
"""

import argparse
import asyncio
import sys

import radio
from bumble.core import UUID
from bumble.hci import Address

LONGEST = 31
LONGEST_NAME = 29


def scan_response(name, manufacturer):
    """Spec transports.md 1.4: the name, then what room there is of the maker's data."""
    data = bytes([len(name) + 1, 0x09]) + name.encode()
    room = LONGEST - len(data) - 2
    if manufacturer and room > 0:
        data += bytes([len(manufacturer[:room]) + 1, 0xFF]) + manufacturer[:room]
    return data


def check(what, is_so):
    print("ok   " if is_so else "FAIL ", what)
    return is_so


async def look(host, wanted):
    """Yields what is as it should be, and what is not."""
    shown = wanted.name[:LONGEST_NAME]
    advertisement = bytes([2, 0x01, 0x06, 17, 0x07]) + bytes(UUID(wanted.service))
    response = scan_response(shown, wanted.manufacturer)
    heard = await radio.find(host, shown)
    yield check(f"{shown} is heard", heard is not None)
    if heard is None:
        return
    yield check(f"the advertisement is {advertisement.hex(' ')}", heard.advertisement == advertisement)
    yield check(f"the scan response is {response.hex(' ')}", heard.scan_response == response)
    if wanted.address:
        is_own = heard.address.address_type == Address.RANDOM_DEVICE_ADDRESS and wanted.address in str(heard.address)
        yield check(f"its address is {wanted.address}, a random one", is_own)
    connection = await host.connect(heard.address)
    yield check("it is silent while connected", await radio.find(host, shown, radio.GONE) is None)
    await radio.disconnect(connection)
    yield check("it is heard again after the disconnect", await radio.find(host, shown) is not None)


async def main(wanted):
    async with radio.central(wanted.port) as host:
        results = [result async for result in look(host, wanted)]
    print("RESULT", "as specified" if all(results) else "other than specified")
    return 0 if all(results) else 1


parser = argparse.ArgumentParser()
parser.add_argument("port")
parser.add_argument("name")
parser.add_argument("--service", default="021a9004-0382-4aea-bff4-6b3f1c5adfb4")
parser.add_argument("--manufacturer", type=bytes.fromhex, default=b"")
parser.add_argument("--address")
sys.exit(asyncio.run(main(parser.parse_args())))
