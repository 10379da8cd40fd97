"""Computers with a Wi-Fi of their own, and the daemons that drive it: see README.md."""

import asyncio
import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from bus import Bus
from lab import PATIENCE, Unexpected, eventually, expect, uptime

PLACE = Path("/run/wifi")
NETWORK = Path("/sys/class/net")
LIBC = ctypes.CDLL(None)
# A client for addresses that puts them onto the interface, and nothing else.
LEASE = """#!/bin/sh
case "$1" in
deconfig) ip addr flush dev "$interface" ;;
bound|renew) ip addr replace "$ip/$mask" dev "$interface" ;;
esac
"""
MANAGER = """[main]
plugins=keyfile
dhcp=internal
auth-polkit=false
[keyfile]
unmanaged-devices={unmanaged}
[connectivity]
enabled=false
[logging]
level=INFO
"""
MANAGER_SERVICE = "org.freedesktop.NetworkManager"
MANAGER_ROOT = "/org/freedesktop/NetworkManager"
# The interface of the device's own access point.
OWN = "landfall0"
SUPPLICANT_SERVICE = "fi.w1.wpa_supplicant1"
# The least of the states of NetworkManager's devices in which it can be used.
DISCONNECTED = 30
# Seconds until a file behind a router is here.
FETCHED = 60


async def run(*command, **options):
    """Runs a short command, which must go well, and gives what it said."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options
    )
    said, _ = await process.communicate()
    said = said.decode(errors="replace")
    expect(process.returncode == 0, f"{' '.join(map(str, command))}: {process.returncode} {said}")
    return said


def inside(namespace, *command):
    """The command, in this network namespace; None is the machine's own."""
    return ("ip", "netns", "exec", namespace, *command) if namespace else command


class Control:
    """The control socket of hostapd's or wpa_supplicant's interface. What happens comes as lines, if `listen` was called
    before."""

    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.events = []

    async def __aenter__(self):
        self.mine = tempfile.mktemp(prefix="control-", dir=PLACE)
        self.socket.bind(self.mine)
        self.socket.connect(str(self.path))
        return self

    async def __aexit__(self, *_):
        self.socket.close()
        Path(self.mine).unlink()

    async def receive(self, seconds):
        answer = asyncio.get_running_loop().sock_recv(self.socket, 65536)
        return (await asyncio.wait_for(answer, seconds)).decode(errors="replace").rstrip()

    async def ask(self, command):
        self.socket.send(command.encode())
        while (text := await self.receive(PATIENCE)).startswith("<"):
            self.events.append(text)
        return text

    async def do(self, command):
        """Asks for what must go well."""
        answer = await self.ask(command)
        expect("FAIL" not in answer and "UNKNOWN" not in answer, f"{command}: {answer}")
        return answer

    async def listen(self):
        await self.do("ATTACH")

    async def choose(self, name, key=None):
        """wpa_supplicant is told to join a network that is open, or has this key (WPA2). What comes of it are events."""
        await self.listen()
        number = await self.do("ADD_NETWORK")
        security = {"psk": f'"{key}"'} if key else {"key_mgmt": "NONE"}
        for setting, value in {"ssid": name.encode().hex(), **security}.items():
            await self.do(f"SET_NETWORK {number} {setting} {value}")
        await self.do(f"SELECT_NETWORK {number}")

    async def event(self, pattern, seconds=PATIENCE):
        """Waits for an event with this regular expression, after the last one that was waited for. Gives the match."""
        until = uptime() + seconds
        while True:
            while self.events:
                if match := re.search(pattern, self.events.pop(0)):
                    return match
            try:
                self.events.append(await self.receive(until - uptime()))
            except asyncio.TimeoutError:
                raise Unexpected(f"{self.path} did not say in {seconds} s: {pattern}") from None


class Computer:
    """Somebody with a Wi-Fi of its own: interfaces, a system bus, and daemons that a step starts as it wants them."""

    def __init__(self, stage, name, namespace, interfaces):
        self.stage, self.name, self.namespace, self.interfaces = stage, name, namespace, interfaces
        self.bus = self.supplicant = self.manager = None
        self.place = self.kept = PLACE / name

    async def begin(self, bus=None):
        self.place.mkdir()
        (self.place / "lease").write_text(LEASE)
        (self.place / "lease").chmod(0o755)
        self.bus = bus or await Bus.start(self.stage, self.name)

    @property
    def interface(self):
        return self.interfaces[0]

    @property
    def variables(self):
        return {"DBUS_SYSTEM_BUS_ADDRESS": self.bus.address}

    async def start(self, stage, name, *command, **variables):
        """Starts a program on this computer."""
        return await stage.start(name, *inside(self.namespace, *command), **{**self.variables, **variables})

    async def run(self, *command):
        """Runs a short command on this computer, which must go well, and gives what it said."""
        return await run(*inside(self.namespace, *command), env={**os.environ, **self.variables})

    def configuration(self, interface):
        """wpa_supplicant's file for an interface, which it may write."""
        return self.kept / f"{interface}.conf"

    def fresh_configuration(self, interface):
        self.configuration(interface).write_text(f"ctrl_interface={self.place}\nupdate_config=1\n")

    async def start_supplicant(self, interfaces=None):
        """Starts wpa_supplicant on the bus, with these interfaces; with all if none are named, with none if there are
        to be none: NetworkManager adds them by itself. It has what it has kept in its files."""
        interfaces = self.interfaces if interfaces is None else interfaces
        options = []
        for interface in interfaces:
            if not self.configuration(interface).exists():
                self.fresh_configuration(interface)
            options += [*(["-N"] if options else []), "-i", interface, "-c", self.configuration(interface)]
        self.supplicant = await self.start(self.stage, f"wpa_supplicant-{self.name}", "wpa_supplicant", "-u", "-t", *options)
        await self.bus.wait_for(SUPPLICANT_SERVICE)
        for interface in interfaces:
            path = ["/fi/w1/wpa_supplicant1", SUPPLICANT_SERVICE, "GetInterface", "s", interface]
            await self.bus.call(SUPPLICANT_SERVICE, *path)

    async def kill_supplicant(self):
        self.supplicant = await self.kill(self.supplicant)

    async def nmcli_connect(self, network):
        """Joins with the words that a person uses. One scan may miss a router, and connecting does not scan."""

        async def is_listed():
            listed = await self.run("nmcli", "--get-values", "SSID", "device", "wifi", "list", "--rescan", "yes")
            return network.ssid in listed.splitlines()

        await eventually(is_listed, f"{network.ssid} was heard")
        words = ["connect", network.ssid, "password", network.passphrase]
        await self.run("nmcli", "--wait", 60, "device", "wifi", *words)

    async def start_manager(self, unmanaged=()):
        """Starts NetworkManager, which drives the wpa_supplicant that runs, and waits until it has its Wi-Fi."""
        (self.place / "manager.conf").write_text(
            MANAGER.format(unmanaged=";".join(f"interface-name:{one}" for one in unmanaged))
        )
        command = ["NetworkManager", "--debug", f"--config={self.place}/manager.conf"]
        if self.namespace:
            # A second one on one machine: folders of its own, and no udev, which knows only the first one's interfaces.
            # NetworkManager goes without it if /sys is read-only.
            folders = "/run/NetworkManager /var/lib/NetworkManager /etc/NetworkManager/system-connections"
            own = f"mkdir -p {folders}; for f in {folders}; do mount -t tmpfs own $f; done; mount -o remount,ro /sys"
            command = ["sh", "-c", f'{own}; exec "$@"', "sh", *command]
        else:
            await start_udev(self.stage)
        self.manager = await self.start(self.stage, f"NetworkManager-{self.name}", *command)
        wanted = [interface for interface in self.interfaces if interface not in unmanaged]
        await self.bus.wait_for(MANAGER_SERVICE)
        await self.bus.until(lambda: self.has_wifi(wanted), f"NetworkManager has {wanted}")

    async def has_wifi(self, interfaces):
        """Whether NetworkManager can use all of them."""
        states = [await self.manager_state(interface) for interface in interfaces]
        return all(state is not None and state >= DISCONNECTED for state in states)

    async def manager_state(self, interface=None):
        """The state of an interface as NetworkManager has it; None if it has not. 100 is connected."""
        path = [MANAGER_ROOT, MANAGER_SERVICE, "GetDeviceByIpIface", "s", interface or self.interface]
        reply = await self.bus.ask(MANAGER_SERVICE, *path)
        if reply.error_name:
            return None
        return await self.bus.get(MANAGER_SERVICE, reply.body[0], f"{MANAGER_SERVICE}.Device", "State")

    async def kill_manager(self):
        self.manager = await self.kill(self.manager)

    async def kill(self, program):
        """Nothing is left to be said by it."""
        if program:
            program.kill()
            await program.ended()
            self.stage.programs.remove(program)

    def control(self, interface=None):
        """wpa_supplicant's control socket, for `async with`."""
        return Control(self.place / (interface or self.interface))

    async def lease(self, interface=None):
        """Gets an address as a DHCP client beside wpa_supplicant does, once."""
        client = ["busybox", "udhcpc", "-i", interface or self.interface, "-n", "-q", "-t", "20", "-T", "3"]
        await self.run(*client, "-s", self.place / "lease")

    async def fetch(self, router):
        """Fetches the file behind a router and checks what it says. The router's server may only just have begun."""

        async def get():
            with contextlib.suppress(OSError):
                return await asyncio.to_thread(self.get, router.url)

        said = await eventually(get, f"{router.url} was fetched", FETCHED)
        expect(said == router.content, f"{router.url} says {said!r}")

    def get(self, url):
        """What is behind this address; from a thread, which is in the computer's network namespace for as long."""
        with Path("/proc/thread-self/ns/net").open() as mine:
            self.enter(f"/run/netns/{self.namespace}" if self.namespace else mine.name)
            try:
                with urllib.request.urlopen(url, timeout=15) as answer:
                    return answer.read()
            finally:
                LIBC.setns(mine.fileno(), 0)

    @staticmethod
    def enter(namespace):
        with Path(namespace).open() as opened:
            expect(LIBC.setns(opened.fileno(), 0) == 0, f"no way into {namespace}")

    async def joined(self, interface=None):
        """The address of the access point that the kernel is joined to; None if to none."""
        said = await self.run("iw", "dev", interface or self.interface, "link")
        match = re.search(r"Connected to (\S+)", said)
        return match and match[1]

    async def addresses(self, interface=None):
        """The addresses that others can use, without their masks."""
        said = await self.run("ip", "-o", "addr", "show", "dev", interface or self.interface, "scope", "global")
        return re.findall(r"inet6? ([^/]+)/", said)

    async def comes_to(self, router, seconds=PATIENCE, with_address=True):
        """Waits until the kernel has joined this router's network. It is asked again and again: nobody tells of it who is
        always there."""

        async def is_so():
            return await self.joined() == router.bssid and (not with_address or await self.addresses())

        await eventually(is_so, f"on {router.network.ssid}", seconds)

    async def leaves(self):
        """Waits until the kernel has joined nobody."""

        async def is_so():
            return await self.joined() is None

        await eventually(is_so, "it has left its network")

    async def put_down(self, interface):
        """No link and no address is left of what was."""
        await self.run("ip", "link", "set", interface, "down")
        await self.run("ip", "addr", "flush", "dev", interface)

    async def tidy(self):
        """As on the first day: no daemons, nothing kept, no interface that was added, no address."""
        await self.kill_manager()
        await self.kill_supplicant()
        if not self.namespace:
            for process in [*access_point_programs("hostapd"), *access_point_programs("wpa_supplicant")]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        for interface in (await self.run("ls", NETWORK)).split():
            if interface.startswith(("wlan", "ap", "uap", OWN)) and interface not in self.interfaces:
                await self.run("iw", "dev", interface, "del")
        for interface in self.interfaces:
            await self.put_down(interface)
            self.configuration(interface).unlink(missing_ok=True)
        if not self.namespace:
            for folder in ["/etc/NetworkManager/system-connections", "/var/lib/NetworkManager", "/run/NetworkManager"]:
                shutil.rmtree(folder, ignore_errors=True)


async def start_udev(stage):
    """udevd, once: NetworkManager leaves an interface alone that udev has not seen."""
    if not Path("/run/udev/control").exists():
        path = PLACE / "udev-is-ready"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as told:
            told.bind(str(path))
            await stage.start("udevd", "/lib/systemd/systemd-udevd", NOTIFY_SOCKET=str(path))
            await asyncio.wait_for(asyncio.get_running_loop().sock_recv(told, 4096), PATIENCE)
    await run("udevadm", "trigger", "--subsystem-match=net", "--subsystem-match=ieee80211", "--subsystem-match=rfkill")
    await run("udevadm", "settle", "--timeout=60")


def contents(folder):
    """The files in a folder that a daemon works in, and what they say."""
    found = {}
    for path in folder.glob("*"):
        # It may take one away between the look at the folder and the look into the file.
        with contextlib.suppress(FileNotFoundError):
            found[path.name] = path.read_text()
    return found


def access_point_programs(name):
    """The processes of this name that have the device's own access point."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_text().split("\0")
            if Path(words[0]).name == name and "/softap/" in " ".join(words[1:]):
                found.append(int(folder.name))
    return found


def end_all(applet):
    """Ends what a program of ours has started to go on without it."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if applet.encode() in words:
                os.kill(int(process.name), signal.SIGKILL)
