"""Sends a device what no honest client sends, and looks whether it stays well: see README.md.

hostile.py PORT NAME
"""

import asyncio
import sys

import provisioning
import radio
from bumble.att import ATT_CID, Opcode
from bumble.core import UUID
from bumble.device import Peer
from bumble.gatt import GATT_CHARACTERISTIC_USER_DESCRIPTION_DESCRIPTOR as NAME_DESCRIPTOR

REQUEST_NOT_SUPPORTED, INVALID_OFFSET, NOT_LONG, INVALID_LENGTH = 0x06, 0x07, 0x0B, 0x0D
LONGEST = 512
SECRET = "abcd1234"
GARBAGE = bytes(range(256)) * 2 + b"\xff"


def le(number):
    return number.to_bytes(2, "little")


def read(handle):
    return bytes([Opcode.ATT_READ_REQUEST]) + le(handle)


def read_blob(handle, offset):
    return bytes([Opcode.ATT_READ_BLOB_REQUEST]) + le(handle) + le(offset)


def write(handle, value):
    return bytes([Opcode.ATT_WRITE_REQUEST]) + le(handle) + value


def prepare(handle, offset, part):
    return bytes([Opcode.ATT_PREPARE_WRITE_REQUEST]) + le(handle) + le(offset) + part


def execute(flags=1):
    return bytes([Opcode.ATT_EXECUTE_WRITE_REQUEST, flags])


def mtu(size):
    return bytes([Opcode.ATT_EXCHANGE_MTU_REQUEST]) + le(size)


def error_of(answer):
    """The code of an error response; None if it is another response."""
    return answer[4] if answer[0] == Opcode.ATT_ERROR_RESPONSE else None


class Silence(Exception):
    """A request was not answered."""


class Link:
    """A connection on which any bytes can be sent."""

    def __init__(self, device, connection):
        self.connection, self.answers = connection, asyncio.Queue()
        self.ended = asyncio.Event()
        connection.on("disconnection", lambda _: self.ended.set())
        take = lambda _, pdu: self.answers.put_nowait(bytes(pdu))  # noqa: E731
        device.l2cap_channel_manager.register_fixed_channel(ATT_CID, take)

    def send(self, pdu):
        self.connection.send_l2cap_pdu(ATT_CID, pdu)

    async def ask(self, pdu, seconds=15):
        """The answer to a request. A device that ends the connection, or says nothing, has failed."""
        self.send(pdu)
        answer = asyncio.ensure_future(self.answers.get())
        ended = asyncio.ensure_future(self.ended.wait())
        await asyncio.wait([answer, ended], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if answer.done():
            return answer.result()
        answer.cancel()
        raise Silence(f"no answer to {pdu[:24].hex(' ')}" + (", the link ended" if self.ended.is_set() else ""))

    async def write_long(self, handle, value, part=18):
        for offset in range(0, len(value), part):
            answer = await self.ask(prepare(handle, offset, value[offset : offset + part]))
            if error_of(answer) is not None:
                return answer
        return await self.ask(execute())

    async def read_long(self, handle, part=22):
        last = value = (await self.ask(read(handle)))[1:]
        while len(last) == part:
            answer = await self.ask(read_blob(handle, len(value)))
            # Some have an error for the end of a value that just fits.
            last = answer[1:] if error_of(answer) is None else b""
            value += last
        return value

    async def is_alive(self, handle):
        """Whether proto-ver at `handle` still answers."""
        written = await self.ask(write(handle, b"---"))
        assert error_of(written) is None, f"proto-ver fails with {error_of(written):#04x}"
        answer = await self.ask(read(handle))
        assert answer[0] == Opcode.ATT_READ_RESPONSE and answer[1:2] == b"{", f"proto-ver says {answer.hex(' ')}"


class Target:
    """The device under test."""

    def __init__(self, device, name):
        self.device, self.name, self.address, self.handles = device, name, None, {}

    async def explore(self):
        """Learns the address and the handles, as an honest client does."""
        heard = await radio.find(self.device, self.name)
        assert heard, f"no device named {self.name} is heard"
        self.address = heard.address
        connection = await self.connect()
        peer = Peer(connection)
        for service in await peer.discover_services():
            for characteristic in await service.discover_characteristics():
                await characteristic.discover_descriptors()
                if description := characteristic.get_descriptor(NAME_DESCRIPTOR):
                    self.handles[bytes(await description.read_value()).decode()] = characteristic.handle
        await radio.disconnect(connection)

    async def connect(self):
        return await asyncio.wait_for(self.device.connect(self.address), radio.PATIENCE)

    async def link(self):
        return Link(self.device, await self.connect())

    def __getattr__(self, name):
        return self.handles[name.replace("_", "-")]


async def values_of_any_length(target, link):
    assert error_of(await link.ask(write(target.proto_ver, b""))) is None, "an empty write is acknowledged"
    assert error_of(await link.ask(write(target.prov_session, b"\xff"))) == 0x04, "one byte is no handshake"
    assert error_of(await link.write_long(target.prov_session, GARBAGE[:LONGEST])) == 0x04, "512 bytes are no handshake"
    assert error_of(await link.write_long(target.proto_ver, GARBAGE[:LONGEST])) is None, "proto-ver takes 512 bytes"
    await link.is_alive(target.proto_ver)


async def values_that_are_too_long(target, link):
    answer = await link.write_long(target.proto_ver, GARBAGE[: LONGEST + 1])
    assert error_of(answer) == INVALID_LENGTH, f"513 bytes: {answer.hex(' ')}"
    await link.ask(execute(0))
    await link.is_alive(target.proto_ver)


async def a_write_longer_than_the_mtu(target, link):
    link.send(write(target.proto_ver, GARBAGE[: LONGEST + 1]))
    await asyncio.sleep(0.5)


async def an_empty_write_keeps_the_response(target, link):
    await link.is_alive(target.proto_ver)
    assert error_of(await link.ask(write(target.proto_ver, b""))) is None
    assert (await link.ask(read(target.proto_ver)))[1:2] == b"{", "an empty write is ignored"


async def reads_before_any_write(target, link):
    for name, handle in target.handles.items():
        answer = await link.ask(read(handle))
        assert answer == bytes([Opcode.ATT_READ_RESPONSE]), f"{name} says {answer.hex(' ')}"


async def reads_past_the_end(target, link):
    await link.is_alive(target.proto_ver)
    answer = await link.ask(read_blob(target.proto_ver, 5000))
    assert error_of(answer) in (INVALID_OFFSET, NOT_LONG), answer.hex(" ")
    await link.is_alive(target.proto_ver)


async def prepared_writes_out_of_order(target, link):
    await link.ask(prepare(target.proto_ver, 4, b"late"))
    await link.ask(prepare(target.proto_ver, 0, b"earl"))
    answer = await link.ask(execute())
    assert error_of(answer) is not None, "a value with a hole in it is none"
    await link.is_alive(target.proto_ver)


async def prepared_writes_beyond_every_value(target, link):
    for offset in (513, 0xFFF0, 0xFFFF):
        answers = [await link.ask(prepare(target.proto_ver, offset, b"far off")), await link.ask(execute())]
        assert any(error_of(answer) is not None for answer in answers), f"nothing can stand at {offset}"
    await link.is_alive(target.proto_ver)


async def prepared_writes_to_several(target, link):
    await link.ask(prepare(target.proto_ver, 0, b"-"))
    await link.ask(prepare(target.prov_session, 0, b"\xff"))
    await link.ask(prepare(target.proto_ver, 1, b"--"))
    refused = error_of(await link.ask(execute())) is not None
    answer = await link.ask(read(target.prov_session))
    assert answer[1:] == b"", f"prov-session answers one byte, or what is proto-ver's: {answer.hex(' ')}"
    answer = await link.ask(read(target.proto_ver))
    assert refused or answer[1:2] == b"{", "a request that was taken is not answered"
    await link.is_alive(target.proto_ver)


async def prepared_writes_that_are_never_executed(target, link):
    await link.ask(prepare(target.proto_ver, 0, b"never"))
    # The one request does not become part of the other.
    await link.is_alive(target.proto_ver)
    await link.ask(execute(0))
    await link.is_alive(target.proto_ver)


async def prepared_writes_without_end(target, link):
    for _ in range(2000):
        if error_of(await link.ask(prepare(target.proto_ver, 0, b"again and again"))) is not None:
            break
    await link.ask(execute(0))
    await link.is_alive(target.proto_ver)


async def prepared_writes_taken_back(target, link):
    await link.ask(prepare(target.proto_ver, 0, b"---"))
    assert await link.ask(execute(0)) == bytes([Opcode.ATT_EXECUTE_WRITE_RESPONSE])
    await reads_before_any_write(target, link)


async def writes_to_what_cannot_be_written(target, link):
    for handle in (0, target.proto_ver - 1, target.proto_ver + 1, 0xFFFF):
        assert error_of(await link.ask(write(handle, b"---"))) is not None, f"handle {handle} takes a write"
    await link.is_alive(target.proto_ver)


async def writes_without_response(target, link):
    link.send(bytes([Opcode.ATT_WRITE_COMMAND]) + le(target.proto_ver) + b"---")
    link.send(bytes([Opcode.ATT_SIGNED_WRITE_COMMAND]) + le(target.proto_ver) + b"---" + bytes(12))
    await reads_before_any_write(target, link)
    await link.is_alive(target.proto_ver)


async def unknown_requests(target, link):
    for opcode in (0x22, 0x2A, 0x3E):
        answer = await link.ask(bytes([opcode, 1, 2, 3]))
        assert error_of(answer) == REQUEST_NOT_SUPPORTED, f"{opcode:#04x}: {answer.hex(' ')}"
    for opcode in (0x40, 0x7E, 0xC0):
        link.send(bytes([opcode, 1, 2, 3]))
    for opcode in (0x01, 0x0B, 0x13, 0x1B, 0x1E):
        link.send(bytes([opcode]))
    await link.is_alive(target.proto_ver)


async def strange_mtus(target, link):
    for size in (0, 1, 22):
        await link.ask(mtu(size))
        await link.is_alive(target.proto_ver)
    await link.ask(mtu(0xFFFF))
    await link.is_alive(target.proto_ver)


def requests(target):
    """A well-formed request of every kind."""
    characteristic, service = le(0x2803), le(0x2800)
    own = bytes(UUID("021a9004-0382-4aea-bff4-6b3f1c5adfb4"))
    everything = le(1) + le(0xFFFF)
    handle = target.proto_ver
    return {
        "exchange MTU": mtu(23),
        "find information": bytes([Opcode.ATT_FIND_INFORMATION_REQUEST]) + everything,
        "find by type value": bytes([Opcode.ATT_FIND_BY_TYPE_VALUE_REQUEST]) + everything + service + own,
        "read by type": bytes([Opcode.ATT_READ_BY_TYPE_REQUEST]) + everything + characteristic,
        "read by long type": bytes([Opcode.ATT_READ_BY_TYPE_REQUEST]) + everything + own,
        "read": read(handle),
        "read blob": read_blob(handle, 0),
        "read multiple": bytes([Opcode.ATT_READ_MULTIPLE_REQUEST]) + le(handle) + le(handle),
        "read by group": bytes([Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST]) + everything + service,
        "read by long group": bytes([Opcode.ATT_READ_BY_GROUP_TYPE_REQUEST]) + everything + own,
        "read multiple variable": bytes([Opcode.ATT_READ_MULTIPLE_VARIABLE_REQUEST]) + le(handle) + le(handle),
        "write": write(handle, b"---"),
        "prepare write": prepare(handle, 0, b"---"),
        "execute write": execute(0),
    }


# Shorter than this a request of the kind lacks something (Bluetooth Core, Vol 3, Part F, 3.4).
SHORTEST = {0x02: 3, 0x04: 5, 0x06: 7, 0x08: 7, 0x0A: 3, 0x0C: 5, 0x0E: 5, 0x10: 7, 0x12: 3, 0x16: 5, 0x18: 2, 0x20: 5}
# These end with a UUID, of 2 bytes or of 16.
WITH_TYPE = {0x08, 0x10}


def is_whole(pdu):
    return len(pdu) in (7, 21) if pdu[0] in WITH_TYPE else len(pdu) >= SHORTEST[pdu[0]]


async def every_truncation_of_every_request(target, link):
    for kind, whole in requests(target).items():
        for length in range(1, len(whole) + 1):
            answer = await link.ask(whole[:length])
            if error_of(answer) is None:
                assert is_whole(whole[:length]), f"{length} bytes of {kind} succeed: {answer.hex(' ')}"
                assert answer[0] == whole[0] + 1, f"{kind} is answered with {answer.hex(' ')}"
            else:
                assert answer[1] == whole[0], f"{kind} is answered with an error of {answer[1]:#04x}"
        await link.is_alive(target.proto_ver)


async def an_empty_packet(target, link):
    link.send(b"")
    await link.is_alive(target.proto_ver)


CASES = [
    values_of_any_length,
    values_that_are_too_long,
    a_write_longer_than_the_mtu,
    an_empty_write_keeps_the_response,
    reads_before_any_write,
    reads_past_the_end,
    prepared_writes_out_of_order,
    prepared_writes_beyond_every_value,
    prepared_writes_to_several,
    prepared_writes_that_are_never_executed,
    prepared_writes_without_end,
    prepared_writes_taken_back,
    writes_to_what_cannot_be_written,
    writes_without_response,
    unknown_requests,
    strange_mtus,
    every_truncation_of_every_request,
    an_empty_packet,
]


async def write_then_leave(target, link):
    assert error_of(await link.ask(write(target.proto_ver, b"---"))) is None


async def write_and_read_then_leave(target, link):
    await link.is_alive(target.proto_ver)


async def write_long_then_leave(target, link):
    assert error_of(await link.write_long(target.proto_ver, GARBAGE[:LONGEST])) is None


async def leave_while_the_device_works(target, link):
    link.send(write(target.proto_ver, b"---"))


async def prepare_then_leave(target, link):
    await link.ask(prepare(target.proto_ver, 0, b"---"))


LEFT_BEHIND = [
    write_then_leave,
    write_and_read_then_leave,
    write_long_then_leave,
    leave_while_the_device_works,
    prepare_then_leave,
]


class Session:
    """What `provisioning` needs of a link to open a session, and to speak under it."""

    def __init__(self, target, link):
        self.target, self.link = target, link

    async def send(self, endpoint, data):
        handle = self.target.handles[endpoint]
        if code := error_of(await self.link.write_long(handle, data.encode("latin-1"))):
            raise AssertionError(f"{endpoint} is refused with {code:#04x}")
        return (await self.link.read_long(handle)).decode("latin-1")


async def a_session_ends_with_its_connection(target, link):
    way = Session(target, link)
    session = await provisioning.open_session(way, provisioning.android_greets, 2, SECRET)
    question = lambda: provisioning.prov.config_get_status_request(session)  # noqa: E731
    # Reading the answer counts the session on, as the device does.
    provisioning.prov.config_get_status_response(session, await way.send("prov-config", question()))
    await radio.disconnect(link.connection)
    following = await target.link()
    try:
        answer = await following.write_long(target.prov_config, question().encode("latin-1"))
        assert error_of(answer) is not None, "the next client may go on with the session"
    finally:
        await radio.disconnect(following.connection)


async def run(case, target):
    link = await target.link()
    try:
        await case(target, link)
    finally:
        await radio.disconnect(link.connection)
    following = await target.link()
    try:
        # The next client can neither execute nor read what was left behind.
        await following.ask(execute())
        await reads_before_any_write(target, following)
        await following.is_alive(target.proto_ver)
    finally:
        await radio.disconnect(following.connection)


async def main(port, name):
    failed = []
    async with radio.central(port) as device:
        target = Target(device, name)
        await target.explore()
        for case in CASES + LEFT_BEHIND + [a_session_ends_with_its_connection]:
            title = case.__name__.replace("_", " ")
            try:
                await run(case, target)
                print("ok   ", title, flush=True)
            except Exception as error:
                failed.append(title)
                print("FAIL ", f"{title}: {type(error).__name__} {error}", flush=True)
    print("RESULT", f"failed: {', '.join(failed)}" if failed else "well")
    return 1 if failed else 0


sys.exit(asyncio.run(main(*sys.argv[1:3])))
