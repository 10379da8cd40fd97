"""The Debian package under systemd, from its installation to its end: see README.md."""

import asyncio
import shutil
import sys
from pathlib import Path

from bluetooth import Radios
from bus import Bus
from lab import LANDFALL, LOGS, REPOSITORY, Stage, Unexpected, expect, play_all, say, uptime, within
from wifi import Wifi

UNITS = Path("/etc/systemd/system")
STATE = Path("/var/lib/landfall")
# What has to run before any service. All else that the host's systemd would start then, a machine of the lab can do without:
# some of it looks at each of the host's files, which takes minutes here, or waits for hardware or an answer.
EARLY = ["systemd-journald.service", "systemd-udevd.service", "systemd-udev-trigger.service"]
EARLY_PLACES = [Path("/lib/systemd/system/sysinit.target.wants"), UNITS / "sysinit.target.wants"]
# Without one, systemd would take the machine for a new one, and ask for its language.
MACHINE = "0123456789abcdef0123456789abcdef\n"
# As much as services need, and nothing else that the host's systemd would start.
TARGET = """
[Unit]
Requires=sysinit.target dbus.socket
After=sysinit.target dbus.socket
"""
# systemd is the first process of a namespace, with folders of its own where it writes.
BOOT = """
mount --make-rprivate /
mount -t proc proc /proc
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/lock
exec env -i container=lab "PATH=$PATH" /lib/systemd/systemd --system --unit=lab.target --show-status=yes
"""
# dpkg would read the lists of all files of the host's packages, which takes minutes here as well. In a database of its own
# no other package is known.
DATABASE = Path("/run/dpkg")
DPKG = ["dpkg", "--admindir", DATABASE, "--force-depends"]
SERVICES = ["polkit", "wpa_supplicant", "NetworkManager", "bluetooth"]
# Seconds until systemd is up, until a command has answered that only looks, and until one is done that starts or ends something.
BEGIN, ANSWER, START = 300, 60, 300


class System:
    """A systemd, and what it runs."""

    def __init__(self, stage):
        self.stage, self.process = stage, None

    async def begin(self):
        (UNITS / "lab.target").write_text(TARGET)
        early = {unit.name for place in EARLY_PLACES for unit in place.glob("*")}
        for unit in early.difference(EARLY):
            (UNITS / unit).unlink(missing_ok=True)
            (UNITS / unit).symlink_to("/dev/null")
        Path("/etc/fstab").write_text("")
        # Where the host keeps a journal, systemd would copy it.
        shutil.rmtree("/var/log/journal", ignore_errors=True)
        Path("/etc/machine-id").unlink(missing_ok=True)
        Path("/etc/machine-id").write_text(MACHINE)
        (LOGS / "boot.sh").write_text(BOOT)
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        outer = await self.stage.start("systemd", *unshare, "sh", LOGS / "boot.sh")
        children = Path(f"/proc/{outer.process.pid}/task/{outer.process.pid}/children")
        async with within(ANSWER, "systemd has a process"):
            while not (found := children.read_text().split()):
                await asyncio.sleep(0.1)
        self.process = found[0]
        until = uptime() + BEGIN
        # It answers once its own socket is there.
        while (state := await self.try_out("systemctl", "is-active", "lab.target")) != "active":
            if uptime() > until or state == "failed":
                jobs = [await self.try_out("systemctl", *words) for words in (["list-jobs"], ["--failed"])]
                raise Unexpected(f"systemd is not up, {state}: {jobs}")
            await asyncio.sleep(1)

    @property
    def address(self):
        """Of the system's bus, seen from outside."""
        return f"unix:path=/proc/{self.process}/root/run/dbus/system_bus_socket"

    def inside(self, *command):
        return ["nsenter", "--target", self.process, "--mount", "--pid", *map(str, command)]

    async def try_out(self, *command, seconds=ANSWER):
        """What a command prints, however it ends."""
        pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
        process = await asyncio.create_subprocess_exec(*self.inside(*command), **pipes)
        try:
            async with within(seconds, f"{' '.join(map(str, command))} has ended"):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        self.code = process.returncode
        return output.decode(errors="replace").strip()

    async def run(self, *command, seconds=ANSWER):
        """What a command prints, which must go well."""
        output = await self.try_out(*command, seconds=seconds)
        expect(self.code == 0, f"{' '.join(map(str, command))} ended with {self.code}: {output}")
        return output

    async def show(self, name, unit="landfall"):
        return await self.run("systemctl", "show", "--value", "--property", name, unit)

    async def until(self, is_so, otherwise, seconds=120):
        for _ in range(seconds):
            if await is_so():
                return
            await asyncio.sleep(1)
        raise Unexpected(f"not in {seconds} s: {otherwise}; {await self.journal()}")

    async def journal(self):
        return await self.try_out("journalctl", "--unit", "landfall", "--no-pager", "--lines", "30", "--output", "cat")


class Lab:
    """A machine with the package, a router, and a client on the other Bluetooth adapter."""

    def __init__(self, system, radios, wifi):
        self.stage, self.system, self.radios, self.wifi = system.stage, system, radios, wifi
        self.router = wifi.routers[0]

    async def pid(self):
        return await self.system.show("MainPID")

    async def state(self):
        return await self.system.show("ActiveState")

    async def is_active(self):
        return await self.state() == "active"

    async def says(self, text):
        """Whether the running device's status has this."""
        return text in await self.system.try_out("landfall", "device", "status", "--json")

    async def tidy(self):
        """Each step goes on where the one before it has ended."""


def package():
    packages = sorted((REPOSITORY / "target/deb").glob("landfall_*.deb"))
    expect(packages, "there is no package: cargo xtask deb")
    return packages[-1]


def it_installs_and_opens_nothing(lab):
    async def step(stage):
        await lab.system.run("mkdir", "-p", DATABASE / "info", DATABASE / "updates")
        await lab.system.run("touch", DATABASE / "status", DATABASE / "available")
        await lab.system.run(*DPKG, "--install", package(), seconds=START)
        expect(await lab.state() == "inactive", "it runs without having been asked to")
        secret = await lab.system.run("stat", "--format", "%a %U %G", "/etc/landfall/pop")
        expect(secret == "640 root landfall", f"its secret has {secret}")

    return step


def it_starts_sandboxed(lab):
    async def step(stage):
        # Which adapter is the client's, is for the lab to say.
        settings = Path("/etc/landfall/device.toml")
        settings.write_text(settings.read_text() + f'\nname = "PROV_LAB"\nadapter = "{lab.radios.adapters[0]}"\n')
        await lab.system.run("systemctl", "enable", "--now", "landfall", seconds=START)
        expect(await lab.is_active(), "it is not active though systemctl has waited for it")
        user = await lab.system.run("stat", "--format", "%U", f"/proc/{await lab.pid()}")
        expect(user == "landfall", f"it runs as {user}")
        await lab.system.until(lambda: lab.says('"provisioning":"open"'), "its status says that it is open")
        say((await lab.system.try_out("systemd-analyze", "security", "--no-pager", "landfall")).splitlines()[-1])

    return step


def a_client_brings_it_onto_the_network(lab):
    async def step(stage):
        network = await lab.router.start("Home")
        secret = (await lab.system.run("cat", "/etc/landfall/pop")).strip()
        target = ["--transport", "ble", "--adapter", lab.radios.adapters[1], "--device", "PROV_LAB", "--pop", secret]
        wanted = ["--ssid", network.ssid, "--passphrase", network.passphrase]
        where = {"DBUS_SYSTEM_BUS_ADDRESS": lab.system.address}
        client = await stage.start("client", LANDFALL, "provision", "--json", *target, *wanted, **where)
        expect(await client.ended(90) == 0, f"our client failed; {await lab.system.journal()}")
        await lab.system.until(lambda: lab.says('"network":"joined"'), "its status says that it is on the network")
        await lab.wifi.device.fetch(lab.router)
        kept = await lab.system.run("sh", "-c", "stat --format '%a %U' /etc/NetworkManager/system-connections/*")
        expect(kept == "600 root", f"NetworkManager keeps the network with {kept}")
        expect(network.passphrase not in await lab.system.journal(), "the journal has the passphrase")

    return step


def it_joins_again_after_a_restart(lab):
    async def step(stage):
        await lab.system.run("systemctl", "restart", "landfall", seconds=START)
        await lab.system.until(lambda: lab.says('"network":"joined"'), "its status says that it is on the network")

    return step


def a_hang_is_ended_by_the_watchdog(lab):
    async def step(stage):
        before = await lab.pid()
        await lab.system.run("kill", "-STOP", before)

        async def is_new():
            return await lab.is_active() and await lab.pid() not in (before, "0")

        await lab.system.until(is_new, "systemd has started it anew", 180)

    return step


def it_goes_and_leaves_nothing(lab):
    async def step(stage):
        await lab.system.run(*DPKG, "--remove", "landfall", seconds=START)
        expect(await lab.state() == "inactive", "it still runs")
        expect(STATE.exists(), "removing has forgotten the network")
        await lab.system.run(*DPKG, "--purge", "landfall", seconds=START)
        left = [path for path in [STATE, Path("/etc/landfall")] if path.exists()]
        expect(not left, f"purging has left {left}")

    return step


def steps(lab):
    return [
        ("it installs and opens nothing", it_installs_and_opens_nothing(lab)),
        ("it starts, sandboxed, and says so", it_starts_sandboxed(lab)),
        ("a client brings it onto the network", a_client_brings_it_onto_the_network(lab)),
        ("it joins again after a restart", it_joins_again_after_a_restart(lab)),
        ("a hang is ended by the watchdog", a_hang_is_ended_by_the_watchdog(lab)),
        ("it goes and leaves nothing behind", it_goes_and_leaves_nothing(lab)),
    ]


async def main():
    async with Stage() as surroundings:
        system = System(surroundings)
        await system.begin()
        bus = await Bus.at(surroundings, system.address, "the system's bus")
        wifi = Wifi(surroundings)
        await wifi.begin(routers=1, device=1, bus=bus)
        # The air only: bluetoothd is systemd's.
        radios = Radios(surroundings)
        await radios.begin(2, bus, is_running=True)
        await system.run("systemctl", "start", *SERVICES, seconds=START)
        for adapter in radios.adapters:
            await radios.wait_for_power(adapter)
        lab = Lab(system, radios, wifi)
        return await play_all(steps(lab), lab)


sys.exit(asyncio.run(main()))
