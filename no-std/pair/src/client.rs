use landfall_protocomm::{
    Endpoint, SessionId, client,
    wire::{
        ConfigRequest, ConfigResponse, CtrlRequest, CtrlResponse, ScanRequest, ScanResponse, ScanResponseBody,
        ScanStart, SetConfig, StationDetail, Status, WifiFailReason,
    },
};

use crate::{Counter, Device, NETWORKS, PASSPHRASE, SSID, Side, World};

/// A client, and the session it has.
pub struct Client<'a> {
    security: client::Security<'a>,
    session: Option<client::Session>,
    /// Number of the newest session.
    opened: u32,
    random: Counter,
}

/// What a client gives the device.
#[derive(Debug, Clone, Copy)]
pub struct Network<'a> {
    /// Name.
    pub ssid: &'a [u8],
    /// Passphrase.
    pub passphrase: &'a [u8],
}

impl Default for Network<'_> {
    /// The network that lets the device in.
    fn default() -> Self {
        Self {
            ssid: SSID.as_bytes(),
            passphrase: PASSPHRASE,
        }
    }
}

/// Why a provisioning did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// The link lost a message, and lost it each time it was tried again.
    Lost,
    /// The device failed the request of this step.
    Refused(&'static str),
    /// The client's own side failed.
    Client(client::Error),
    /// The answer of this step was not what it should be.
    Unexpected(&'static str),
    /// The device could not join the network.
    NotJoined(WifiFailReason),
}

impl From<client::Error> for Failed {
    fn from(error: client::Error) -> Self {
        Self::Client(error)
    }
}

/// A whole provisioning, as known clients make it: what the device says of itself, the handshake, a word with its
/// application, a scan, the credentials, the state until the device has joined; then the device's own end.
///
/// # Errors
/// Any [`Failed`].
pub fn provision(
    device: &mut Device<'_>,
    client: &mut Client<'_>,
    network: Network<'_>,
    world: &mut impl World,
) -> Result<(), Failed> {
    client.insist(device, world, |c, d, w| c.version(d, w))?;
    client.insist(device, world, |c, d, w| c.application(d, w))?;
    client.insist(device, world, |c, d, w| c.scan(d, w))?;
    client.join(device, network, world)?;
    for _ in 0..PATIENCE {
        if device.seen.stopped {
            return Ok(());
        }
        device.pass(world).ok_or(Failed::Unexpected("the device's end"))?;
    }
    Err(Failed::Unexpected("the device's end"))
}

impl<'a> Client<'a> {
    /// A client that knows this.
    pub fn new(security: client::Security<'a>) -> Self {
        Self {
            security,
            session: None,
            opened: 0,
            random: Counter::new(2),
        }
    }

    /// Makes a new session.
    ///
    /// # Errors
    /// Any [`Failed`].
    pub fn handshake(&mut self, device: &mut Device<'_>, world: &mut impl World) -> Result<(), Failed> {
        self.session = None;
        self.opened += 1;
        let id = self.id()?;
        device.open(id, world).ok_or(Failed::Unexpected("opening a session"))?;
        let (mut request, mut response) = ([0; client::Handshake::MAX_MESSAGE], [0; BUFFER]);
        let Self { security, random, .. } = self;
        let (mut handshake, mut len) = world.work(Side::Client, "starting the handshake", || {
            client::Handshake::start(*security, &mut request, random)
        })?;
        for (step, taking) in [("Command0", "taking Response0"), ("Command1", "taking Response1")] {
            let message = request.get_mut(..len).unwrap_or_default();
            let answer = self.exchange(step, Endpoint::SESSION, message, &mut response, device, world)?;
            match world.work(Side::Client, taking, || handshake.advance(answer, &mut request))? {
                client::Step::Send(next, next_len) => (handshake, len) = (next, next_len),
                client::Step::Done(session) => {
                    self.session = Some(session);
                    return Ok(());
                }
            }
        }
        Err(Failed::Unexpected("a third handshake message"))
    }

    /// Gives the device a network and asks until it has joined.
    ///
    /// # Errors
    /// Any [`Failed`].
    pub fn join(
        &mut self,
        device: &mut Device<'_>,
        network: Network<'_>,
        world: &mut impl World,
    ) -> Result<(), Failed> {
        let mut doubtful = false;
        self.insist(device, world, |c, d, w| {
            let configured = c.configure(network, d, w);
            match configured {
                // The answer that got lost may have been the one to ApplyConfig: then there is nothing to configure
                // any more, and the state tells.
                Err(Failed::Unexpected(_)) if doubtful => Ok(()),
                _ => {
                    doubtful |= configured == Err(Failed::Lost);
                    configured
                }
            }
        })?;
        for _ in 0..PATIENCE {
            if self.insist(device, world, |c, d, w| c.has_joined(d, w))? {
                return Ok(());
            }
            device.pass(world).ok_or(Failed::Unexpected("joining"))?;
        }
        Err(Failed::Unexpected("joining"))
    }

    /// Has the device wait for credentials again after a failure.
    ///
    /// # Errors
    /// Any [`Failed`].
    pub fn reset(&mut self, device: &mut Device<'_>, world: &mut impl World) -> Result<(), Failed> {
        let request = CtrlRequest::Reset;
        let encode = |out: &mut [u8]| request.encode(out).unwrap_or_default();
        self.ask("ctrl reset", Endpoint::CTRL, encode, device, world, |plain| {
            let response = CtrlResponse::decode(plain).ok()?;
            (response.status == Status::Success && response.answers == request).then_some(())
        })
    }

    /// Does something in a session, and again in a new one when a message is lost: both ends may then disagree on what
    /// was used up of the old one's keys.
    fn insist<W: World, R>(
        &mut self,
        device: &mut Device<'_>,
        world: &mut W,
        mut something: impl FnMut(&mut Self, &mut Device<'_>, &mut W) -> Result<R, Failed>,
    ) -> Result<R, Failed> {
        for _ in 0..PATIENCE {
            if self.session.is_none() {
                match self.handshake(device, world) {
                    Err(Failed::Lost) => continue,
                    done => done?,
                }
            }
            match something(self, device, world) {
                Err(Failed::Lost) => self.session = None,
                done => return done,
            }
        }
        Err(Failed::Lost)
    }

    fn version(&mut self, device: &mut Device<'_>, world: &mut impl World) -> Result<(), Failed> {
        let (mut question, mut response) = (*b"ESP", [0; BUFFER]);
        let text = self.exchange(
            "proto-ver",
            Endpoint::VERSION,
            &mut question,
            &mut response,
            device,
            world,
        )?;
        match text {
            [b'{', .., b'}'] => Ok(()),
            _ => Err(Failed::Unexpected("proto-ver")),
        }
    }

    fn application(&mut self, device: &mut Device<'_>, world: &mut impl World) -> Result<(), Failed> {
        let said = [0x5a; 64];
        let encode = |out: &mut [u8]| match out.get_mut(..said.len()) {
            Some(out) => {
                out.copy_from_slice(&said);
                said.len()
            }
            None => 0,
        };
        self.ask(
            "custom-data, 64 bytes",
            Endpoint::CUSTOM_DATA,
            encode,
            device,
            world,
            |plain| (plain == said).then_some(()),
        )
    }

    fn scan(&mut self, device: &mut Device<'_>, world: &mut impl World) -> Result<(), Failed> {
        let start = ScanRequest::Start(ScanStart {
            blocking: true,
            passive: false,
            group_channels: 0,
            period_ms: 120,
        });
        self.ask_scan("scan start", start, device, world, |body| match body {
            ScanResponseBody::Start => Some(()),
            _ => None,
        })?;
        let found = self.ask_scan("scan status", ScanRequest::Status, device, world, |body| match body {
            ScanResponseBody::Status {
                scan_finished: true,
                result_count,
            } => Some(result_count),
            _ => None,
        })?;
        if usize::try_from(found) != Ok(NETWORKS.len()) {
            return Err(Failed::Unexpected("scan status"));
        }
        self.results("scan result, 4 networks", 0..4, device, world)?;
        self.results("scan result, 1 network", 4..found, device, world)
    }

    /// Asks for these results, which must come by strength.
    fn results(
        &mut self,
        step: &'static str,
        range: core::ops::Range<u32>,
        device: &mut Device<'_>,
        world: &mut impl World,
    ) -> Result<(), Failed> {
        let request = ScanRequest::Result {
            start_index: range.start,
            count: range.end.saturating_sub(range.start),
        };
        let known = |ssid: &[u8]| NETWORKS.iter().any(|(name, ..)| name.as_bytes() == ssid);
        self.ask_scan(step, request, device, world, |body| match body {
            ScanResponseBody::Result(entries) => {
                let sorted = entries.iter().map(|entry| -entry.rssi).is_sorted();
                let good = sorted && entries.len() == range.len() && entries.iter().all(|e| known(e.ssid));
                good.then_some(())
            }
            _ => None,
        })
    }

    fn configure(
        &mut self,
        network: Network<'_>,
        device: &mut Device<'_>,
        world: &mut impl World,
    ) -> Result<(), Failed> {
        let set = ConfigRequest::SetConfig(SetConfig {
            ssid: network.ssid,
            passphrase: network.passphrase,
            ..SetConfig::default()
        });
        self.ask_config("set config", set, device, world, |response| {
            (*response == ConfigResponse::SetConfig(Status::Success)).then_some(())
        })?;
        self.ask_config("apply config", ConfigRequest::ApplyConfig, device, world, |response| {
            (*response == ConfigResponse::ApplyConfig(Status::Success)).then_some(())
        })
    }

    fn has_joined(&mut self, device: &mut Device<'_>, world: &mut impl World) -> Result<bool, Failed> {
        let request = ConfigRequest::GetStatus;
        let detail = self.ask_config("get status", request, device, world, |response| match response {
            ConfigResponse::GetStatus(station) if station.status == Status::Success => Some(match station.detail {
                Some(StationDetail::Connected(network)) if !network.ip4_addr.is_empty() => Ok(true),
                Some(StationDetail::FailReason(reason)) => Err(Failed::NotJoined(reason)),
                _ => Ok(false),
            }),
            _ => None,
        });
        detail?
    }

    fn ask_config<R>(
        &mut self,
        step: &'static str,
        request: ConfigRequest<'_>,
        device: &mut Device<'_>,
        world: &mut impl World,
        read: impl FnOnce(&ConfigResponse<'_>) -> Option<R>,
    ) -> Result<R, Failed> {
        let encode = |out: &mut [u8]| request.encode(out).unwrap_or_default();
        self.ask(step, Endpoint::CONFIG, encode, device, world, |plain| {
            read(&ConfigResponse::decode(plain).ok()?)
        })
    }

    fn ask_scan<R>(
        &mut self,
        step: &'static str,
        request: ScanRequest,
        device: &mut Device<'_>,
        world: &mut impl World,
        read: impl FnOnce(ScanResponseBody<'_>) -> Option<R>,
    ) -> Result<R, Failed> {
        let encode = |out: &mut [u8]| request.encode(out).unwrap_or_default();
        self.ask(step, Endpoint::SCAN, encode, device, world, |plain| {
            let response = ScanResponse::decode(plain).ok()?;
            (response.status == Status::Success).then_some(())?;
            read(response.body)
        })
    }

    /// A request in the session, and what `read` makes of its answer.
    fn ask<R>(
        &mut self,
        step: &'static str,
        endpoint: Endpoint<'_>,
        encode: impl FnOnce(&mut [u8]) -> usize,
        device: &mut Device<'_>,
        world: &mut impl World,
        read: impl FnOnce(&[u8]) -> Option<R>,
    ) -> Result<R, Failed> {
        let (mut message, mut response) = ([0; BUFFER], [0; BUFFER]);
        let plain = encode(&mut message);
        let session = self.session.as_mut().ok_or(Failed::Unexpected("no session"))?;
        let len = session.encrypt(&mut message, plain)?;
        let message = message.get_mut(..len).unwrap_or_default();
        let answer = self.exchange(step, endpoint, message, &mut response, device, world)?;
        let session = self.session.as_mut().ok_or(Failed::Unexpected("no session"))?;
        read(session.decrypt(answer)?).ok_or(Failed::Unexpected(step))
    }

    /// Carries a request and its answer, if the link does not lose one of them.
    fn exchange<'r>(
        &self,
        step: &'static str,
        endpoint: Endpoint<'_>,
        message: &mut [u8],
        response: &'r mut [u8],
        device: &mut Device<'_>,
        world: &mut impl World,
    ) -> Result<&'r mut [u8], Failed> {
        if world.loses() {
            return Err(Failed::Lost);
        }
        let id = self.id()?;
        let len = device
            .request(step, id, endpoint, message, response, world)
            .ok_or(Failed::Refused(step))?;
        if world.loses() {
            return Err(Failed::Lost);
        }
        response.get_mut(..len).ok_or(Failed::Refused(step))
    }

    fn id(&self) -> Result<SessionId, Failed> {
        SessionId::new(self.opened).ok_or(Failed::Unexpected("no session"))
    }
}

/// Room for any message of these provisionings.
const BUFFER: usize = 512;

/// So often something is tried again or waited for.
const PATIENCE: usize = 64;
