"""Whether the Wi-Fi world is as the other scenarios need it, without a program of ours: see README.md."""

import asyncio
import sys

from computer import SUPPLICANT_SERVICE
from lab import Stage, eventually, expect, play_all
from wifi import Wifi


def scan_hears_what_routers_offer(wifi):
    async def step(stage):
        one, other = wifi.routers
        await one.start("First", channel=1)
        await other.start(b"\xff\x00raw", security="open", channel=11)
        await wifi.device.start_supplicant()
        async with wifi.device.control() as control:
            await control.listen()

            async def hear():
                await control.do("SCAN")
                await control.event("CTRL-EVENT-SCAN-RESULTS")
                heard = await control.ask("SCAN_RESULTS")
                return one.bssid in heard and other.bssid in heard and heard

            heard = await eventually(hear, "both were heard")
        expect("2412" in heard and "2462" in heard, f"not on their channels: {heard}")

    return step


async def join(control, network, words=""):
    """Joins as wpa_cli has it, and waits for what has become of it."""
    await control.do("REMOVE_NETWORK all")
    number = await control.do("ADD_NETWORK")
    keys = {
        "open": {"key_mgmt": "NONE"},
        "wpa2": {"key_mgmt": "WPA-PSK", "psk": f'"{network.passphrase}"'},
        "wpa3": {"key_mgmt": "SAE", "sae_password": f'"{network.passphrase}"', "ieee80211w": "2"},
        "mixed": {"key_mgmt": "SAE", "sae_password": f'"{network.passphrase}"', "ieee80211w": "2"},
    }[network.security]
    for name, value in {"ssid": network.hex, "scan_ssid": 1, **keys}.items():
        await control.do(f"SET_NETWORK {number} {name} {value}")
    await control.do(f"SELECT_NETWORK {number}")
    await control.event(words or "CTRL-EVENT-CONNECTED")


def joins_and_fetches(wifi, ssid, **options):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start(ssid, **options)
        await wifi.device.start_supplicant()
        async with wifi.device.control() as control:
            await control.listen()
            await join(control, network)
        expect(await wifi.device.joined() == router.bssid, "the kernel has not joined it")
        await wifi.device.lease()
        await wifi.device.fetch(router)

    return step


def ipv6_alone(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Six", addresses="ipv6")
        await wifi.device.start_supplicant()
        async with wifi.device.control() as control:
            await control.listen()
            await join(control, network)
        await wifi.device.comes_to(router)
        expect((await wifi.device.addresses())[0].startswith("fd00:"), "an address of another kind")
        await wifi.device.fetch(router)

    return step


def full_router_takes_nobody(wifi):
    async def step(stage):
        network = await wifi.routers[0].start("Full", most=0)
        await wifi.device.start_supplicant()
        async with wifi.device.control() as control:
            await control.listen()
            await join(control, network, "CTRL-EVENT-ASSOC-REJECT.*status_code=17|CTRL-EVENT-AUTH-REJECT")

    return step


def router_is_noticed_to_be_gone(wifi):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Gone")
        await wifi.device.start_supplicant()
        async with wifi.device.control() as control:
            await control.listen()
            await join(control, network)
            await router.vanish()
            await control.event("CTRL-EVENT-DISCONNECTED")
            await router.again()
            await control.event("CTRL-EVENT-CONNECTED")

    return step


def one_channel_at_a_time(wifi):
    """What makes a device's own access point follow its station, as on a Raspberry Pi."""

    async def step(stage):
        said = await wifi.device.run("iw", "phy")
        expect("#channels <= 1" in said, "a radio can be on several channels")

    return step


def radio_is_switched_off(wifi):
    async def step(stage):
        await wifi.device.start_supplicant()
        state = [SUPPLICANT_SERVICE, "/fi/w1/wpa_supplicant1/Interfaces/0", f"{SUPPLICANT_SERVICE}.Interface", "State"]

        async def is_off():
            return await wifi.device.bus.get(*state) == "interface_disabled"

        await wifi.block(wifi.device.interface)
        await wifi.device.bus.until(is_off, "wpa_supplicant sees that its radio is off")

    return step


def manager_joins(wifi, computer):
    async def step(stage):
        router = wifi.routers[0]
        network = await router.start("Managed")
        await computer.start_supplicant([])
        await computer.start_manager()
        await computer.nmcli_connect(network)
        expect(await computer.manager_state() == 100, "NetworkManager is not connected")
        await computer.fetch(router)

    return step


def steps(wifi):
    return [
        ("one channel at a time", one_channel_at_a_time(wifi)),
        ("a scan hears what routers offer", scan_hears_what_routers_offer(wifi)),
        ("wpa_supplicant joins WPA2", joins_and_fetches(wifi, "Two")),
        ("wpa_supplicant joins WPA3, hidden", joins_and_fetches(wifi, "Three", security="wpa3", hidden=True)),
        ("wpa_supplicant joins mixed, no text as name", joins_and_fetches(wifi, b"\xe9t\xe9", security="mixed", channel=6)),
        ("wpa_supplicant joins open, 32 octets", joins_and_fetches(wifi, "x" * 32, security="open", channel=13)),
        ("a network with IPv6 alone", ipv6_alone(wifi)),
        ("a full router takes nobody", full_router_takes_nobody(wifi)),
        ("a router is gone and comes back", router_is_noticed_to_be_gone(wifi)),
        ("a radio is switched off", radio_is_switched_off(wifi)),
        ("NetworkManager joins", manager_joins(wifi, wifi.device)),
        ("NetworkManager on the other computer joins", manager_joins(wifi, wifi.phone)),
    ]


async def main():
    async with Stage() as surroundings:
        wifi = Wifi(surroundings)
        await wifi.begin(routers=2, device=1, phone=1)
        return await play_all(steps(wifi), wifi)


sys.exit(asyncio.run(main()))
