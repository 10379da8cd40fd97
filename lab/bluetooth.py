"""Virtual Bluetooth: controllers that hear each other, most of them in the kernel and with bluetoothd: see README.md."""

import asyncio
import sys
from pathlib import Path

from bus import Bus
from computer import run
from lab import LOGS, REPOSITORY

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

    async def begin(self, adapters, bus=None, is_running=False):
        """`bus` is the computer's, if it is there already; bluetoothd is somebody else's to start, if it `is_running`."""
        await run("modprobe", "--all", *MODULES)
        Path("/etc/bluetooth").mkdir(exist_ok=True)
        Path("/etc/bluetooth/main.conf").write_text(CONFIGURATION)
        self.bus = bus or await Bus.start(self.stage)
        air = await self.stage.start("air", sys.executable, PEERS / "air.py", "1", "--vhci", adapters)
        _, self.port, *self.adapters = (await air.line("^AIR .*", 90))[0].split()
        await self.trace()
        if not is_running:
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
        async def is_on():
            return await self.bus.get(BLUEZ, f"/org/bluez/{adapter}", "org.bluez.Adapter1", "Powered")

        await self.bus.until(is_on, f"{adapter} is on")

    async def set_power(self, adapter, on):
        await self.bus.set(BLUEZ, f"/org/bluez/{adapter}", "org.bluez.Adapter1", "Powered", "b", on)

    async def forget_devices(self):
        for path, interfaces in (await self.bus.objects(BLUEZ)).items():
            if device := interfaces.get("org.bluez.Device1"):
                # bluetoothd may have forgotten it by itself.
                await self.bus.ask(BLUEZ, device["Adapter"].value, "org.bluez.Adapter1", "RemoveDevice", "o", path)
