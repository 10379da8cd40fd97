"""Virtual Wi-Fi: radios that hear each other, for routers and computers: see README.md."""

import contextlib

from computer import NETWORK, PLACE, Computer, end_all, inside, run
from lab import Unexpected
from router import Router

# Only the 13 channels of 2.4 GHz may be used there: what has to be heard is heard in half a second, not in eight.
COUNTRY = "YE"
# A scan is on a channel for 30 ms, in which it may miss a router: so many do not.
SCANS = 5


class Wifi:
    """The air: `routers`, the `device` in the machine's own network namespace and the `phone` in one of its own, each
    with as many radios as asked for. A radio is on one channel at a time, as a Raspberry Pi's."""

    def __init__(self, stage):
        self.stage, self.routers, self.device, self.phone = stage, [], None, None

    async def begin(self, routers=2, device=1, phone=0, bus=None):
        """`bus` is the device's, if it is there already."""
        PLACE.mkdir()
        radios = device + phone + routers
        await run("modprobe", "mac80211_hwsim", f"radios={radios}")
        interfaces = [f"wlan{number}" for number in range(radios)]
        await self.set_country()
        for namespace in ["ap", "phone"]:
            await run("ip", "netns", "add", namespace)
            await run("ip", "-n", namespace, "link", "set", "lo", "up")
        (PLACE / "hostapd").mkdir()
        self.device = Computer(self.stage, "device", None, interfaces[:device])
        self.phone = Computer(self.stage, "phone", "phone", interfaces[device : device + phone])
        for number, interface in enumerate(interfaces[device + phone :], 1):
            self.routers.append(Router(self.stage, number, interface))
            await move(interface, "ap")
        for interface in self.phone.interfaces:
            await move(interface, "phone")
        await self.device.begin(bus)
        if phone:
            await self.phone.begin()

    async def block(self, interface, blocked=True):
        """Switches an interface's radio off or on, as `rfkill` does."""
        (switch,) = (NETWORK / interface / "phy80211").glob("rfkill*")
        (switch / "soft").write_text(str(int(blocked)))

    async def set_country(self, country=COUNTRY):
        """Says which country's rules are followed."""
        await run("iw", "reg", "set", country)

    async def take_away(self, interface):
        """Unplugs one of the device's interfaces. Gives what gives it back."""
        radio = (NETWORK / interface / "phy80211" / "name").read_text().strip()
        await move(interface, "ap")

        async def give_back():
            await run(*inside("ap", "iw", "phy", radio, "set", "netns", "1"))

        return give_back

    async def tidy(self):
        """For the next step: no router is on, and the computers are as on the first day."""
        for router in self.routers:
            await router.stop()
        for interface in self.device.interfaces:
            with contextlib.suppress(ValueError, FileNotFoundError):
                await self.block(interface, False)
        end_all("udhcpc")
        for computer in [self.device, self.phone]:
            if computer.interfaces and computer.bus:
                await computer.tidy()


async def hears(program, routers):
    """Has `landfall-wlan`'s example scan until it hears so many routers."""
    for _ in range(SCANS):
        program.process.stdin.write(b"scan\n")
        match = await program.line(r"^SCANNED (\d+)")
        if match[1] == str(routers):
            return
    raise Unexpected(f"{match[1]} routers were heard, not {routers}")


async def move(interface, namespace):
    """Gives a radio, and so its interface, to a network namespace."""
    radio = (NETWORK / interface / "phy80211" / "name").read_text().strip()
    await run("iw", "phy", radio, "set", "netns", "name", namespace)
