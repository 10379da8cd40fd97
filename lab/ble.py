"""Provisionings over Bluetooth with the real bluetoothd: see README.md."""

import asyncio
import sys

import espprov
from bluetooth import PEERS, Radios
from lab import LANDFALL, Stage, expect, play_all, say

NAME = "PROV_LAB"
SERVICE = "021a9004-0382-4aea-bff4-6b3f1c5adfb4"
SECRET = "abcd1234"
NETWORK = ("myssid", "mypassword")
# What a device asks for, and what our client gives, by security scheme.
DEVICE = {
    0: ["--sec-ver", "0"],
    1: ["--sec-ver", "1", "--pop", SECRET],
    2: ["--sec-ver", "2", "--username", "wifiprov", "--password", SECRET],
}
CLIENT = {0: ["--sec-ver", "0"], 1: ["--pop", SECRET], 2: ["--password", SECRET]}
WRONG = {1: ["--pop", "wrong"], 2: ["--password", "wrong"]}
JOINED = '"event":"joined"'
# Exit codes of `landfall` (docs/errors.md).
SECRET_REFUSED, UNREACHABLE = 4, 3
# Seconds in which a device that is on the air is surely heard.
SCAN = 8


class Lab:
    """Who is where: bluetoothd has our devices on one adapter and clients on two others; the remaining controller is for
    a program that is a host itself."""

    def __init__(self, radios):
        self.radios = radios
        self.device_adapter, self.client_adapter, self.other_adapter = radios.adapters
        self.on_bluez = ["--adapter", self.device_adapter]
        self.on_trouble = ["--hci", f"tcp:127.0.0.1:{radios.port}"]
        self.with_bluez = ["--adapter", self.client_adapter]
        self.with_trouble = self.on_trouble
        self.elsewhere = ["--adapter", self.other_adapter]

    async def device(self, stage, where, scheme, *more):
        """Our device, once it can be heard."""
        options = ["--json", "--transport", "ble", "--name", NAME, *where, *DEVICE[scheme], *more]
        device = await stage.start("device", LANDFALL, "simulate", *options)
        await device.event("device_listening")
        return device

    async def bumble(self, stage, stack, scheme):
        """A device with the ways of another stack."""
        http = ["--json", "--no-auto-stop", "--listen", "127.0.0.1:0"]
        device = await stage.start("device", LANDFALL, "simulate", *http, *DEVICE[scheme])
        port = (await device.event("device_listening"))["url"].rsplit(":", 1)[1]
        script = PEERS / "server.py"
        server = await stage.start("server", sys.executable, script, self.radios.port, NAME, stack, port)
        await server.line("^SERVER")

    async def client(self, stage, where, secret):
        """Our client, on its way."""
        ssid, passphrase = NETWORK
        options = ["--json", "--transport", "ble", "--device", NAME, *where, *secret]
        network = ["--ssid", ssid, "--passphrase", passphrase]
        return await stage.start("client", LANDFALL, "provision", *options, *network)

    async def provision(self, stage, where, secret, code=0, said=JOINED):
        """Our client from beginning to end, which must be this one."""
        client = await self.client(stage, where, secret)
        ended = await client.ended(60)
        expect(ended == code, f"our client ended with {ended}, not with {code}")
        expect(client.said(said), f"our client did not say {said}")

    async def esp_prov(self, scheme, secret=SECRET, code=0):
        """esp_prov from beginning to end, which must be this one."""
        ended = await espprov.provision(self.client_adapter, NAME, scheme, secret, *NETWORK)
        expect(ended == code, f"esp_prov ended with {ended}, not with {code}")


def with_esp_prov(lab, where, scheme, secret=SECRET, code=0, options=()):
    async def step(stage):
        await lab.device(stage, where, scheme, "--no-auto-stop", *options)
        await lab.esp_prov(scheme, secret, code)

    return step


def with_our_client(lab, device, client, scheme, options=()):
    async def step(stage):
        await lab.device(stage, device, scheme, "--no-auto-stop", *options)
        await lab.provision(stage, client, CLIENT[scheme])

    return step


def with_foreign_device(lab, stack, scheme):
    async def step(stage):
        await lab.bumble(stage, stack, scheme)
        await lab.provision(stage, lab.with_bluez, CLIENT[scheme])

    return step


def wrong_secret(lab, scheme):
    async def step(stage):
        await lab.device(stage, lab.on_bluez, scheme, "--no-auto-stop")
        await lab.provision(stage, lab.with_bluez, WRONG[scheme], SECRET_REFUSED, "wrong-secret")
        await lab.provision(stage, lab.with_bluez, CLIENT[scheme])

    return step


def found_by_name_and_service(lab):
    async def step(stage):
        await lab.device(stage, lab.on_bluez, 1)
        found = await espprov.find(lab.client_adapter, NAME)
        expect(found, f"no {NAME} is heard")
        _, advertisement = found
        services = advertisement.service_uuids
        expect(services == [SERVICE], f"it advertises the services {services}")

    return step


def end_takes_the_advertisement_away(lab):
    async def step(stage):
        device = await lab.device(stage, lab.on_bluez, 1)
        await lab.provision(stage, lab.with_bluez, CLIENT[1])
        await device.event("device_ended")
        await lab.radios.forget_devices()
        expect(await espprov.find(lab.client_adapter, NAME, SCAN) is None, "it still advertises")

    return step


def client_leaves_and_comes_again(lab):
    async def step(stage):
        await lab.device(stage, lab.on_bluez, 1, "--no-auto-stop")
        async with espprov.connected(lab.client_adapter, NAME) as transport:
            expect(await transport.send("proto-ver", "---"), "proto-ver answers nothing")
        async with espprov.connected(lab.client_adapter, NAME) as transport:
            left = await transport.read("proto-ver")
            expect(left == "", f"the second client finds what was for the first: {left}")
        await lab.esp_prov(1)

    return step


def our_client_is_killed_and_comes_again(lab):
    """bluetoothd keeps the connection of a client that could not say goodbye."""

    async def step(stage):
        await lab.device(stage, lab.on_bluez, 2, "--no-auto-stop")
        client = await lab.client(stage, lab.with_bluez, CLIENT[2])
        await client.event("session_established")
        client.kill()
        await client.ended()
        await lab.provision(stage, lab.with_bluez, CLIENT[2])

    return step


def one_client_at_a_time(lab):
    async def step(stage):
        await lab.device(stage, lab.on_bluez, 1, "--no-auto-stop")
        async with espprov.connected(lab.client_adapter, NAME) as transport:
            expect(await transport.send("proto-ver", "---"), "proto-ver answers nothing")
            await lab.provision(stage, lab.elsewhere, CLIENT[1], UNREACHABLE, "device-not-heard")
            expect(await transport.send("proto-ver", "---"), "the first client was thrown out")
        await lab.provision(stage, lab.elsewhere, CLIENT[1])

    return step


def daemon_is_killed_before_the_client_comes(lab):
    async def step(stage):
        device = await lab.device(stage, lab.on_bluez, 2, "--no-auto-stop")
        await lab.radios.kill_daemon()
        await device.event("device_unreachable")
        await lab.radios.start_daemon()
        await device.event("device_reachable")
        await lab.provision(stage, lab.with_bluez, CLIENT[2])

    return step


def daemon_is_killed_in_the_middle(lab):
    """The client either goes on by itself or says that it gives up, and then the next one is well."""

    async def step(stage):
        device = await lab.device(stage, lab.on_bluez, 2, "--no-auto-stop")
        client = await lab.client(stage, lab.with_bluez, CLIENT[2])
        await client.event("session_established")
        await lab.radios.kill_daemon()
        await device.event("device_unreachable")
        await lab.radios.start_daemon()
        await device.event("device_reachable")
        if await client.ended(60) != 0:
            expect(client.said('"event":"error"'), "our client did not say why it gave up")
            await lab.provision(stage, lab.with_bluez, CLIENT[2])

    return step


def without_a_service(lab):
    async def step(stage):
        await lab.radios.kill_daemon()
        try:
            await lab.provision(stage, lab.with_bluez, CLIENT[1], UNREACHABLE, "bluetooth-no-service")
        finally:
            await lab.radios.start_daemon()

    return step


def switched_off(lab):
    async def step(stage):
        await lab.radios.set_power(lab.client_adapter, False)
        try:
            await lab.provision(stage, lab.with_bluez, CLIENT[1], UNREACHABLE, "bluetooth-off")
        finally:
            await lab.radios.set_power(lab.client_adapter, True)

    return step


def steps(lab):
    bluez, trouble, client, controller = lab.on_bluez, lab.on_trouble, lab.with_bluez, lab.with_trouble
    encrypted = ["--ble-encryption"]
    return [
        ("found by name and service", found_by_name_and_service(lab)),
        ("esp_prov to our device on BlueZ, security 0", with_esp_prov(lab, bluez, 0)),
        ("esp_prov to our device on BlueZ, security 1", with_esp_prov(lab, bluez, 1)),
        ("esp_prov to our device on BlueZ, security 2", with_esp_prov(lab, bluez, 2)),
        ("esp_prov to our device on BlueZ, wrong proof", with_esp_prov(lab, bluez, 1, "wrong", 3)),
        ("esp_prov to our device on BlueZ, encrypted", with_esp_prov(lab, bluez, 1, options=encrypted)),
        ("esp_prov to our device on trouble-host, security 2", with_esp_prov(lab, trouble, 2)),
        ("our client to our device on BlueZ, security 0", with_our_client(lab, bluez, client, 0)),
        ("our client to our device on BlueZ, security 1", with_our_client(lab, bluez, client, 1)),
        ("our client to our device on BlueZ, security 2", with_our_client(lab, bluez, client, 2)),
        ("our client to our device on BlueZ, encrypted", with_our_client(lab, bluez, client, 2, encrypted)),
        ("our client to our device on trouble-host, security 1", with_our_client(lab, trouble, client, 1)),
        ("our client to our device on trouble-host, encrypted", with_our_client(lab, trouble, client, 2, encrypted)),
        ("our client on trouble-host to our device on BlueZ", with_our_client(lab, bluez, controller, 2)),
        ("our client to NimBLE, security 2", with_foreign_device(lab, "nimble", 2)),
        ("our client to Bluedroid, security 2", with_foreign_device(lab, "bluedroid", 2)),
        ("wrong proof, then the right one", wrong_secret(lab, 1)),
        ("wrong password, then the right one", wrong_secret(lab, 2)),
        ("a client leaves and comes again", client_leaves_and_comes_again(lab)),
        ("our client is killed and comes again", our_client_is_killed_and_comes_again(lab)),
        ("one client at a time", one_client_at_a_time(lab)),
        ("the end takes the advertisement away", end_takes_the_advertisement_away(lab)),
        ("bluetoothd is killed before the client comes", daemon_is_killed_before_the_client_comes(lab)),
        ("bluetoothd is killed in the middle", daemon_is_killed_in_the_middle(lab)),
        ("bluetoothd is not running", without_a_service(lab)),
        ("the adapter is switched off", switched_off(lab)),
    ]


async def main():
    async with Stage() as surroundings:
        radios = Radios(surroundings)
        await radios.begin(3)
        say(f"adapters: {' '.join(radios.adapters)}")
        return await play_all(steps(Lab(radios)), radios)


sys.exit(asyncio.run(main()))
