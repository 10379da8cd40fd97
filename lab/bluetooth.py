"""Virtual Bluetooth: controllers that hear each other, most of them in the kernel and with bluetoothd: see README.md."""

import asyncio
import subprocess
import sys
from pathlib import Path

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from lab import LOGS, PATIENCE, REPOSITORY, Unexpected, expect, uptime

# The cryptographic ones are for pairing. Loaded on demand, they would let the kernel miss a time limit of its own.
MODULES = ["hci_vhci", "af_alg", "algif_hash", "algif_skcipher", "ecb", "cmac"]
DAEMON = "/usr/libexec/bluetooth/bluetoothd"
# No classic Bluetooth, which the virtual controllers do not have. Advertising every 256 * 0.625 ms, as spec transports.md
# 1.4 wants it: bluetoothd 5.66 heeds what a program asks for only among its experiments, and the kernel's own choice is
# 1.28 s.
CONFIGURATION = """
[General]
ControllerMode=le
[Policy]
AutoEnable=true
[LE]
MinAdvertisementInterval=256
MaxAdvertisementInterval=256
"""
BLUEZ = "org.bluez"
PEERS = REPOSITORY / "peers/ble"


class Radios:
    """The air with its controllers: `port` is one's on 127.0.0.1, for a program with a host of its own; `adapters` are
    the kernel's names for the others, which bluetoothd drives."""

    def __init__(self, stage):
        self.stage, self.bus, self.daemon = stage, None, None

    async def begin(self, adapters):
        subprocess.run(["modprobe", "--all", *MODULES], check=True)
        Path("/etc/bluetooth").mkdir(exist_ok=True)
        Path("/etc/bluetooth/main.conf").write_text(CONFIGURATION)
        await self.stage.start("dbus", "dbus-daemon", "--system", "--nofork", "--nopidfile", "--print-address")
        air = await self.stage.start("air", sys.executable, PEERS / "air.py", "1", "--vhci", adapters)
        await self.stage.programs[0].line("unix:")
        self.bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        self.stage.callback(self.bus.disconnect)
        _, self.port, *self.adapters = (await air.line("^AIR .*", 90))[0].split()
        await self.trace()
        await self.start_daemon()

    async def trace(self):
        """Keeps what kernel, controllers and bluetoothd say to each other. It is far too much for a `Program`."""
        with (LOGS / "btmon.log").open("w") as log:
            btmon = await asyncio.create_subprocess_exec("btmon", "--time", stdout=log)
        self.stage.push_async_callback(btmon.wait)
        self.stage.callback(btmon.terminate)

    async def start_daemon(self):
        self.daemon = await self.stage.start("bluetoothd", DAEMON, "--nodetach")
        for adapter in self.adapters:
            await self.wait_for_power(adapter)

    async def kill_daemon(self):
        self.daemon.kill()
        await self.daemon.ended()
        self.stage.programs.remove(self.daemon)

    async def tidy(self):
        """For the next step: every adapter forgets what it has met, attributes and keys included, and the daemon starts
        anew. Version 5.66 loses one of its five advertisements for good when a program ends while it registers one."""
        if self.daemon.process.returncode is None:
            await self.forget_devices()
            await self.kill_daemon()
        await self.start_daemon()

    async def wait_for_power(self, adapter):
        until = uptime() + PATIENCE
        while uptime() < until:
            objects = await self.objects()
            powered = objects.get(f"/org/bluez/{adapter}", {}).get("org.bluez.Adapter1", {}).get("Powered")
            if powered and powered.value:
                return
            await asyncio.sleep(0.2)
        raise Unexpected(f"{adapter} was not on in {PATIENCE} s")

    async def objects(self):
        """All objects of bluetoothd with their interfaces and properties; none if it is not there."""
        interface = "org.freedesktop.DBus.ObjectManager"
        reply = await self.bus.call(Message(BLUEZ, "/", interface, "GetManagedObjects"))
        return reply.body[0] if reply.message_type == MessageType.METHOD_RETURN else {}

    async def call(self, path, interface, member, signature="", *body):
        reply = await self.bus.call(Message(BLUEZ, path, interface, member, signature=signature, body=list(body)))
        expect(reply.message_type != MessageType.ERROR, f"{interface}.{member} of {path}: {reply.error_name} {reply.body}")
        return reply.body

    async def set_power(self, adapter, on):
        path, interface = f"/org/bluez/{adapter}", "org.freedesktop.DBus.Properties"
        await self.call(path, interface, "Set", "ssv", "org.bluez.Adapter1", "Powered", Variant("b", on))

    async def forget_devices(self):
        for path, interfaces in (await self.objects()).items():
            if device := interfaces.get("org.bluez.Device1"):
                adapter = device["Adapter"].value
                await self.call(adapter, "org.bluez.Adapter1", "RemoveDevice", "o", path)
