//! Whole provisionings, a device and a client in this image, with each scheme: good ones, and those that meet trouble.

use landfall_emulator::tally::{Tally, Wrong, require};
use landfall_manager::{FailReason, State};
use landfall_pair::{
    Client, Counter, Device, Failed, Network, PASSWORD, POP, Quiet, SSID, USERNAME, World, provision, security0,
    security1, security2,
};
use landfall_protocomm::{
    client, device,
    srp::{Credentials, Verifier, VerifierTable},
    wire::WifiFailReason,
};

pub(crate) fn check(tally: &mut Tally) {
    let random = &mut Counter::new(3);
    let made = Credentials::generate(USERNAME, PASSWORD, 16, random).ok();
    let made = made.and_then(|made| Some((VerifierTable::new(made.verifier()).ok()?, made)));
    let verifier = made
        .as_ref()
        .and_then(|(table, made)| Verifier::new(made.salt(), table).ok());
    let Some(verifier) = verifier else {
        return tally.count("credentials", "made for the provisionings", Err("cannot be made"));
    };
    let schemes = [
        ("security 0", security0()),
        ("security 1", security1(POP)),
        ("security 2", security2(verifier, PASSWORD)),
    ];
    for (name, ends) in schemes {
        tally.count("provisioning", name, succeeds(ends, &mut Quiet));
        tally.count("provisioning over a lossy link", name, lossy(ends));
        tally.count(
            "a network's wrong passphrase, then the right one",
            name,
            wrong_passphrase(ends),
        );
    }
    let wrong = [
        ("security 1", security1(b"abcd1235")),
        ("security 2", security2(verifier, b"abcd1235")),
    ];
    for (name, ends) in wrong {
        tally.count("a wrong secret is refused", name, wrong_secret(ends));
    }
}

type Ends<'d, 'c> = (device::Security<'d>, client::Security<'c>);

fn succeeds(ends: Ends<'_, '_>, world: &mut impl World) -> Result<(), Wrong> {
    let (mut device, mut client) = pair(ends, world)?;
    provision(&mut device, &mut client, Network::default(), world).map_err(reason)?;
    require(device.seen.saved, "the credentials were not saved")?;
    require(device.state() == State::Idle, "the device did not end")
}

/// One message in eight gets lost, whichever way it goes.
struct Lossy {
    random: Counter,
    lost: u32,
}

impl World for Lossy {
    fn loses(&mut self) -> bool {
        let lost = self.random.next_byte() < 32;
        self.lost += u32::from(lost);
        lost
    }
}

fn lossy(ends: Ends<'_, '_>) -> Result<(), Wrong> {
    let mut world = Lossy {
        random: Counter::new(4),
        lost: 0,
    };
    succeeds(ends, &mut world)?;
    require(world.lost > 0, "nothing got lost")
}

fn wrong_passphrase(ends: Ends<'_, '_>) -> Result<(), Wrong> {
    let (mut device, mut client) = pair(ends, &mut Quiet)?;
    let wrong = Network {
        ssid: SSID.as_bytes(),
        passphrase: b"not the one",
    };
    let refused = provision(&mut device, &mut client, wrong, &mut Quiet);
    require(
        refused == Err(Failed::NotJoined(WifiFailReason::AuthError)),
        "the client is not told",
    )?;
    require(
        device.seen.failed == Some(FailReason::AuthError),
        "the application is not told",
    )?;
    require(!device.seen.saved, "wrong credentials were saved")?;
    client.reset(&mut device, &mut Quiet).map_err(reason)?;
    client
        .join(&mut device, Network::default(), &mut Quiet)
        .map_err(reason)?;
    require(device.seen.saved, "the credentials were not saved")
}

fn wrong_secret(ends: Ends<'_, '_>) -> Result<(), Wrong> {
    let (mut device, mut client) = pair(ends, &mut Quiet)?;
    let refused = client.handshake(&mut device, &mut Quiet);
    require(refused == Err(Failed::Refused("Command1")), "the client is not refused")?;
    require(device.seen.wrong_proofs == 1, "the application is not told")?;
    require(device.state() == State::Started, "the device no longer waits")
}

fn pair<'d, 'c>((device, client): Ends<'d, 'c>, world: &mut impl World) -> Result<(Device<'d>, Client<'c>), Wrong> {
    Ok((
        Device::start(device, world).ok_or("the device does not start")?,
        Client::new(client),
    ))
}

fn reason(failed: Failed) -> Wrong {
    match failed {
        Failed::Lost => "everything got lost",
        Failed::Refused(step) | Failed::Unexpected(step) => step,
        Failed::Client(_) => "the client's side failed",
        Failed::NotJoined(_) => "the network was not joined",
    }
}
