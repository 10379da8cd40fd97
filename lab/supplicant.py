"""The machine as a station, by wpa_supplicant with a DHCP client beside it: see README.md."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from computer import start_udev
from lab import Stage, eventually, expect, play_all
from wifi import Wifi, hears

WLAN = Path(os.environ["LAB_PROGRAMS"]) / "wlan"
NETIF = Path("/run/systemd/netif")
# Seconds for a network to be joined, and for a try to be given up.
JOINED, GIVEN_UP = 120, 180


class Station:
    """`landfall-wlan`'s example on the device."""

    def __init__(self, program):
        self.program = program

    @classmethod
    async def start(cls, wifi, stage):
        program = await wifi.device.start(stage, "wlan", WLAN, "station", "--backend", "wpa_supplicant")
        await program.line("^STATION")
        return cls(program)

    def tell(self, *words):
        self.program.process.stdin.write((" ".join(map(str, words)) + "\n").encode())

    def connect(self, network, passphrase=None, *more):
        words = passphrase or ("-" if network.security == "open" else network.passphrase)
        self.tell("connect", network.hex, words, *more)

    async def joined(self, seconds=JOINED):
        """Waits until it has joined. Gives the line's words: address, name, BSSID, channel, authentication."""
        match = await self.program.line("^(CONNECTED|DISCONNECTED).*", seconds)
        expect(match[1] == "CONNECTED", f"it was not joined: {match[0]}")
        return match[0].split()[1:]

    async def not_joined(self, reason, seconds=GIVEN_UP):
        match = await self.program.line("^(CONNECTED|DISCONNECTED).*", seconds)
        expect(match[0] == f"DISCONNECTED {reason}", match[0])

    async def join(self, network, *more):
        self.connect(network, *more)
        return await self.joined()

    async def keep(self, network):
        """Keeps what was joined, and waits until that is done: a rejoin comes after it, and is at once."""
        self.tell("keep")
        self.tell("rejoin", network.hex, network.passphrase)
        await self.joined()


async def is_back(wifi, router):
    """Waits until the device is in this router's network by itself and can use it."""

    async def is_so():
        return await wifi.device.joined() == router.bssid and await wifi.device.addresses()

    await eventually(is_so, f"the device is back in {router.network.ssid}")
    await wifi.device.fetch(router)


def joins(wifi, ssid, **options):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start(ssid, **options)
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(network)
        expect(await wifi.device.joined() == router.bssid, "the kernel has not joined it")
        await wifi.device.fetch(router)

    return step


def is_refused(wifi, reason, passphrase=None, **options):
    async def step(stage):
        network = await wifi.routers[0].start("Refused", **options)
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        station.connect(network, passphrase)
        await station.not_joined(reason)

    return step


def absent_network_is_not_found(wifi):
    async def step(stage):
        network = await wifi.routers[0].start("There")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        station.tell("connect", b"Elsewhere".hex(), network.passphrase)
        await station.not_joined("NetworkNotFound")

    return step


def right_after_wrong(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Second")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        station.connect(network, "wrong-passphrase")
        await station.not_joined("AuthError")
        await station.join(network)
        await wifi.device.fetch(router)

    return step


def joins_beside_networkd(wifi):
    """It asks for the address: no client of ours does."""

    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Networkd")
        await wifi.device.start_supplicant()
        await start_udev(stage)
        for folder in ["links", "leases", "lldp"]:
            place = NETIF / folder
            place.mkdir(parents=True, exist_ok=True)
            shutil.chown(place, "systemd-network")
        shutil.chown(NETIF, "systemd-network")
        settings = Path("/run/systemd/network")
        settings.mkdir(exist_ok=True)
        (settings / "wifi.network").write_text(f"[Match]\nName={wifi.device.interface}\n[Network]\nDHCP=ipv4\n")
        await wifi.device.start(stage, "networkd", "/lib/systemd/systemd-networkd")
        await wifi.device.bus.wait_for("org.freedesktop.network1")
        station = await Station.start(wifi, stage)
        await station.join(network)
        expect("udhcpc" not in await wifi.device.run("busybox", "ps"), "a DHCP client runs besides")
        await wifi.device.fetch(router)

    return step


def scan_hears_routers(wifi):
    async def step(stage):
        await wifi.routers[0].start("One", channel=1)
        await wifi.routers[1].start("Eleven", channel=11, security="wpa3")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await hears(station.program, 2)
        heard = sorted([(await station.program.line("^HEARD (.*)"))[1] for _ in range(2)])
        for router, said, words in zip(wifi.routers[::-1], heard, ["Wpa3Psk", "Wpa2Psk"]):
            ssid, bssid, channel, _, auth = said.split()
            told = (router.network.ssid, router.bssid, str(router.network.channel), words)
            expect((ssid, bssid, channel, auth) == told, f"{said} is not {told}")

    return step


def chosen_access_point(wifi, *wish):
    """Two routers with one name: the one that is asked for is joined, in either case."""

    async def step(stage):
        one, other = wifi.routers
        await one.start("Twins", channel=1)
        await other.start("Twins", channel=11)
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        for router in [other, one, other]:
            bssid = router.bssid.replace(":", "") if "bssid" in wish else "-"
            channel = [router.network.channel] if "channel" in wish else []
            await station.join(router.network, None, bssid, *channel)
            expect(await wifi.device.joined() == router.bssid, "the other one was joined")

    return step


def wrong_channel_is_a_hint_only(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Moved", channel=6)
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(network, None, "-", 11)

    return step


def failed_try_leaves_kept_network(wifi):
    async def step(stage):
        home, guest = wifi.routers
        await home.start("Home")
        await guest.start("Guest", channel=6)
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(home.network)
        await station.keep(home.network)
        station.connect(guest.network, "wrong-passphrase")
        await station.not_joined("AuthError")
        station.tell("disconnect")
        await is_back(wifi, home)

    return step


def failed_try_leaves_foreign_networks(wifi):
    """Networks that somebody else has configured, one of them disabled, are as they were."""

    async def step(stage):
        home, guest = wifi.routers
        network = await home.start("Foreign")
        await guest.start("Guest", channel=6)
        await wifi.device.start_supplicant()
        async with wifi.device.control() as control:
            await control.listen()
            for name, ssid in [("0", network.hex), ("1", b"Disabled".hex()), ("2", b"Enabled".hex())]:
                expect(await control.do("ADD_NETWORK") == name, "networks are numbered otherwise")
                await control.do(f"SET_NETWORK {name} ssid {ssid}")
                await control.do(f'SET_NETWORK {name} psk "{network.passphrase}"')
            await control.do("ENABLE_NETWORK 0")
            await control.do("ENABLE_NETWORK 2")
            await control.event("CTRL-EVENT-CONNECTED", JOINED)
            station = await Station.start(wifi, stage)
            station.connect(guest.network, "wrong-passphrase")
            await station.not_joined("AuthError")
            control.events.clear()
            station.tell("disconnect")
            await control.event("CTRL-EVENT-CONNECTED", JOINED)
            listed = [line.split("\t") for line in (await control.ask("LIST_NETWORKS")).splitlines()[1:]]
        # The last one's are cut off if there are none.
        flags = {number: "".join(flags) for number, _, _, *flags in listed}
        expect(flags == {"0": "[CURRENT]", "1": "[DISABLED]", "2": ""}, f"the networks are {flags}")

    return step


def killed_try_is_cleared_away(wifi):
    async def step(stage):
        home, guest = wifi.routers
        await home.start("Home")
        await guest.start("Guest", channel=6, addresses="none")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(home.network)
        await station.keep(home.network)
        async with wifi.device.control() as control:
            await control.listen()
            station.connect(guest.network)
            await control.event("CTRL-EVENT-CONNECTED", JOINED)
        station.program.kill()
        await station.program.ended()
        station = await Station.start(wifi, stage)
        station.tell("disconnect")
        station.tell("rejoin", home.network.hex, home.network.passphrase)
        await station.joined()
        await is_back(wifi, home)
        async with wifi.device.control() as control:
            listed = await control.ask("LIST_NETWORKS")
        expect("Guest" not in listed, listed)

    return step


def supplicant_is_restarted(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Home")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(network)
        await wifi.device.kill_supplicant()
        await station.not_joined("Other")
        # Another one, without the interface: it is asked to drive it.
        await wifi.device.start_supplicant([])
        station.tell("rejoin", network.hex, network.passphrase)
        await station.joined()
        await wifi.device.fetch(router)

    return step


def router_is_gone_and_back(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Home")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(network)
        await station.keep(network)
        await router.vanish()
        await station.not_joined("Other")
        station.tell("rejoin", network.hex, network.passphrase)
        await station.not_joined("NetworkNotFound")
        await router.again()
        station.tell("rejoin", network.hex, network.passphrase)
        await station.joined()
        await wifi.device.fetch(router)

    return step


def kept_network_outlasts_restarts(wifi):
    async def step(stage):
        first, second = wifi.routers
        await first.start("First")
        await second.start("Second", channel=6, security="wpa3")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        for router in [first, second]:
            await station.join(router.network)
            await station.keep(router.network)
        written = wifi.device.configuration(wifi.device.interface).read_text()
        expect(written.count("network={") == 1 and 'ssid="Second"' in written, written)
        expect("scan_freq" not in written and "disabled" not in written, written)
        await station.program.stop()
        await wifi.device.kill_supplicant()
        await wifi.device.start_supplicant()
        await is_back(wifi, second)
        station = await Station.start(wifi, stage)
        station.tell("rejoin", second.network.hex, second.network.passphrase)
        await station.joined()

    return step


def address_is_asked_for_again(wifi):
    """The DHCP client goes on when the program has ended, and does not hear that its address was taken away."""

    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Home")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(network)
        await station.keep(network)
        await station.program.stop()
        expect("udhcpc" in await wifi.device.run("busybox", "ps"), "the DHCP client has ended")
        await wifi.device.run("ip", "addr", "flush", "dev", wifi.device.interface)
        station = await Station.start(wifi, stage)
        station.tell("rejoin", network.hex, network.passphrase)
        await station.joined()
        await wifi.device.fetch(router)

    return step


def forgotten_network_is_left(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Home")
        await wifi.device.start_supplicant()
        station = await Station.start(wifi, stage)
        await station.join(network)
        await station.keep(network)
        # In another life than that in which it was kept.
        await station.program.stop()
        station = await Station.start(wifi, stage)
        station.tell("forget")
        await station.program.line("^FORGOTTEN")
        written = wifi.device.configuration(wifi.device.interface).read_text()
        expect("network={" not in written, written)
        await wifi.device.leaves()
        expect(not await wifi.device.addresses(), "its address is there still")
        expect("udhcpc" not in await wifi.device.run("busybox", "ps"), "the DHCP client goes on")

    return step


def steps(wifi):
    return [
        ("WPA2", joins(wifi, "Two")),
        ("WPA3", joins(wifi, "Three", security="wpa3", channel=11)),
        ("mixed, no text as name", joins(wifi, b"\xe9t\xe9\x00\xff", security="mixed", channel=6)),
        ("open, 32 octets", joins(wifi, bytes(range(200, 232)), security="open", channel=13)),
        ("hidden", joins(wifi, "Hidden", security="wpa2", hidden=True)),
        ("quotation marks", joins(wifi, 'a "b" \\c', passphrase='"quo"te\\d"')),
        ("networkd asks for the address", joins_beside_networkd(wifi)),
        ("a scan hears both routers", scan_hears_routers(wifi)),
        ("wrong passphrase, WPA2", is_refused(wifi, "AuthError", "wrong-passphrase")),
        ("wrong passphrase, WPA3", is_refused(wifi, "AuthError", "wrong-passphrase", security="wpa3")),
        ("wrong passphrase, mixed", is_refused(wifi, "AuthError", "wrong-passphrase", security="mixed")),
        ("too short a passphrase", is_refused(wifi, "AuthError", "short")),
        ("right after wrong", right_after_wrong(wifi)),
        ("absent", absent_network_is_not_found(wifi)),
        ("full", is_refused(wifi, "Other", most=0)),
        ("no address", is_refused(wifi, "Other", addresses="none")),
        ("chosen by BSSID", chosen_access_point(wifi, "bssid")),
        ("chosen by channel", chosen_access_point(wifi, "channel")),
        ("wrong channel is a hint only", wrong_channel_is_a_hint_only(wifi)),
        ("a failed try leaves the kept network", failed_try_leaves_kept_network(wifi)),
        ("a failed try leaves networks of others", failed_try_leaves_foreign_networks(wifi)),
        ("a killed try is cleared away", killed_try_is_cleared_away(wifi)),
        ("wpa_supplicant is restarted", supplicant_is_restarted(wifi)),
        ("the router is gone and comes back", router_is_gone_and_back(wifi)),
        ("a kept network outlasts restarts", kept_network_outlasts_restarts(wifi)),
        ("an address is asked for again", address_is_asked_for_again(wifi)),
        ("a forgotten network is left", forgotten_network_is_left(wifi)),
    ]


async def main():
    async with Stage() as surroundings:
        wifi = Wifi(surroundings)
        await wifi.begin(routers=2, device=1)
        return await play_all(steps(wifi), wifi)


sys.exit(asyncio.run(main()))
