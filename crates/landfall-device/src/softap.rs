//! HTTP in an access point of the machine's own (spec transports.md 2).

use core::{fmt, future, mem, time::Duration};
use std::io;

use landfall_wlan::{Error, Mover, SoftAp, SoftApOptions};
use tokio::{task::JoinHandle, time::sleep};

use crate::{ClientEvent, HttpService, RequestId, Service, ServiceEvent};

/// Serves provisioning over HTTP in an access point that is there for as long as the service.
///
/// An access point that fails is opened again, first soon, then every half minute; clients' sessions outlive that.
/// Dropped, the service takes its access point down soon after.
pub struct SoftApService {
    options: SoftApOptions,
    air: Air,
    http: Option<HttpService>,
}

/// What there is of an access point.
enum Air {
    Closed,
    Open(SoftAp),
    /// One has failed, and another one is on its way.
    Opening {
        opening: Opening,
        /// Before the next try, should this one fail.
        pause: Duration,
    },
}

/// A task that opens an access point.
struct Opening(JoinHandle<Result<SoftAp, Error>>);

/// Of HTTP.
const PORT: u16 = 80;
/// An access point that cannot follow the station fails as the station joins, and is not to come back in its way.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl SoftApService {
    /// An access point like this, once the service is started.
    pub const fn new(options: SoftApOptions) -> Self {
        Self {
            options,
            air: Air::Closed,
            http: None,
        }
    }

    /// What moves the access point, whenever one is open: for the station on the same radio
    /// ([`StationOptions::beside`](landfall_wlan::StationOptions::beside)).
    pub fn mover(&self) -> Mover {
        self.options.mover.clone()
    }

    /// The access point has failed, or could not be opened.
    fn on_failure(&mut self, pause: Duration) {
        let old = mem::replace(&mut self.air, Air::Closed);
        let options = self.options.clone();
        let opening = tokio::spawn(async move {
            if let Air::Open(old) = old {
                old.close().await;
            }
            sleep(pause).await;
            SoftAp::reopen(options).await
        });
        self.air = Air::Opening {
            opening: Opening(opening),
            pause: (pause * 2).min(LONGEST_PAUSE),
        };
    }

    fn on_opened(&mut self, opened: Result<SoftAp, Error>, pause: Duration) -> Option<ServiceEvent> {
        let listens = match opened {
            Ok(access_point) => {
                let http = self.http.as_mut();
                let listens = http.is_some_and(|http| http.move_to(access_point.interface()).is_ok());
                self.air = Air::Open(access_point);
                listens
            }
            Err(_) => false,
        };
        if !listens {
            self.on_failure(pause);
            return None;
        }
        Some(ServiceEvent::Client(ClientEvent::ServiceBack))
    }
}

impl Service for SoftApService {
    async fn start(&mut self, endpoints: &[&str]) -> io::Result<()> {
        let access_point = SoftAp::open(self.options.clone()).await.map_err(io::Error::other)?;
        let address = (access_point.address(), PORT).into();
        let mut http = match HttpService::bind_to(access_point.interface(), address) {
            Ok(http) => http,
            Err(error) => {
                access_point.close().await;
                return Err(told(error));
            }
        };
        http.start(endpoints).await?;
        self.http = Some(http);
        self.air = Air::Open(access_point);
        Ok(())
    }

    async fn next(&mut self) -> ServiceEvent {
        loop {
            let pause = match &self.air {
                Air::Opening { pause, .. } => *pause,
                Air::Closed | Air::Open(_) => FIRST_PAUSE,
            };
            tokio::select! {
                event = request(self.http.as_mut()) => return event,
                happened = self.air.next() => match happened {
                    Happened::Failed(error) => {
                        self.on_failure(pause);
                        let error = error.to_string();
                        return ServiceEvent::Client(ClientEvent::ServiceLost { error });
                    }
                    Happened::Opened(opened) => {
                        if let Some(event) = self.on_opened(opened, pause) {
                            return event;
                        }
                    }
                },
            }
        }
    }

    fn respond(&mut self, request: RequestId, answer: Option<&[u8]>) {
        if let Some(http) = &mut self.http {
            http.respond(request, answer);
        }
    }

    async fn stop(&mut self) {
        if let Some(mut http) = self.http.take() {
            http.stop().await;
        }
        if let Air::Open(access_point) = mem::replace(&mut self.air, Air::Closed) {
            access_point.close().await;
        }
    }
}

impl fmt::Debug for SoftApService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftApService")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What became of the air.
enum Happened {
    Failed(Error),
    Opened(Result<SoftAp, Error>),
}

impl Air {
    async fn next(&mut self) -> Happened {
        match self {
            Self::Closed => future::pending().await,
            Self::Open(access_point) => Happened::Failed(access_point.failed().await),
            Self::Opening { opening, .. } => match (&mut opening.0).await {
                Ok(opened) => Happened::Opened(opened),
                // A panic, which was said where it happened; the next try is another one.
                Err(_) => Happened::Opened(Err(Error::NotRunning)),
            },
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn request(http: Option<&mut HttpService>) -> ServiceEvent {
    match http {
        Some(http) => http.next().await,
        None => future::pending().await,
    }
}

/// The same, so that the machine's owner knows what to do.
fn told(error: io::Error) -> io::Error {
    let why = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program (a web server?) has port 80 on all interfaces: have it listen on its own addresses only"
        }
        io::ErrorKind::PermissionDenied => "port 80 needs the right to take low ports (CAP_NET_BIND_SERVICE)",
        _ => return error,
    };
    io::Error::new(error.kind(), why)
}
