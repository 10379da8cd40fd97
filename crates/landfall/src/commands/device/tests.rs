//! A device's life in a simulated world: everything but the Wi-Fi is as it is on a real machine.

use core::{cell::RefCell, net::SocketAddr, time::Duration};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    thread,
};

use landfall_client::{
    Connection, Network, Outcome, Provisioning as Options, Secret, SystemEnvironment, http::HttpTransport,
};
use landfall_device::{Device, FileStore, Security, SimulatedWifi, Store as _, World, manager::AttemptLimit};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    runtime,
    sync::mpsc,
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

use super::{
    control::{Answer, Control, Request, ask},
    hooks::{self, Hooks},
    life::{Habits, Life, Order},
    run::{answer, run_hooks},
    watch::Watch,
};
use crate::{
    commands::{
        front::Front,
        simulated::{DEVELOPMENT_SECRET, Label, Narrator},
    },
    failure::{Failure, Problem},
    print::{DeviceStatus, NetworkState, Place, Printer, Provisioning},
};

/// Longest wait for anything: a test that fails is better than one that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

const WORLD: &str = r#"
scan_ms = 10

[[access_point]]
ssid = "Home"
passphrase = "correct horse"
join_ms = 10
ip = "192.168.43.7"

[[access_point]]
ssid = "Office"
passphrase = "battery staple"
join_ms = 10
ip = "192.168.44.8"
"#;

/// A place for a device, which outlives it.
struct Home {
    directory: TempDir,
    window: Option<Duration>,
    /// Where clients find the device, since it opened last.
    address: RefCell<Option<SocketAddr>>,
    /// Whether the service cannot open.
    is_broken: RefCell<bool>,
}

impl Home {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            window: None,
            address: RefCell::new(None),
            is_broken: RefCell::new(false),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn control(&self) -> PathBuf {
        self.path("control")
    }

    /// The hook, which writes down what it is told.
    fn hook(&self) -> PathBuf {
        let (program, log) = (self.path("hook"), self.path("hook.log"));
        let script = format!(
            "#!/bin/sh\nenv | grep ^LANDFALL_ | sort | tr '\\n' ' ' >> '{0}'\necho >> '{0}'\n",
            log.display()
        );
        fs::write(&program, script).expect("it can be written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
        program
    }

    fn hooked(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("hook.log")).unwrap_or_default();
        log.lines().map(|line| line.trim().to_owned()).collect()
    }

    async fn open_front(&self) -> Result<Front, Failure> {
        if *self.is_broken.borrow() {
            return Err(Failure::new(Problem::BluetoothNoAdapter));
        }
        let front = Front::http(([127, 0, 0, 1], 0).into()).await?;
        if let Place::SoftAp { url } = &*front.place().borrow() {
            let address = url.trim_start_matches("http://").parse().expect("an address");
            *self.address.borrow_mut() = Some(address);
        }
        Ok(front)
    }

    /// Has a device live here for as long as `visit` takes, then tells it to stop; gives how its life ended.
    async fn lives(&self, visit: impl AsyncFnOnce()) -> Result<(), Failure> {
        let printer = Printer::mute();
        let security = Security::Security1 {
            pop: Some(Zeroizing::new(DEVELOPMENT_SECRET.into())),
        };
        let state = self.path("state");
        let device = Device::builder("PROV_TEST", security)
            .wifi(SimulatedWifi::new(World::from_toml(WORLD).expect("a world")))
            .attempts(AttemptLimit::Total(1))
            .store(self.store())
            .build()
            .expect("a device");
        let control = Control::bind(self.control()).await?;
        let (hooks, runner) = Hooks::new(Some(hooks::program(&self.hook())?), "PROV_TEST", "wlan0");
        let label = Label::new("PROV_TEST", None, &landfall_device::PayloadSecret::Hidden, None);
        let narrator = Narrator::new(&printer, label);
        let watch = Watch::new(&narrator, hooks, blank());
        let (orders, received) = mpsc::channel(8);
        let life = Life {
            device,
            state: &state,
            open_front: async || self.open_front().await,
            orders: received,
            habits: Habits {
                window: self.window,
                keeps_front: false,
            },
            watch: &watch,
            printer: &printer,
        };
        let visiting = async {
            visit().await;
            let _ = orders.send(Order::Stop).await;
            core::future::pending().await
        };
        let living = async {
            tokio::select! {
                ended = life.live() => ended,
                never = control.serve(async |request| answer(request, &orders, &watch).await) => match never {},
                never = run_hooks(runner, &watch) => match never {},
                never = visiting => never,
            }
        };
        timeout(PATIENCE, living).await.expect("an end in time")
    }

    async fn status(&self) -> DeviceStatus {
        match ask(&self.control(), Request::Status).await {
            Ok(Answer::Status(status)) => *status,
            other => panic!("no status: {other:?}"),
        }
    }

    /// The status as soon as it is like this.
    async fn status_when(&self, is_so: impl Fn(&DeviceStatus) -> bool) -> DeviceStatus {
        let waiting = async {
            loop {
                match ask(&self.control(), Request::Status).await {
                    Ok(Answer::Status(status)) if is_so(&status) => return *status,
                    _ => sleep(Duration::from_millis(20)).await,
                }
            }
        };
        timeout(PATIENCE / 2, waiting)
            .await
            .expect("a status like this in time")
    }

    /// A client brings it onto this network.
    async fn moves_to(&self, ssid: &str, passphrase: &str) {
        let outcome = self.provision(ssid, passphrase).await;
        assert!(matches!(outcome, Outcome::Joined(_)), "{ssid}");
        self.status_when(on(ssid)).await;
    }

    /// Brings the device onto the network `ssid`, as a client.
    async fn provision(&self, ssid: &str, passphrase: &str) -> Outcome {
        self.status_when(|status| status.provisioning == Provisioning::Open)
            .await;
        let address = self.address.borrow().expect("the device is open").to_string();
        let transport = HttpTransport::new(&address).expect("an address");
        let mut connection = Connection::new(transport, SystemEnvironment::new());
        let secret = Secret {
            pop: Some(Zeroizing::new(DEVELOPMENT_SECRET.into())),
            username: None,
            password: None,
            scheme: Some(1),
            require_patched: false,
        };
        let network = Network {
            ssid: ssid.into(),
            passphrase: Zeroizing::new(passphrase.into()),
            bssid: None,
            channel: None,
        };
        let provisioned = connection
            .provision(&secret, &network, Options::default(), |_| {})
            .await;
        provisioned.expect("a client that comes through")
    }

    async fn ask(&self, request: Request) -> Answer {
        ask(&self.control(), request).await.expect("an answer")
    }

    fn store(&self) -> FileStore {
        // A hook of another test has a copy of all that is open for the moment in which it is being started.
        let mut tries = (0..500).map(|_| {
            thread::sleep(Duration::from_millis(10));
            FileStore::open(self.path("state")).ok()
        });
        tries.find_map(|store| store).expect("nobody else uses it")
    }

    fn stored(&self) -> Option<String> {
        let stored = self.store().load().expect("it can be read");
        stored.map(|credentials| credentials.ssid.to_string())
    }
}

/// A device that has not begun.
pub(super) fn blank() -> DeviceStatus {
    DeviceStatus {
        name: "PROV_TEST".to_owned(),
        transport: "softap".to_owned(),
        interface: "wlan0".to_owned(),
        backend: "wpa_supplicant".to_owned(),
        provisioning: Provisioning::Closed,
        window_left_s: None,
        provisioned: false,
        network: NetworkState::None,
        ssid: None,
        ip: None,
        last_failure: None,
    }
}

fn on(ssid: &str) -> impl Fn(&DeviceStatus) -> bool {
    move |status| {
        let named = status.ssid.as_ref().is_some_and(|name| name.ssid == ssid);
        status.network == NetworkState::Joined && named && status.provisioning == Provisioning::Closed
    }
}

/// The device's life and its visitor on one thread, as in the program.
fn play(scenario: impl Future<Output = ()>) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(scenario);
}

#[test]
fn a_provisioned_device_is_on_its_network_and_its_status_and_hooks_say_so() {
    play(async {
        let home = Home::new();
        let life = home.lives(async || {
            let status = home
                .status_when(|status| status.provisioning == Provisioning::Open)
                .await;
            assert_eq!(status.window_left_s, None);
            assert!(!status.provisioned);
            assert!(matches!(
                home.provision("Home", "correct horse").await,
                Outcome::Joined(_)
            ));
            let status = home.status_when(on("Home")).await;
            assert_eq!(status.ip.as_deref(), Some("192.168.43.7"));
            assert!(status.provisioned);
            while home.hooked().len() < 7 {
                sleep(Duration::from_millis(20)).await;
            }
        });
        life.await.expect("a good end");
        assert_eq!(home.stored().as_deref(), Some("Home"));
        assert!(!home.control().exists(), "the socket is left over");
        let at = "LANDFALL_INTERFACE=wlan0";
        let name = "LANDFALL_NAME=PROV_TEST";
        let network = "LANDFALL_SSID=Home LANDFALL_SSID_HEX=486f6d65";
        let mut hooked = home.hooked();
        // How many connections a client makes is its own business.
        hooked.dedup();
        let expected = [
            format!("LANDFALL_EVENT=device-started {at} {name}"),
            format!("LANDFALL_EVENT=provisioning-opened {at} {name}"),
            format!("LANDFALL_EVENT=client-connected {at} {name}"),
            format!("LANDFALL_EVENT=credentials-received {at} {name} {network}"),
            format!("LANDFALL_EVENT=provisioned {at} {name} {network}"),
            format!("LANDFALL_EVENT=joined {at} LANDFALL_IP=192.168.43.7 {name} {network}"),
            format!("LANDFALL_EVENT=provisioning-closed {at} {name}"),
        ];
        assert_eq!(hooked, expected);
    });
}

#[test]
fn a_window_that_passes_closes_the_device_and_another_one_opens_it_again() {
    play(async {
        let home = Home {
            window: Some(Duration::from_secs(4)),
            ..Home::new()
        };
        let life = home.lives(async || {
            let status = home
                .status_when(|status| status.provisioning == Provisioning::Open)
                .await;
            assert!(status.window_left_s.is_some(), "{status:?}");
            let status = home
                .status_when(|status| status.provisioning == Provisioning::Closed)
                .await;
            assert_eq!((status.network, status.window_left_s), (NetworkState::None, None));
            assert_eq!(home.ask(Request::Open { window_s: Some(600) }).await, Answer::Done);
            let left = home.status().await.window_left_s;
            assert!(left.is_some_and(|left| (590..=600).contains(&left)), "{left:?}");
            home.moves_to("Home", "correct horse").await;
        });
        life.await.expect("a good end");
    });
}

#[test]
fn a_second_provisioning_that_fails_leaves_the_device_on_its_network() {
    play(async {
        let home = Home::new();
        let life = home.lives(async || {
            home.moves_to("Home", "correct horse").await;
            assert_eq!(home.ask(Request::Open { window_s: None }).await, Answer::Done);
            let open = home.status().await;
            assert_eq!((open.network, open.provisioned), (NetworkState::Joined, true));
            assert!(matches!(
                home.provision("Office", "wrong passphrase").await,
                Outcome::Failed(_)
            ));
            let failed = home.status().await;
            assert!(failed.last_failure.is_some_and(|why| why.contains("passphrase")));
            // Open already: the order only says for how long.
            assert_eq!(home.ask(Request::Open { window_s: Some(1) }).await, Answer::Done);
            home.status_when(on("Home")).await;
        });
        life.await.expect("a good end");
        assert_eq!(home.stored().as_deref(), Some("Home"));
    });
}

#[test]
fn a_second_provisioning_moves_the_device_to_another_network_without_a_restart() {
    play(async {
        let home = Home::new();
        let life = home.lives(async || {
            home.moves_to("Home", "correct horse").await;
            assert_eq!(home.ask(Request::Open { window_s: None }).await, Answer::Done);
            home.moves_to("Office", "battery staple").await;
        });
        life.await.expect("a good end");
        assert_eq!(home.stored().as_deref(), Some("Office"));
    });
}

#[test]
fn a_reset_device_forgets_its_network_and_waits_for_clients() {
    play(async {
        let home = Home::new();
        let life = home.lives(async || {
            home.moves_to("Home", "correct horse").await;
            assert_eq!(home.ask(Request::Reset).await, Answer::Done);
            let open = home
                .status_when(|status| status.provisioning == Provisioning::Open)
                .await;
            assert_eq!(
                (open.network, open.provisioned, open.ssid),
                (NetworkState::None, false, None)
            );
            // In the middle of waiting, too.
            assert_eq!(home.ask(Request::Reset).await, Answer::Done);
            home.status_when(|status| status.provisioning == Provisioning::Open)
                .await;
        });
        life.await.expect("a good end");
        assert_eq!(home.stored(), None);
    });
}

#[test]
fn a_device_that_was_provisioned_before_joins_at_once() {
    play(async {
        let home = Home::new();
        let first = home.lives(async || {
            home.moves_to("Home", "correct horse").await;
        });
        first.await.expect("a good end");
        home.address.take();
        let second = home.lives(async || {
            home.status_when(on("Home")).await;
        });
        second.await.expect("a good end");
        assert!(home.address.borrow().is_none(), "it opened for clients");
    });
}

#[test]
fn a_device_with_a_network_lives_on_without_a_service_and_one_without_ends() {
    play(async {
        let home = Home::new();
        let life = home.lives(async || {
            home.moves_to("Home", "correct horse").await;
            home.is_broken.replace(true);
            let refused = ask(&home.control(), Request::Open { window_s: None }).await;
            assert!(refused.is_err_and(|refused| refused.problem == Problem::DeviceRefuses));
            let status = home.status_when(on("Home")).await;
            assert!(status.last_failure.is_none_or(|why| why.contains("Bluetooth")));
        });
        life.await.expect("a good end");
        let bare = Home::new();
        bare.is_broken.replace(true);
        let ended = bare.lives(async || core::future::pending().await).await;
        assert!(ended.is_err_and(|failure| failure.problem == Problem::BluetoothNoAdapter));
    });
}

#[test]
fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
    play(async {
        let home = Home::new();
        drop(std::os::unix::net::UnixListener::bind(home.control()).expect("a socket"));
        assert!(home.control().exists());
        let life = home.lives(async || {
            home.status().await;
            let mode = fs::metadata(home.control()).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o660);
            let second = Control::bind(home.control()).await;
            assert!(second.is_err_and(|failure| failure.problem == Problem::DeviceRunning));
            home.status().await;
        });
        life.await.expect("a good end");
    });
}

#[test]
fn nonsense_at_the_control_socket_is_refused_and_keeps_nobody_waiting() {
    play(async {
        let home = Home::new();
        let life = home.lives(async || {
            let silent: Vec<_> =
                futures_util::future::join_all((0..6).map(|_| UnixStream::connect(home.control()))).await;
            for nonsense in [
                "\n",
                "{}\n",
                "{\"ask\":\"secrets\"}\n",
                "{\"ask\":\"open\",\"window_s\":-1}\n",
                "{\"ask\":\"open\",\"window_s\":0}\n",
                "{\"ask\":\"open\",\"window_s\":604801}\n",
                "{\"ask\":\"open\",\"window_s\":18446744073709551615}\n",
            ] {
                assert!(
                    exchange(&home.control(), nonsense.as_bytes())
                        .await
                        .contains("\"refused\""),
                    "{nonsense}"
                );
            }
            let long = vec![b'x'; 100_000];
            let answer = exchange(&home.control(), &long).await;
            assert!(answer.is_empty() || answer.contains("\"refused\""), "{answer}");
            home.status().await;
            drop(silent);
        });
        life.await.expect("a good end");
    });
}

/// Sends `bytes` and gives all that comes back.
async fn exchange(path: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.expect("the device listens");
    // It may have had enough before the end.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).expect("text")
}
