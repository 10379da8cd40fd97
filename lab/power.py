"""`landfall device` at power cuts: after each it is provisioned or it is not, and the owner's network is kept: see README.md.

A boot looks at what the last cut has left, and prepares the next one. What it has to remember is among the logs; what the
device would have on its own disk is on the machine's.
"""

import asyncio
import json
import random
import shutil
import sys
from pathlib import Path

from bluetooth import Radios
from bus import Bus
from computer import contents
from lab import LOGS, Stage, expect, ready, say, uptime
from machine import DONE, MANAGER, PROVISIONING, RETURN, SUPPLICANT, Machine
from wifi import Wifi, run

CUTS = 10
DISK = Path("/run/disk")
STATE, SUPPLICANT_FILES, MANAGER_FILES = DISK / "landfall", DISK / "wpa_supplicant", DISK / "connections"
PROGRESS = LOGS / "progress.json"
CONNECTIONS = Path("/etc/NetworkManager/system-connections")
OLD_IN_SUPPLICANT = """ctrl_interface={place}
update_config=1
network={{
	ssid="Old"
	psk="{passphrase}"
}}
"""
OLD_IN_MANAGER = """[connection]
id=Old
type=wifi
[wifi]
ssid=Old
[wifi-security]
key-mgmt=wpa-psk
psk={passphrase}
"""


class Progress:
    """What is known from boot to boot."""

    def __init__(self):
        kept = json.loads(PROGRESS.read_text()) if PROGRESS.exists() else {}
        self.seed = kept.get("seed") or random.randrange(1 << 32)
        # How many cuts there were, and how long a provisioning without one takes.
        self.cuts, self.seconds = kept.get("cuts", 0), kept.get("seconds")
        # How each of the cuts went.
        self.results = kept.get("results", [])

    def keep(self):
        PROGRESS.write_text(json.dumps(vars(self)))

    @property
    def service(self):
        """Who drives the Wi-Fi until the next cut."""
        return [SUPPLICANT, MANAGER][self.cuts % 2]

    @property
    def moment(self):
        return random.Random(self.seed + self.cuts).uniform(0, self.seconds)


class Device(Machine):
    """The machine that loses its power."""

    def __init__(self, wifi, adapters):
        super().__init__(wifi.device, *adapters, STATE)
        self.old, self.new = wifi.routers

    async def mount(self, is_first):
        await run("modprobe", "--all", "virtio_blk", "ext4")
        if is_first:
            await run("mkfs.ext4", "-q", "-m", "0", "/dev/vda")
        DISK.mkdir()
        await run("mount", "/dev/vda", DISK)
        CONNECTIONS.mkdir(parents=True, exist_ok=True)
        MANAGER_FILES.mkdir(exist_ok=True)
        await run("mount", "--bind", MANAGER_FILES, CONNECTIONS)
        self.computer.kept = SUPPLICANT_FILES

    async def as_on_the_first_day(self):
        """The owner's network is there, and nothing of ours."""
        for folder in [STATE, SUPPLICANT_FILES]:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
        for file in MANAGER_FILES.iterdir():
            file.unlink()
        passphrase = self.old.network.passphrase
        configuration = OLD_IN_SUPPLICANT.format(place=self.computer.place, passphrase=passphrase)
        self.computer.configuration(self.computer.interface).write_text(configuration)
        owners = MANAGER_FILES / "Old.nmconnection"
        owners.touch(mode=0o600)
        owners.write_text(OLD_IN_MANAGER.format(passphrase=passphrase))
        await run("sync")

    def known(self, service):
        """What the service has in its files."""
        if service == MANAGER:
            return "".join(contents(MANAGER_FILES).values())
        return self.computer.configuration(self.computer.interface).read_text()

    async def check(self, stage, service):
        """Whether it is provisioned, after a cut; fails if it is something in between."""
        expect("Old" in self.known(service), f"{service} has forgotten the owner's network")
        await self.start_services(service)
        device = await self.run(stage, service)
        begin = await device.line('"device_(unprovisioned|already_provisioned)"')
        is_provisioned = begin[1] == "already_provisioned"
        if is_provisioned:
            await device.event("device_connected", RETURN)
            await self.is_on(self.new)
        else:
            await device.event("device_listening")
            expect("New" not in self.known(service), f"{service} knows a network that the device does not")
            await self.computer.comes_to(self.old, RETURN, with_address=False)
        await device.stop()
        await self.kill_services()
        return "provisioned" if is_provisioned else "unprovisioned"

    async def begin(self, stage, service):
        """Begins a provisioning; gives the client on its way."""
        await self.as_on_the_first_day()
        await self.start_services(service)
        await self.computer.comes_to(self.old, RETURN, with_address=False)
        device = await self.run(stage, service)
        await device.event("device_listening")
        return await self.client(stage, self.new.network)


async def measure(device, progress):
    """A provisioning without a cut."""
    async with Stage() as stage:
        client = await device.begin(stage, progress.service)
        begin = uptime()
        expect(await client.ended(PROVISIONING) == DONE, "our client did not succeed without a power cut")
        # The device has something to do after its client was told.
        progress.seconds = uptime() - begin + 3
    await device.kill_services()


async def look_back(device, progress):
    """What the last cut has left."""
    progress.cuts -= 1
    service, moment = progress.service, progress.moment
    progress.cuts += 1
    async with Stage() as stage:
        try:
            result = await device.check(stage, service)
            say(f"ok    cut {progress.cuts}, {service}, after {moment:.1f} s: {result}")
        except Exception as error:
            result = "FAIL"
            say(f"FAIL  cut {progress.cuts}, {service}, after {moment:.1f} s: {error!r}")
            stage.show()
            await device.kill_services()
    progress.results.append(result)


async def main():
    progress = Progress()
    async with Stage() as stage:
        bus = await Bus.start(stage)
        radios, wifi = Radios(stage), Wifi(stage)
        await radios.begin(2, bus)
        await wifi.begin(routers=2, device=1, bus=bus)
        await wifi.routers[0].start("Old", channel=1)
        await wifi.routers[1].start("New", channel=6)
        device = Device(wifi, radios.adapters)
        await device.mount(is_first=progress.seconds is None)
        ready()
        if progress.seconds is None:
            say(f"seed {progress.seed}")
            await measure(device, progress)
            say(f"without a cut: {progress.seconds:.1f} s")
        else:
            await look_back(device, progress)
            await radios.tidy()
        if progress.cuts == CUTS:
            failed = progress.results.count("FAIL")
            say(f"{CUTS - failed} passed, {failed} failed; {progress.results.count('provisioned')} times provisioned")
            return 1 if failed else 0
        await device.begin(stage, progress.service)
        moment = progress.moment
        progress.cuts += 1
        progress.keep()
        await asyncio.sleep(moment)
        say("POWER CUT")
        await asyncio.sleep(60)
        return 1


sys.exit(asyncio.run(main()))
