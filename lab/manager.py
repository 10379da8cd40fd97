"""The machine as a station, by NetworkManager, with the program `wlan` of landfall-wlan: see README.md."""

import asyncio
import os
import stat
import sys
from pathlib import Path

from computer import MANAGER_ROOT, MANAGER_SERVICE, contents
from lab import Stage, expect, play_all
from wifi import Wifi, hears

WLAN = Path(os.environ["LAB_PROGRAMS"]) / "wlan"
KEPT = Path("/etc/NetworkManager/system-connections")
# A network that the machine's owner has set up.
OWNERS = """[connection]
id=owner's
type=wifi
[wifi]
ssid={ssid}
[wifi-security]
key-mgmt=wpa-psk
psk={psk}
[ipv4]
method=auto
"""
OUTCOME = "^(DIS)?CONNECTED.*"
# NetworkManager waits 25 s for an access point that lets nobody in.
LONG = 150


class Station:
    """The program, and what it is told."""

    def __init__(self, wifi, program):
        self.wifi, self.program = wifi, program

    @classmethod
    async def start(cls, wifi, stage, manages=True):
        """With NetworkManager; with wpa_supplicant alone if that does not manage the interface."""
        await wifi.device.start_supplicant([] if manages else None)
        await wifi.device.start_manager(unmanaged=[] if manages else [wifi.device.interface])
        return await cls.begin(wifi, stage)

    @classmethod
    async def begin(cls, wifi, stage):
        program = await wifi.device.start(stage, "wlan", WLAN, "station")
        found = await program.line("^STATION (\\S+) (\\S+)")
        station = cls(wifi, program)
        station.backend = found[2]
        return station

    def tell(self, line):
        self.program.process.stdin.write(f"{line}\n".encode())

    async def connect(self, network, *place, passphrase=None, how="connect"):
        """Gives what becomes of it, as the program says it."""
        secret = "-" if network.security == "open" else passphrase or network.passphrase
        self.tell(" ".join([how, network.hex, secret, *map(str, place)]))
        return (await self.program.line(OUTCOME, LONG))[0]

    async def join(self, network, *place, how="connect"):
        outcome = await self.connect(network, *place, how=how)
        expect(outcome.startswith("CONNECTED"), f"not joined: {outcome}")
        return outcome

    async def fails(self, reason, network, *place, **options):
        outcome = await self.connect(network, *place, **options)
        expect(outcome == f"DISCONNECTED {reason}", f"not {reason}: {outcome}")

    async def keep(self):
        """Waits until the file is there."""
        before = kept()
        self.tell("keep")
        await self.wifi.device.bus.until(lambda: done(kept() and kept() != before), "a file of NetworkManager's")

    async def forget(self):
        self.tell("forget")
        await self.program.line("^FORGOTTEN")

    async def back_on(self, router, seconds=120):
        """Waits until NetworkManager has joined this router by itself, and fetches what is behind it."""
        device = self.wifi.device

        async def is_there():
            return await device.manager_state() == 100 and await device.joined() == router.bssid

        await device.bus.until(is_there, f"back on {router.network.ssid}", seconds)
        await device.fetch(router)


async def done(value):
    return value


def kept():
    """What NetworkManager has on its disk."""
    return contents(KEPT)


def owner_has_set_up(network):
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / "owner.nmconnection"
    path.touch(0o600)
    path.write_text(OWNERS.format(ssid=network.ssid, psk=network.passphrase))


async def profiles(wifi):
    """The names of all that NetworkManager knows of Wi-Fi networks."""
    bus, settings = wifi.device.bus, f"{MANAGER_SERVICE}.Settings"
    paths = await bus.get(MANAGER_SERVICE, f"{MANAGER_ROOT}/Settings", settings, "Connections")
    each = [(await bus.call(MANAGER_SERVICE, path, f"{settings}.Connection", "GetSettings"))[0] for path in paths]
    return [one["connection"]["id"].value for one in each if "802-11-wireless" in one]


def joins(wifi, ssid, auth, channel=1, **options):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start(ssid, channel=channel, **options)
        station = await Station.start(wifi, stage)
        expect(station.backend == "NetworkManager", f"taken: {station.backend}")
        outcome = await station.join(network)
        expect(outcome.endswith(f" {router.bssid} {channel} {auth}"), f"not its facts: {outcome}")
        await wifi.device.fetch(router)

    return step


def scans(wifi):
    async def step(stage):
        one, other = wifi.routers
        await one.start("First", channel=1)
        await other.start(b"\xff\x00raw", security="open", channel=11)
        station = await Station.start(wifi, stage)
        await hears(station.program, 2)
        # hwsim's radios hear each other at -30 dBm, which NetworkManager cannot tell from -40.
        await station.program.line(f"HEARD First {one.bssid} 1 -30 Wpa2Psk")
        await station.program.line(f"HEARD .* {other.bssid} 11 -30 Open")

    return step


def takes_the_one_asked_for(wifi):
    async def step(stage):
        one, other = wifi.routers
        await one.start("Twice", channel=1)
        network = await other.start("Twice", channel=11)
        station = await Station.start(wifi, stage)
        outcome = await station.join(network, one.bssid.replace(":", ""))
        expect(one.bssid in outcome, f"not the address asked for: {outcome}")
        station.tell("disconnect")
        outcome = await station.join(network, "-", 11)
        expect(other.bssid in outcome, f"not on the channel asked for: {outcome}")
        outcome = await station.join(network, one.bssid.replace(":", ""), 6)
        expect(one.bssid in outcome, f"a wrong channel matters: {outcome}")

    return step


def refuses(wifi, reason, passphrase=None, **options):
    async def step(stage):
        network = await wifi.routers[0].start("Refusing", **options)
        station = await Station.start(wifi, stage)
        await station.fails(reason, network, passphrase=passphrase)

    return step


def wrong_then_right(wifi, security):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Right", security=security)
        station = await Station.start(wifi, stage)
        await station.fails("AuthError", network, passphrase="wrong-horse")
        await station.join(network)
        await wifi.device.fetch(router)

    return step


def absent(wifi):
    async def step(stage):
        network = await wifi.routers[0].start("Absent")
        await wifi.routers[0].stop()
        station = await Station.start(wifi, stage)
        outcome = await station.connect(network)
        code = wifi.device.manager.process.returncode
        expect(code is None, f"NetworkManager has ended with {code}")
        expect(outcome == "DISCONNECTED NetworkNotFound", f"not NetworkNotFound: {outcome}")

    return step


def failed_try_costs_nothing(wifi):
    """The network from before is there again: by itself after a failure, and at once when the try is given up."""

    async def step(stage):
        old, new = wifi.routers
        owner_has_set_up(await old.start("Old"))
        network = await new.start("New", channel=6)
        station = await Station.start(wifi, stage)
        await station.back_on(old)
        await station.fails("AuthError", network, passphrase="wrong-horse")
        await station.back_on(old)
        await station.join(network)
        station.tell("disconnect")
        await station.back_on(old)
        expect(list(kept()) == ["owner.nmconnection"], f"left behind: {list(kept())}")

    return step


def keeps(wifi):
    """Over a restart of NetworkManager without us, and in place of what was kept before."""

    async def step(stage):
        old, new = wifi.routers
        first = await old.start("Old")
        second = await new.start(b"\xe9t\xe9", channel=6, security="wpa3")
        station = await Station.start(wifi, stage)
        await station.join(first)
        expect(not kept(), f"kept without being told to: {list(kept())}")
        await station.keep()
        await station.join(second)
        await station.keep()

        async def is_one():
            return len(kept()) == 1

        await wifi.device.bus.until(is_one, "the old one is forgotten")
        (name,) = kept()
        mode = stat.S_IMODE((KEPT / name).stat().st_mode)
        expect(mode == 0o600, f"{name} has mode {mode:o}")
        expect("autoconnect=false" not in kept()[name] and "channel=" not in kept()[name], "kept as it was tried")
        await station.program.stop()
        await wifi.device.kill_manager()
        await wifi.device.kill_supplicant()
        await wifi.device.start_supplicant([])
        await wifi.device.start_manager()
        await station.back_on(new)

    return step


def manager_restarts(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Restart")
        station = await Station.start(wifi, stage)
        await station.join(network)
        await station.keep()
        await wifi.device.kill_manager()
        await station.program.line("^DISCONNECTED Other")
        await wifi.device.start_manager()
        await station.back_on(router)
        await station.join(network, how="rejoin")

    return step


def router_comes_back(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Gone")
        station = await Station.start(wifi, stage)
        await station.join(network)
        await station.keep()
        await router.vanish()
        await station.program.line("^DISCONNECTED Other", LONG)
        await router.again()
        await station.join(network, how="rejoin")
        await wifi.device.fetch(router)

    return step


def forgets(wifi):
    async def step(stage):
        old, new = wifi.routers
        owner_has_set_up(await old.start("Old"))
        network = await new.start("New", channel=6)
        station = await Station.start(wifi, stage)
        await station.join(network)
        await station.keep()
        await station.program.stop()
        # Another life of the program knows what this one kept.
        station = await Station.begin(wifi, stage)
        await station.forget()
        expect(list(kept()) == ["owner.nmconnection"], f"left behind: {list(kept())}")
        await station.back_on(old)

    return step


def killed_try_is_not_kept(wifi):
    """A try that nobody can give up any more is given up by the next life of the program."""

    async def step(stage):
        network = await wifi.routers[0].start("Orphan")
        station = await Station.start(wifi, stage)
        await station.join(network)
        station.program.kill()
        await station.program.ended()
        station = await Station.begin(wifi, stage)
        expect(await profiles(wifi) == ["landfall Orphan"], f"profiles: {await profiles(wifi)}")
        station.tell("disconnect")

        async def is_nothing_left():
            return not await profiles(wifi)

        await wifi.device.bus.until(is_nothing_left, "no profile is left")

    return step


def leaves_unmanaged_to_wpa_supplicant(wifi):
    async def step(stage):
        station = await Station.start(wifi, stage, manages=False)
        expect(station.backend == "WpaSupplicant", f"taken: {station.backend}")

    return step


def steps(wifi):
    return [
        ("a scan hears what is there", scans(wifi)),
        ("joins WPA2", joins(wifi, "Two", "Wpa2Psk")),
        ("joins WPA3", joins(wifi, "Three", "Wpa3Psk", security="wpa3")),
        ("joins mixed, no text as name", joins(wifi, b"\xe9t\xe9", "Wpa2Wpa3Psk", 6, security="mixed")),
        ("joins open, 32 octets", joins(wifi, "x" * 32, "Open", 13, security="open")),
        ("joins WPA2, hidden", joins(wifi, "Hidden", "Wpa2Psk", 11, hidden=True)),
        ("joins the access point asked for", takes_the_one_asked_for(wifi)),
        ("wrong password, then the right one: WPA2", wrong_then_right(wifi, "wpa2")),
        ("wrong password, then the right one: WPA3", wrong_then_right(wifi, "wpa3")),
        ("wrong password, then the right one: mixed", wrong_then_right(wifi, "mixed")),
        ("a password too short", refuses(wifi, "AuthError", passphrase="short")),
        ("an absent network", absent(wifi)),
        ("a full access point", refuses(wifi, "Other", most=0)),
        ("a network without addresses", refuses(wifi, "Other", addresses="none")),
        ("a failed try costs nothing", failed_try_costs_nothing(wifi)),
        ("keeps over a restart, in place of the old one", keeps(wifi)),
        ("NetworkManager restarts", manager_restarts(wifi)),
        ("the router is gone and comes back", router_comes_back(wifi)),
        ("forgets what an earlier life kept", forgets(wifi)),
        ("a try of a killed program is left", killed_try_is_not_kept(wifi)),
        ("unmanaged is left to wpa_supplicant", leaves_unmanaged_to_wpa_supplicant(wifi)),
    ]


async def main():
    async with Stage() as surroundings:
        wifi = Wifi(surroundings)
        await wifi.begin(routers=2, device=1)
        return await play_all(steps(wifi), wifi)


sys.exit(asyncio.run(main()))
