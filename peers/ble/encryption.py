"""Asks a device that demands encryption without it, and with it: see README.md.

encryption.py PORT NAME
"""

import asyncio
import sys

import radio
from bumble.att import ATT_Error
from bumble.device import Peer
from bumble.gatt import GATT_CHARACTERISTIC_USER_DESCRIPTION_DESCRIPTOR as NAME_DESCRIPTOR

SHORT, LONG = b"---", b"-" * 100


def check(what, is_so):
    print("ok   " if is_so else "FAIL ", what)
    return is_so


async def code_of(access):
    """The error's code, or None if there was none."""
    try:
        await asyncio.wait_for(access, radio.PATIENCE)
        return None
    except ATT_Error as error:
        return error.error_code


async def endpoints_of(connection):
    """The endpoints' characteristics by name; names can be read by everybody (spec transports.md 1.2)."""
    endpoints = {}
    for service in await Peer(connection).discover_services():
        for characteristic in await service.discover_characteristics():
            await characteristic.discover_descriptors()
            if description := characteristic.get_descriptor(NAME_DESCRIPTOR):
                endpoints[bytes(await description.read_value()).decode()] = characteristic
    return endpoints


async def accesses(characteristic):
    """The codes with which a read, a write and a long write end."""
    yield await code_of(characteristic.read_value())
    yield await code_of(characteristic.write_value(SHORT, with_response=True))
    yield await code_of(characteristic.write_value(LONG, with_response=True))


async def refuses(endpoints):
    """Whether nothing can be read or written without encryption."""
    refused = True
    for name, characteristic in endpoints.items():
        codes = [code async for code in accesses(characteristic)]
        refused &= check(f"{name} refuses: {codes}", all(code in radio.ENCRYPTION_NEEDED for code in codes))
    return refused


async def answers(endpoint):
    if error := await code_of(endpoint.write_value(SHORT, with_response=True)):
        return check(f"proto-ver answers: {error:#04x}", False)
    return check("proto-ver answers", bytes(await endpoint.read_value())[:1] == b"{")


async def visit(host, address):
    """Yields what is as it should be, and what is not, on one connection."""
    connection = await asyncio.wait_for(host.connect(address), radio.PATIENCE)
    endpoints = await endpoints_of(connection)
    yield check(f"the endpoints have their names: {sorted(endpoints)}", "proto-ver" in endpoints)
    yield await refuses(endpoints)
    await asyncio.wait_for(connection.pair(), radio.PATIENCE)
    yield check("it is encrypted", connection.is_encrypted)
    yield await answers(endpoints["proto-ver"])
    await radio.disconnect(connection)


async def main(port, name):
    async with radio.central(port) as host:
        heard = await radio.find(host, name)
        results = [result async for result in visit(host, heard.address)]
        # What was agreed upon is forgotten.
        results += [result async for result in visit(host, heard.address)]
    print("RESULT", "as specified" if all(results) else "other than specified")
    return 0 if all(results) else 1


sys.exit(asyncio.run(main(*sys.argv[1:3])))
