"""`landfall device` on a Linux machine, from nothing to the network, and through what can go wrong: see README.md."""

import asyncio
import shutil
import sys

import espprov
from bluetooth import Radios
from bus import Bus
from lab import LANDFALL, REPOSITORY, Stage, expect, play_all
from machine import (
    ACCESS_POINT,
    DONE,
    KEY,
    MANAGER,
    NAME,
    NOT_FOUND,
    PROVISIONING,
    RETURN,
    SECRET,
    SUPPLICANT,
    UNREACHABLE,
    WRONG_PASSPHRASE,
    Machine,
)
from wifi import Wifi


class Lab:
    """A device with Bluetooth and Wi-Fi, a client's computer with the same, and two routers."""

    def __init__(self, radios, wifi):
        self.stage, self.radios, self.wifi = wifi.stage, radios, wifi
        self.machine = Machine(wifi.device, *radios.adapters)
        self.home, self.other = wifi.routers

    async def visitor_services(self, service):
        """Has this one drive the Wi-Fi of the client's computer."""
        await self.wifi.phone.start_supplicant([] if service == MANAGER else None)
        if service == MANAGER:
            await self.wifi.phone.start_manager()

    async def tidy(self):
        await self.wifi.tidy()
        await self.radios.tidy()
        shutil.rmtree(self.machine.state, ignore_errors=True)


def provisioned(lab, service, **offer):
    async def step(stage):
        network = await lab.home.start("Home", **offer)
        device = await lab.machine.waits(stage, service)
        await lab.machine.provision(stage, network)
        await device.event("device_connected")
        await lab.machine.is_on(lab.home)

    return step


def over_its_access_point(lab, service, visitor):
    """The router is on another channel than the device's access point was: the one radio takes that along."""

    async def step(stage):
        network = await lab.home.start("Home", channel=11)
        await lab.visitor_services(visitor)
        device = await lab.machine.waits(stage, service, transport="softap")
        join = ["--transport", "softap", "--join", NAME, "--service-key", KEY, "--pop", SECRET]
        wanted = ["--ssid", network.ssid, "--passphrase", network.passphrase]
        client = await lab.wifi.phone.start(stage, "client", LANDFALL, "provision", "--json", *join, *wanted)
        ended = await client.ended(PROVISIONING)
        expect(ended == DONE, f"our client ended with {ended}")
        await device.event("device_connected")
        await lab.machine.is_on(lab.home)

    return step


def by_rmaker_over_its_access_point(lab, service):
    """PyPI's client on a phone that has joined the access point, which takes it along to the router's channel."""

    async def step(stage):
        network = await lab.home.start("Home", channel=11)
        await lab.machine.waits(stage, service, transport="softap")
        phone = lab.wifi.phone
        await phone.start_supplicant()
        async with phone.control() as control:
            await control.choose(NAME, KEY)
            await control.event("CTRL-EVENT-CONNECTED")
        await phone.lease()
        words = ["1", SECRET, network.ssid, network.passphrase]
        client = await phone.start(stage, "rmaker", sys.executable, REPOSITORY / "peers/rmaker.py", ACCESS_POINT, *words)
        ended = await client.ended(PROVISIONING)
        expect(ended == DONE, f"PyPI's client ended with {ended}")
        await lab.machine.is_on(lab.home)

    return step


def by_esp_prov(lab, service):
    async def step(stage):
        network = await lab.home.start("Home", security="mixed")
        await lab.machine.waits(stage, service)
        ended = await espprov.provision(lab.machine.client_adapter, NAME, 1, SECRET, network.ssid, network.passphrase)
        expect(ended == 0, f"esp_prov ended with {ended}")
        await lab.machine.is_on(lab.home)

    return step


def wrong_then_right(lab, service, **offer):
    async def step(stage):
        network = await lab.home.start("Home", **offer)
        await lab.machine.waits(stage, service, "--attempts", "1")
        await lab.machine.provision(stage, network, WRONG_PASSPHRASE, "not-this-one")
        await lab.machine.provision(stage, network)
        await lab.machine.is_on(lab.home)

    return step


def absent_then_there(lab, service):
    async def step(stage):
        network = await lab.home.start("Home")
        await lab.home.vanish()
        await lab.machine.waits(stage, service, "--attempts", "1")
        await lab.machine.provision(stage, network, NOT_FOUND)
        await lab.home.again()
        await lab.machine.provision(stage, network)
        await lab.machine.is_on(lab.home)

    return step


def full_then_with_room(lab, service):
    """A router that takes nobody more is none of the reasons that the protocol knows, and worth another try."""

    async def step(stage):
        network = await lab.home.start("Home", most=0)
        device = await lab.machine.waits(stage, service)
        client = await lab.machine.client(stage, network)
        await device.event("device_attempt_failed")
        await lab.home.start("Home")
        ended = await client.ended(PROVISIONING)
        expect(ended == DONE, f"our client ended with {ended}")
        await lab.machine.is_on(lab.home)

    return step


def router_gone_in_the_middle(lab, service):
    """Either somebody tries once more, or the client hears that it did not go well, and then the next one is well."""

    async def step(stage):
        network = await lab.home.start("Home")
        await lab.machine.waits(stage, service, "--attempts", "2")
        client = await lab.machine.client(stage, network)
        await client.event("applied")
        await lab.home.vanish()
        ended = await client.ended(PROVISIONING)
        await lab.home.again()
        if ended != DONE:
            expect(client.said('"event":"failed"'), "our client did not say what became of it")
            await lab.machine.provision(stage, network)
        await lab.machine.computer.comes_to(lab.home, RETURN)
        await lab.machine.is_on(lab.home)

    return step


def router_comes_back(lab, service):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, service)
        await lab.machine.provision(stage, network)
        await device.event("device_connected")
        await lab.home.vanish()
        await device.event("device_disconnected")
        await lab.home.again()
        await lab.machine.comes_back(device, lab.home)

    return step


def client_gone_after_apply(lab, service):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, service)
        client = await lab.machine.client(stage, network)
        await client.event("applied")
        client.kill()
        await device.event("device_connected")
        await lab.machine.is_on(lab.home)

    return step


def kept_over_a_restart(lab, service):
    """First without our program, as the service has kept the network too; then our program finds it as it is."""

    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, service)
        await lab.machine.provision(stage, network)
        await device.event("device_connected")
        await device.stop()
        await lab.machine.reboot(service)
        await lab.machine.computer.comes_to(lab.home, RETURN, with_address=False)
        device = await lab.machine.run(stage, service)
        await device.event("device_already_provisioned")
        await lab.machine.comes_back(device, lab.home)

    return step


def reset_forgets(lab, service):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, service)
        await lab.machine.provision(stage, network)
        await device.event("device_connected")
        await device.stop()
        await lab.machine.do(stage, "reset", *lab.machine.whereabouts(service))
        await lab.machine.computer.leaves()
        device = await lab.machine.run(stage, service)
        await device.event("device_unprovisioned")

    return step


def supplicant_killed_in_the_middle(lab):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, SUPPLICANT)
        client = await lab.machine.client(stage, network)
        await client.event("applied")
        await lab.machine.kill_services()
        await lab.machine.start_services(SUPPLICANT)
        await ends_well(lab, stage, device, client, network)

    return step


def manager_killed_in_the_middle(lab):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, MANAGER)
        client = await lab.machine.client(stage, network)
        await client.event("applied")
        await lab.machine.computer.kill_manager()
        await lab.machine.computer.start_manager()
        await ends_well(lab, stage, device, client, network)

    return step


def bluetoothd_killed_in_the_middle(lab):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, SUPPLICANT)
        client = await lab.machine.client(stage, network)
        await client.event("session_established")
        await lab.radios.kill_daemon()
        await lab.radios.start_daemon()
        await ends_well(lab, stage, device, client, network)

    return step


async def ends_well(lab, stage, device, client, network):
    """The client heard of the join, or said why not; then the next one is well."""
    if await client.ended(PROVISIONING) != DONE:
        says_why = client.said('"event":"failed"') or client.said('"event":"error"')
        expect(says_why, "our client did not say what became of it")
        if not device.said('"device_connected"'):
            await lab.machine.provision(stage, network)
    await lab.machine.computer.comes_to(lab.home, RETURN)
    await lab.machine.is_on(lab.home)


def services_restart_later(lab, service):
    """Our program stays, and has its network again when the service is there again."""

    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, service)
        await lab.machine.provision(stage, network)
        await device.event("device_connected")
        await lab.machine.kill_services()
        await device.event("device_disconnected")
        await lab.machine.start_services(service)
        await lab.machine.comes_back(device, lab.home)

    return step


def no_adapter(lab):
    async def step(stage):
        await lab.machine.computer.start_supplicant([])
        give_back = await lab.wifi.take_away(lab.machine.computer.interface)
        try:
            device = await lab.machine.run(stage, SUPPLICANT)
            ended = await device.ended()
            expect(ended == UNREACHABLE, f"it ended with {ended}")
            expect(device.said("wifi-no-adapter"), "it does not say that there is no adapter")
        finally:
            await give_back()

    return step


def radio_switched_off(lab, service):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, service, "--attempts", "1")
        await lab.wifi.block(lab.machine.computer.interface)
        client = await lab.machine.client(stage, network)
        expect(await client.ended(PROVISIONING) not in [DONE, WRONG_PASSPHRASE], "it joined without a radio")
        expect(device.said("off"), "it does not say that the radio is off")
        await lab.wifi.block(lab.machine.computer.interface, False)
        await lab.machine.provision(stage, network)
        await lab.machine.is_on(lab.home)

    return step


def forbidden_channel(lab):
    """Where channel 13 is not allowed, a network on it is not there."""

    async def step(stage):
        network = await lab.home.start("Home", channel=13)
        await lab.wifi.set_country("US")
        try:
            await lab.machine.waits(stage, SUPPLICANT, "--attempts", "1")
            await lab.machine.provision(stage, network, NOT_FOUND)
        finally:
            await lab.wifi.set_country()
        await lab.home.again()
        await lab.machine.provision(stage, network)
        await lab.machine.is_on(lab.home)

    return step


def failed_try_leaves_the_old_network(lab, service):
    async def step(stage):
        old = await lab.home.start("Home")
        new = await lab.other.start("Other", channel=11)
        device = await lab.machine.waits(stage, service, "--attempts", "1")
        await lab.machine.provision(stage, old)
        await device.event("device_connected")
        await lab.machine.do(stage, "open")
        await device.event("device_listening")
        await lab.machine.provision(stage, new, WRONG_PASSPHRASE, "not-this-one")
        await lab.machine.computer.comes_to(lab.home, RETURN)
        await lab.machine.is_on(lab.home)

    return step


def opened_again_for_another_network(lab, service):
    async def step(stage):
        old = await lab.home.start("Home")
        new = await lab.other.start("Other", channel=11)
        device = await lab.machine.waits(stage, service)
        await lab.machine.provision(stage, old)
        await device.event("device_connected")
        await lab.machine.do(stage, "open")
        await device.event("device_listening")
        await lab.machine.provision(stage, new)
        await lab.machine.comes_back(device, lab.other)

    return step


def reset_while_it_runs(lab, service):
    async def step(stage):
        network = await lab.home.start("Home")
        device = await lab.machine.waits(stage, service)
        await lab.machine.provision(stage, network)
        await device.event("device_connected")
        await lab.machine.do(stage, "reset", *lab.machine.whereabouts(service))
        await device.event("device_reset")
        await device.event("device_listening")
        await lab.machine.computer.leaves()
        await lab.machine.provision(stage, network)
        await lab.machine.comes_back(device, lab.home)

    return step


def steps(lab):
    each = []
    for service in [SUPPLICANT, MANAGER]:
        each += [
            (f"{service}: WPA2", provisioned(lab, service)),
            (f"{service}: wrong passphrase, then right", wrong_then_right(lab, service)),
            (f"{service}: absent network", absent_then_there(lab, service)),
            (f"{service}: the router comes back", router_comes_back(lab, service)),
            (f"{service}: kept over a restart", kept_over_a_restart(lab, service)),
            (f"{service}: a reset forgets", reset_forgets(lab, service)),
            (f"{service}: restarted later", services_restart_later(lab, service)),
            (f"{service}: a failed try leaves the old network", failed_try_leaves_the_old_network(lab, service)),
        ]
    return [
        *each,
        ("opened again for another network", opened_again_for_another_network(lab, SUPPLICANT)),
        ("a reset while it runs", reset_while_it_runs(lab, SUPPLICANT)),
        ("WPA3", provisioned(lab, SUPPLICANT, security="wpa3", channel=6)),
        ("open", provisioned(lab, MANAGER, security="open", channel=11)),
        ("its own access point, wpa_supplicant", over_its_access_point(lab, SUPPLICANT, SUPPLICANT)),
        ("its own access point, NetworkManager", over_its_access_point(lab, MANAGER, MANAGER)),
        ("its own access point, PyPI's esp-rainmaker-cli", by_rmaker_over_its_access_point(lab, SUPPLICANT)),
        ("esp_prov", by_esp_prov(lab, SUPPLICANT)),
        ("WPA3, wrong passphrase, then right", wrong_then_right(lab, SUPPLICANT, security="wpa3")),
        ("a full router", full_then_with_room(lab, SUPPLICANT)),
        ("the router is gone in the middle", router_gone_in_the_middle(lab, SUPPLICANT)),
        ("the client is gone after apply", client_gone_after_apply(lab, SUPPLICANT)),
        ("wpa_supplicant is killed in the middle", supplicant_killed_in_the_middle(lab)),
        ("NetworkManager is killed in the middle", manager_killed_in_the_middle(lab)),
        ("bluetoothd is killed in the middle", bluetoothd_killed_in_the_middle(lab)),
        ("no Wi-Fi adapter", no_adapter(lab)),
        ("the radio is switched off", radio_switched_off(lab, SUPPLICANT)),
        ("a channel that is not allowed", forbidden_channel(lab)),
    ]


async def main():
    async with Stage() as surroundings:
        bus = await Bus.start(surroundings)
        radios, wifi = Radios(surroundings), Wifi(surroundings)
        await radios.begin(2, bus)
        await wifi.begin(routers=2, device=1, phone=1, bus=bus)
        lab = Lab(radios, wifi)
        return await play_all(steps(lab), lab)


sys.exit(asyncio.run(main()))
