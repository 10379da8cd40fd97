//! What udhcpc, which only asks, has do what follows.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use crate::Error;

/// udhcpc is told to run the shell, in the folder with these scripts, and calls it with the name of what has happened:
/// then that is the name of the script, too. The scripts themselves cannot be run where /run is mounted `noexec`, as it
/// is on Debian.
pub(super) const SHELL: &str = "/bin/sh";
/// Set for a visit.
pub(super) const VISIT: &str = "LANDFALL_VISIT";

/// Writes the scripts.
pub(super) fn write(folder: &Path) -> Result<(), Error> {
    let written = || -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // What an earlier client has put onto the interface is not this one's to take away.
        match fs::remove_file(folder.join("address")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        EVENTS.iter().try_for_each(|event| write_one(&folder.join(event)))
    };
    written().map_err(|error| Error::Program {
        program: "the DHCP client's script",
        why: format!("{}: {error}", folder.display()),
    })
}

fn write_one(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(file)?.write_all(SCRIPT.as_bytes())
}

/// All that udhcpc tells. One script is good for all of it.
const EVENTS: [&str; 5] = ["bound", "renew", "deconfig", "leasefail", "nak"];

const SCRIPT: &str = r#"# Run by udhcpc for landfall, which writes it anew: see `man udhcpc` for its variables.
drop_address() {
    [ -s address ] && ip -4 address delete "$(cat address)" dev "$interface"
    rm -f address
}
use_address() {
    new="$ip/$mask"
    [ -s address ] && [ "$(cat address)" != "$new" ] && drop_address
    ip -4 address replace "$new" dev "$interface" ${broadcast:+broadcast "$broadcast"} \
        valid_lft "${lease:-forever}" preferred_lft "${lease:-forever}"
    printf '%s' "$new" > address
}
use_router() {
    # As NetworkManager does it: a cable is the better way.
    for router in $router; do
        ip -4 route replace default via "$router" dev "$interface" metric 600 && return
        ip -4 route replace default via "$router" dev "$interface" metric 600 onlink && return
    done
}
use_dns() {
    lines=$(for server in $dns; do echo "nameserver $server"; done)
    # Who is there may refuse: resolvconf is for root alone.
    if command -v resolvconf > /dev/null && echo "$lines" | resolvconf -a "$interface.landfall"; then
        return
    fi
    if [ -d /run/systemd/resolve ] && resolvectl dns "$interface" $dns; then
        return
    fi
    if [ ! -L /etc/resolv.conf ]; then
        echo "$lines" > /etc/resolv.conf
    fi
}
case "$0" in
bound | renew)
    use_address
    if [ -z "$LANDFALL_VISIT" ]; then
        use_router
        [ -n "$dns" ] && use_dns
    fi
    ;;
deconfig | nak)
    drop_address
    ;;
esac
exit 0
"#;
