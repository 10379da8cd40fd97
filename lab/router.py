"""Routers, with whatever network a step wants: see README.md."""

from dataclasses import dataclass, field

from computer import NETWORK, PLACE, Control, inside, run


@dataclass
class Network:
    """What a router offers."""

    ssid: str | bytes
    passphrase: str = "correct-horse"
    # "open", "wpa2", "wpa3" (SAE) or "mixed" (both).
    security: str = "wpa2"
    channel: int = 1
    hidden: bool = False
    # How many stations it takes at most; 0 takes nobody.
    most: int | None = None
    # "ipv4", "ipv6" (nothing else) or "none".
    addresses: str = "ipv4"
    # More lines for hostapd.
    more: list[str] = field(default_factory=list)

    @property
    def name(self):
        return self.ssid if isinstance(self.ssid, bytes) else self.ssid.encode()

    @property
    def hex(self):
        """Its name as `landfall-wlan`'s example takes it."""
        return self.name.hex()

    def lines(self, interface):
        rsn = ["wpa=2", "rsn_pairwise=CCMP"]
        psk, sae = f"wpa_passphrase={self.passphrase}", f"sae_password={self.passphrase}"
        security = {
            "open": [],
            "wpa2": [*rsn, "wpa_key_mgmt=WPA-PSK", psk],
            "wpa3": [*rsn, "wpa_key_mgmt=SAE", "ieee80211w=2", sae],
            "mixed": [*rsn, "wpa_key_mgmt=WPA-PSK SAE", "ieee80211w=1", "sae_require_mfp=1", psk, sae],
        }[self.security]
        band = "g" if self.channel < 15 else "a"
        lines = [
            f"interface={interface}",
            f"ctrl_interface={PLACE}/hostapd",
            f"ssid2={self.hex}",
            f"channel={self.channel}",
            f"hw_mode={band}",
            f"ignore_broadcast_ssid={int(self.hidden)}",
            *security,
            *self.more,
        ]
        return lines if self.most is None else [*lines, f"max_num_sta={self.most}"]


class Router:
    """A radio in the namespace `ap`, with hostapd, dnsmasq and a file for those who joined."""

    def __init__(self, stage, number, interface):
        self.stage, self.number, self.interface = stage, number, interface
        self.bssid = (NETWORK / interface / "address").read_text().strip()
        self.network, self.programs = None, []

    @property
    def address(self):
        return f"[fd00:{self.number}::1]" if self.network.addresses == "ipv6" else f"10.1.{self.number}.1"

    @property
    def url(self):
        """The file behind it."""
        return f"http://{self.address}/file"

    @property
    def content(self):
        """What it says, so that it is known where it was fetched."""
        return b"hello from " + self.network.name

    @property
    def hostapd(self):
        return self.programs[0]

    async def start(self, ssid, **options):
        """Offers a network (the fields of `Network`), instead of what it offered before."""
        await self.stop()
        self.network = Network(ssid, **options)
        configuration = PLACE / f"{self.interface}.conf"
        configuration.write_text("\n".join(self.network.lines(self.interface)) + "\n")
        hostapd = await self.beside("hostapd", "hostapd", "-t", configuration)
        await hostapd.line("AP-ENABLED|CTRL-EVENT-DFS")
        if self.network.addresses != "none":
            await self.give_addresses()
        return self.network

    async def give_addresses(self):
        prefix = f"10.1.{self.number}"
        address, mask, lease = f"{prefix}.1", "24", f"{prefix}.10,{prefix}.50,1h"
        more = []
        if self.network.addresses == "ipv6":
            prefix = f"fd00:{self.number}::"
            address, mask, lease, more = f"{prefix}1", "64", f"{prefix},ra-only,1h", ["--enable-ra"]
        await run(*inside("ap", "ip", "addr", "replace", f"{address}/{mask}", "dev", self.interface, "nodad"))
        options = ["-k", "-C", "/dev/null", "-i", self.interface, "--bind-interfaces", "-F", lease, "--no-resolv"]
        options += ["--leasefile-ro", "--port=0", "--log-dhcp", "--log-facility=-", "--no-ping", *more]
        dnsmasq = await self.beside("dnsmasq", "dnsmasq", *options)
        await dnsmasq.line("started")
        folder = PLACE / f"www-{self.number}"
        folder.mkdir(exist_ok=True)
        (folder / "file").write_bytes(self.content)
        await self.beside("httpd", "busybox", "httpd", "-f", "-p", f"{self.address}:80", "-h", folder)

    async def beside(self, name, *command):
        program = await self.stage.start(f"{name}-{self.number}", *inside("ap", *command))
        self.programs.append(program)
        return program

    async def stop(self):
        """It says goodbye and is off."""
        await self.end(lambda program: program.stop())

    async def vanish(self):
        """It is gone without a word, as without power."""

        async def kill(program):
            program.kill()
            await program.ended()

        await self.end(kill)

    async def end(self, how):
        programs, self.programs = self.programs, []
        for program in programs:
            await how(program)
            self.stage.programs.remove(program)
        if programs:
            await run(*inside("ap", "ip", "link", "set", self.interface, "down"))
            await run(*inside("ap", "ip", "addr", "flush", "dev", self.interface))

    async def again(self):
        """Offers what it offered before."""
        old = self.network
        await self.stop()
        await self.start(**{name: getattr(old, name) for name in old.__dataclass_fields__})

    async def ask(self, command):
        """Asks hostapd over its control socket, as hostapd_cli does."""
        async with Control(PLACE / "hostapd" / self.interface) as control:
            return await control.ask(command)
