"""A computer that provisions a device in the device's own access point, and has its network back afterwards: see
README.md. The device here is a router of the lab with a simulated device behind it."""

import asyncio
import signal
import sys

from lab import LANDFALL, Stage, expect, play_all
from wifi import PLACE, Router, Wifi, inside, run

HOME, DEVICE = "Home", "PROV_LAB"
KEY, POP = "service-key", "abcd1234"
# Networks of the simulated device's world.
NETWORK, SLOW_NETWORK = ("myssid", "mypassword"), "nosuchnetwork"
CHANNELS = {"home": 1, "device": 6, "later": 11}


class AccessPoint(Router):
    """The device's own access point, and the device in it: at 192.168.4.1, as all are."""

    address = "192.168.4.1"

    def __init__(self, router):
        self.stage, self.number, self.interface, self.bssid = router.stage, router.number, router.interface, router.bssid
        self.network, self.programs = None, []

    async def give_addresses(self):
        await run(*inside("ap", "ip", "addr", "replace", f"{self.address}/24", "dev", self.interface))
        dnsmasq = await self.beside(
            "dnsmasq", "dnsmasq", "-k", "-C", "/dev/null", "-i", self.interface, "--bind-interfaces", "--no-resolv",
            "-F", "192.168.4.2,192.168.4.20,1h", "--leasefile-ro", "--port=0", "--log-facility=-", "--no-ping",
        )  # fmt: skip
        await dnsmasq.line("started")
        self.device = await self.beside(
            "device", LANDFALL, "simulate", "--json", "--listen", f"{self.address}:80", "--sec-ver", "1", "--pop", POP,
            "--no-auto-stop",
        )  # fmt: skip
        await self.device.event("device_listening")


class Neighbourhood(Wifi):
    """A computer at home, and a device beside it."""

    @property
    def home(self):
        return self.routers[0]

    @property
    def computer(self):
        return self.device

    async def begin(self):
        await super().begin(routers=2, device=1)
        self.access_point = AccessPoint(self.routers[1])
        self.routers[1] = self.access_point

    async def settle(self, service, **device):
        """The computer is at home, by this service, and the device waits, in an access point of this kind."""
        network = await self.home.start(HOME, channel=CHANNELS["home"])
        await self.access_point.start(DEVICE, **{"passphrase": KEY, "channel": CHANNELS["device"], **device})
        await {"NetworkManager": self.manage, "wpa_supplicant": self.supply}[service](network)
        expect(await self.computer.joined() == self.home.bssid, "the computer is not at home")

    async def manage(self, network):
        await self.computer.start_supplicant([])
        await self.computer.start_manager()
        await self.computer.nmcli_connect(network)

    async def supply(self, network):
        self.computer.fresh_configuration(self.computer.interface)
        with self.computer.configuration(self.computer.interface).open("a") as file:
            file.write(f'network={{\nssid="{network.ssid}"\npsk="{network.passphrase}"\n}}\n')
        await self.computer.start_supplicant()
        async with self.computer.control() as control:
            await control.listen()
            if "wpa_state=COMPLETED" not in await control.ask("STATUS"):
                await control.event("CTRL-EVENT-CONNECTED")
        await self.computer.lease()

    async def landfall(self, stage, *words, ssid=NETWORK[0], **variables):
        """Has the computer provision the device."""
        command = ["provision", "--json", "--join", DEVICE, "--pop", POP, "--ssid", ssid, "--passphrase", NETWORK[1]]
        return await self.computer.start(stage, "landfall", LANDFALL, *command, *words, **variables)

    async def is_back(self):
        """Whether the computer is at home and can use what is there."""
        expect(await self.computer.joined() == self.home.bssid, "the computer is not back at home")
        await self.computer.fetch(self.home)


def provisions(world, service):
    async def step(stage):
        await world.settle(service)
        landfall = await world.landfall(stage, LANDFALL_SERVICE_KEY=KEY)
        there = await landfall.event("access_point_joined")
        expect(there["ip"].startswith("192.168.4."), f"another network's address: {there}")
        await landfall.event("joined")
        left = await landfall.event("access_point_left")
        expect(left["ssid"] == HOME, f"it went somewhere else: {left}")
        expect(await landfall.ended() == 0, "it failed")
        await world.is_back()

    return step


def fails(world, service, problem, code, *words, key=KEY, **device):
    """What cannot be done changes nothing."""

    async def step(stage):
        await world.settle(service, **device)
        variables = {"LANDFALL_SERVICE_KEY": key} if key else {}
        landfall = await world.landfall(stage, *words, **variables)
        error = await landfall.event("error")
        expect((error["problem"], error["code"]) == (problem, code), f"another failure: {error}")
        expect(await landfall.ended() == code, "another exit code")
        await world.is_back()

    return step


def interrupted(world, service, event, how, code):
    """Ended by a signal, the computer has its network back."""

    async def step(stage):
        await world.settle(service)
        # The device looks for this network for some time.
        landfall = await world.landfall(stage, ssid=SLOW_NETWORK, LANDFALL_SERVICE_KEY=KEY)
        await landfall.event(event)
        landfall.process.send_signal(how)
        await landfall.event("access_point_left")
        expect(await landfall.ended() == code, "another exit code")
        await world.is_back()

    return step


def killed(world):
    """Nothing can be done by a program that is killed: NetworkManager itself brings the computer back."""

    async def step(stage):
        await world.settle("NetworkManager")
        landfall = await world.landfall(stage, ssid=SLOW_NETWORK, LANDFALL_SERVICE_KEY=KEY)
        await landfall.event("applied")
        landfall.kill()

        async def is_home():
            return await world.computer.manager_state() == 100 and await world.computer.joined() == world.home.bssid

        await world.computer.bus.until(is_home, "the computer is at home")
        await world.is_back()
        kept = await world.computer.run("nmcli", "--terse", "--fields", "NAME", "connection", "show")
        expect(DEVICE not in kept, f"the device's network is still kept: {kept}")

    return step


def the_device_moves(world, service):
    """Its access point is gone and comes back on another channel, as one does that follows its station."""

    async def step(stage):
        await world.settle(service)
        landfall = await world.landfall(stage, ssid=SLOW_NETWORK, LANDFALL_SERVICE_KEY=KEY)
        await landfall.event("applied")
        hostapd = world.access_point.hostapd
        hostapd.kill()
        await hostapd.ended()
        world.access_point.network.channel = CHANNELS["later"]
        configuration = PLACE / f"{world.access_point.interface}.conf"
        configuration.write_text("\n".join(world.access_point.network.lines(world.access_point.interface)) + "\n")
        again = await stage.start("hostapd-again", *inside("ap", "hostapd", "-t", configuration))
        await again.line("AP-ENABLED")
        error = await landfall.event("error", 90)
        expect(error["problem"] == "network-not-found", f"it did not hear the result: {error}")
        await landfall.ended()
        await world.is_back()

    return step


def home_is_gone(world, service):
    """Then the computer cannot be back, and that is told; the device was provisioned all the same."""

    async def step(stage):
        await world.settle(service)
        landfall = await world.landfall(stage, LANDFALL_SERVICE_KEY=KEY)
        await landfall.event("access_point_joined")
        await world.home.stop()
        await landfall.event("joined")
        error = await landfall.event("error")
        expect((error["problem"], error["code"]) == ("not-back", 1), f"another failure: {error}")

    return step


def nobody_drives(world):
    async def step(stage):
        landfall = await world.landfall(stage, LANDFALL_SERVICE_KEY=KEY)
        error = await landfall.event("error")
        expect(error["problem"] == "wifi-no-service", f"another failure: {error}")

    return step


def switched_off(world):
    async def step(stage):
        await world.settle("wpa_supplicant")
        await world.block(world.computer.interface)
        landfall = await world.landfall(stage, LANDFALL_SERVICE_KEY=KEY)
        error = await landfall.event("error")
        expect(error["problem"] == "wifi-off", f"another failure: {error}")

    return step


def steps(world):
    named = []
    for service in ["NetworkManager", "wpa_supplicant"]:
        interrupt = signal.SIGINT
        named += [
            (f"{service}: provisions and is back", provisions(world, service)),
            (f"{service}: wrong key", fails(world, service, "service-key-wrong", 4, key="another-key")),
            (f"{service}: no key", fails(world, service, "service-key-missing", 4, key=None)),
            (f"{service}: open with a key", fails(world, service, "service-key-not-asked", 1, security="open")),
            (f"{service}: no address", fails(world, service, "access-point-not-joined", 3, addresses="none")),
            (f"{service}: not heard", fails(world, service, "access-point-not-heard", 3, "--join", "PROV_NONE")),
            (f"{service}: interrupted on its way", interrupted(world, service, "access_point_joining", interrupt, 130)),
            (f"{service}: interrupted there", interrupted(world, service, "applied", interrupt, 130)),
            (f"{service}: the device moves", the_device_moves(world, service)),
            (f"{service}: home is gone", home_is_gone(world, service)),
        ]
    named += [("NetworkManager: killed", killed(world)), ("switched off", switched_off(world))]
    return [*named, ("nobody drives", nobody_drives(world))]


async def main():
    async with Stage() as surroundings:
        world = Neighbourhood(surroundings)
        await world.begin()
        return await play_all(steps(world), world)


sys.exit(asyncio.run(main()))
