"""The air: virtual Bluetooth controllers that hear each other, each behind a TCP port or in the kernel: see README.md.

air.py [COUNT] [--vhci COUNT] [--tell] [--cut NUMBER]
"""

import argparse
import asyncio
import os
import sys

from bumble import hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSource

Report = hci.HCI_LE_Advertising_Report_Event
ATT = 4
COMMAND = 0x40


class Air(LocalLink):
    """What the controllers hear each other through.

    `tells`: each packet of a protocol above is printed. `cut`: the number of the request, of all those of the attribute
    protocol, with which a connection is lost; the request is lost with it.
    """

    def __init__(self, tells=False, cut=None):
        super().__init__()
        self.tells, self.cut, self.requests = tells, cut, 0

    def send_acl_data(self, sender_controller, destination_address, transport, data):
        """As in bumble, but for a sender with any kind of address: there it has to be a random one."""
        receiver = self.find_le_controller(destination_address)
        link = sender_controller.le_connections.get(destination_address)
        if not receiver or not link:
            return
        channel, kind = int.from_bytes(data[2:4], "little"), data[4] if len(data) > 4 else 0
        if self.tells:
            print("PDU", sender_controller.name, channel, f"{kind:#04x}", len(data), flush=True)
        if channel == ATT and kind % 2 == 0 and not kind & COMMAND:
            self.requests += 1
            if self.requests == self.cut:
                asyncio.get_running_loop().call_soon(sender_controller.lose, link)
                return
        asyncio.get_running_loop().call_soon(receiver.on_link_acl_data, link.self_address, transport, data)


class VirtualController(Controller):
    """bumble's controller with what real ones do and it does not: scan responses of their own, an end to everything at a
    reset, and at the loss of the host. It has no extended advertising and no link layer privacy, as older real ones: with
    the latter Linux waits for an event that bumble does not send, and does nothing else meanwhile."""

    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LL_PRIVACY
    )

    def send_hci_packet(self, packet):
        if not isinstance(packet, Report):
            return super().send_hci_packet(packet)
        (report,) = packet.reports
        if report.event_type == Report.EventType.SCAN_RSP:
            if self.le_scan_type == hci.HCI_LE_Set_Scan_Parameters_Command.PASSIVE_SCANNING:
                return None
            # bumble repeats the advertisement here.
            report.data = self.scan_response_of(report.address)
        return super().send_hci_packet(Report([report]))

    def scan_response_of(self, address):
        others = [other.le_legacy_advertiser for other in self.link.controllers]
        return next((other.scan_response_data for other in others if other.enabled and other.address == address), b"")

    def on_hci_reset_command(self, command):
        self.fall_silent()
        return super().on_hci_reset_command(command)

    def fall_silent(self):
        self.le_legacy_advertiser.stop()
        self.le_scan_enable = False
        self.pending_le_connection = None
        for link in list(self.le_connections.values()):
            link.send_ll_control_pdu(ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR))
        self.le_connections.clear()

    def lose(self, link):
        """Ends a connection as if nothing were heard on it any more."""
        link.send_ll_control_pdu(ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR))
        self.on_le_disconnected(link, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)


class Port(asyncio.Protocol):
    """Where a controller's host connects, one at a time."""

    def __init__(self):
        self.source, self.host, self.controller = StreamPacketSource(), None, None

    def connection_made(self, transport):
        self.host = transport

    def data_received(self, data):
        self.source.data_received(data)

    def on_packet(self, packet):
        if self.host:
            self.host.write(packet)

    def connection_lost(self, _):
        self.host = None
        self.source.parser.reset()
        self.controller.fall_silent()


class Kernel:
    """Where the kernel of this machine is a controller's host: /dev/vhci gives and takes one packet at a time."""

    FIRST = bytes([0xFF, 0x00])

    def __init__(self):
        self.source, self.controller = StreamPacketSource(), None
        self.file = os.open("/dev/vhci", os.O_RDWR | os.O_NONBLOCK)
        self.adapter = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self.file, self.take)
        self.on_packet(self.FIRST)

    def take(self):
        packet = os.read(self.file, 4096)
        if packet.startswith(self.FIRST):
            self.adapter.set_result(f"hci{int.from_bytes(packet[2:4], 'little')}")
        else:
            self.source.data_received(packet)

    def on_packet(self, packet):
        os.write(self.file, packet)


async def open_port(number, air):
    """Puts a controller on the air and gives its port, which the system has chosen."""
    port = Port()
    attach(port, number, air)
    server = await asyncio.get_running_loop().create_server(lambda: port, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1], server


async def give_to_kernel(number, air):
    """Puts a controller on the air and gives the kernel's name for it."""
    kernel = Kernel()
    attach(kernel, number, air)
    return await kernel.adapter


def attach(host, number, air):
    address = f"F0:F1:F2:F3:F4:{number:02X}"
    host.controller = VirtualController(
        str(number), host_source=host.source, host_sink=host, link=air, public_address=address
    )


async def main(count, in_kernel, tells, cut):
    air = Air(tells, cut)
    ports = [await open_port(number, air) for number in range(count)]
    adapters = [await give_to_kernel(count + number, air) for number in range(in_kernel)]
    print("AIR", *[port for port, _ in ports], *adapters, flush=True)
    # Until who started this closes its standard input, or is gone.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for _, server in ports:
        server.close()


arguments = argparse.ArgumentParser()
arguments.add_argument("count", nargs="?", type=int, default=2)
arguments.add_argument("--vhci", type=int, default=0)
arguments.add_argument("--tell", action="store_true")
arguments.add_argument("--cut", type=int)
arguments = arguments.parse_args()
asyncio.run(main(arguments.count, arguments.vhci, arguments.tell, arguments.cut))
