"""A Linux machine that is a device, with `landfall device`, and the clients that provision it: see README.md."""

from computer import PLACE, end_all
from lab import LANDFALL, expect

NAME = "PROV_LAB"
SECRET = "abcd1234"
# Of its own access point, and where its service is in there.
KEY, ACCESS_POINT = "12345678", "192.168.4.1:80"
SUPPLICANT, MANAGER = "wpa_supplicant", "networkmanager"
# Exit codes of `landfall` (docs/exit-codes.md).
DONE, FAILED, UNREACHABLE, WRONG_PASSPHRASE, NOT_FOUND = 0, 1, 3, 5, 6
# Seconds until a device waits for clients, for a provisioning, and in which whoever is left alone is on its network again.
LISTENING, PROVISIONING, RETURN = 120, 180, 120


class Machine:
    """`computer` with a Bluetooth adapter; `client_adapter` is somebody else's on the same air."""

    def __init__(self, computer, adapter, client_adapter, state=PLACE / "state"):
        self.computer, self.adapter, self.client_adapter, self.state = computer, adapter, client_adapter, state

    async def start_services(self, service):
        """Has this one drive the Wi-Fi."""
        if service == MANAGER:
            await self.computer.start_supplicant([])
            await self.computer.start_manager()
        else:
            await self.computer.start_supplicant()

    async def kill_services(self):
        await self.computer.kill_manager()
        await self.computer.kill_supplicant()

    async def reboot(self, service):
        """The services start again, and what was only in their or the kernel's memory is lost."""
        await self.kill_services()
        end_all("udhcpc")
        await self.computer.put_down(self.computer.interface)
        await self.start_services(service)

    def whereabouts(self, service):
        """What `run` and `reset` have to be told."""
        return ["--state", self.state, "--interface", self.computer.interface, "--backend", service]

    async def command(self, stage, name, *words):
        """One of `landfall device`'s commands."""
        return await self.computer.start(stage, name, LANDFALL, "device", *words, "--json")

    async def do(self, stage, *words):
        """One of the short ones, which must go well. Gives what was printed."""
        command = await self.command(stage, words[0], *words)
        ended = await command.ended()
        expect(ended == DONE, f"landfall device {words[0]} ended with {ended}")
        return command

    async def run(self, stage, service, *options, transport="ble"):
        """The device, on its way."""
        way = {"ble": ["--adapter", self.adapter], "softap": ["--service-key", KEY]}[transport]
        identity = ["--transport", transport, *way, "--name", NAME, "--sec-ver", "1", "--pop", SECRET]
        return await self.command(stage, "device", "run", *self.whereabouts(service), *identity, *options)

    async def waits(self, stage, service, *options, transport="ble"):
        """The device with its services, once it can be reached."""
        await self.start_services(service)
        device = await self.run(stage, service, *options, transport=transport)
        await device.event("device_listening", LISTENING)
        return device

    async def client(self, stage, network, passphrase=None):
        """Our client, on its way."""
        target = ["--transport", "ble", "--adapter", self.client_adapter, "--device", NAME, "--pop", SECRET]
        given = "" if network.security == "open" else passphrase or network.passphrase
        wanted = ["--ssid", network.ssid, "--passphrase", given]
        return await stage.start("client", LANDFALL, "provision", "--json", *target, *wanted)

    async def provision(self, stage, network, code=DONE, passphrase=None):
        """Our client from beginning to end, which must be this one."""
        client = await self.client(stage, network, passphrase)
        ended = await client.ended(PROVISIONING)
        expect(ended == code, f"our client ended with {ended}, not with {code}")

    async def is_on(self, router):
        """Checks that its Wi-Fi really is on this router's network, up to the file behind it."""
        joined = await self.computer.joined()
        expect(joined == router.bssid, f"the kernel has joined {joined}, not {router.bssid}")
        await self.computer.fetch(router)

    async def comes_back(self, device, router):
        """Waits until the device says that it is on its network, which must be so."""
        await device.event("device_connected", RETURN)
        await self.is_on(router)
