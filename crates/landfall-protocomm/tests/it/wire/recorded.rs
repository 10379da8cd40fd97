//! What the recorded messages mean, by their names. Without std: `emulator/` reads this file, too.

use landfall_protocomm::wire::{
    AuthMode, ConfigRequest, ConfigResponse, Connected, CtrlRequest, CtrlResponse, Entries, ScanEntry, ScanRequest,
    ScanResponse, ScanResponseBody, ScanStart, Scheme, Sec0Body, SessionData, SessionPayload, SetConfig, StationDetail,
    StationState, StationStatus, Status, ThreadAttached, ThreadDetail, ThreadFailReason, ThreadScanEntry, ThreadState,
    ThreadStatus, WifiFailReason,
};

/// Names and values.
pub(crate) type Table<M> = &'static [(&'static str, M)];

/// Requests with a sub-message that esp_prov leaves out, as we do: read alike, written without it.
pub(crate) const WRITTEN_SHORTER: [&str; 3] = [
    "ApplyConfig request (Android)",
    "ScanStatus request (Android)",
    "CtrlReset request with sub-message",
];

pub(crate) const CONFIG_REQUESTS: Table<ConfigRequest<'_>> = &[
    ("GetStatus request", ConfigRequest::GetStatus),
    ("SetConfig request", ConfigRequest::SetConfig(MYSSID)),
    ("SetWifiConfig request", ConfigRequest::SetConfig(MYSSID)),
    (
        "SetConfig request, open network",
        ConfigRequest::SetConfig(SetConfig {
            ssid: b"open",
            passphrase: b"",
            bssid: b"",
            channel: 0,
        }),
    ),
    (
        "SetConfig request with bssid and channel",
        ConfigRequest::SetConfig(SetConfig {
            ssid: b"a",
            passphrase: b"",
            bssid: &BSSID,
            channel: 6,
        }),
    ),
    ("ApplyConfig request (esp_prov)", ConfigRequest::ApplyConfig),
    ("ApplyConfig request (Android)", ConfigRequest::ApplyConfig),
    ("GetThreadStatus request", ConfigRequest::GetThreadStatus),
    (
        "SetThreadConfig request",
        ConfigRequest::SetThreadConfig { dataset: DATASET },
    ),
    ("ApplyThreadConfig request (esp_prov)", ConfigRequest::ApplyThreadConfig),
];

pub(crate) const CONFIG_RESPONSES: Table<ConfigResponse<'_>> = &[
    ("SetConfig response Success", ConfigResponse::SetConfig(Status::Success)),
    (
        "SetConfig response InvalidArgument",
        ConfigResponse::SetConfig(Status::InvalidArgument),
    ),
    (
        "SetConfig response InternalError",
        ConfigResponse::SetConfig(Status::InternalError),
    ),
    (
        "ApplyConfig response Success",
        ConfigResponse::ApplyConfig(Status::Success),
    ),
    (
        "ApplyConfig response InternalError",
        ConfigResponse::ApplyConfig(Status::InternalError),
    ),
    ("GetStatus response Connecting", station(StationState::Connecting, None)),
    (
        "GetStatus response Connecting, attempt_failed 4 remaining",
        station(
            StationState::Connecting,
            Some(StationDetail::AttemptFailed { attempts_remaining: 4 }),
        ),
    ),
    (
        "GetStatus response Connecting, attempt_failed 0 remaining",
        station(
            StationState::Connecting,
            Some(StationDetail::AttemptFailed { attempts_remaining: 0 }),
        ),
    ),
    (
        "GetStatus response ConnectionFailed, AuthError",
        station(
            StationState::ConnectionFailed,
            Some(StationDetail::FailReason(WifiFailReason::AuthError)),
        ),
    ),
    (
        "GetStatus response ConnectionFailed, NetworkNotFound",
        station(
            StationState::ConnectionFailed,
            Some(StationDetail::FailReason(WifiFailReason::NetworkNotFound)),
        ),
    ),
    (
        "GetStatus response Connected",
        station(StationState::Connected, Some(StationDetail::Connected(CONNECTED))),
    ),
    (
        "GetStatus response when the status handler fails (wifi_provisioning)",
        station(StationState::Connected, None),
    ),
    (
        "GetThreadStatus response Attaching",
        thread(ThreadState::Attaching, None),
    ),
    (
        "GetThreadStatus response AttachingFailed, ThreadNetworkNotFound",
        thread(
            ThreadState::AttachingFailed,
            Some(ThreadDetail::FailReason(ThreadFailReason::NetworkNotFound)),
        ),
    ),
    (
        "GetThreadStatus response Attached",
        thread(ThreadState::Attached, Some(ThreadDetail::Attached(ATTACHED))),
    ),
    (
        "SetThreadConfig response Success",
        ConfigResponse::SetThreadConfig(Status::Success),
    ),
    (
        "ApplyThreadConfig response Success",
        ConfigResponse::ApplyThreadConfig(Status::Success),
    ),
];

pub(crate) const SCAN_REQUESTS: Table<ScanRequest> = &[
    ("ScanStart request, BLE/console", scan_start(0)),
    ("ScanStart request, SoftAP/httpd", scan_start(5)),
    ("ScanStatus request (esp_prov)", ScanRequest::Status),
    ("ScanStatus request (Android)", ScanRequest::Status),
    (
        "ScanResult request 0..3",
        ScanRequest::Result {
            start_index: 0,
            count: 4,
        },
    ),
    (
        "ScanResult request index 4, count 1",
        ScanRequest::Result {
            start_index: 4,
            count: 1,
        },
    ),
    (
        "ScanThreadStart request",
        ScanRequest::ThreadStart {
            blocking: true,
            channel_mask: 0,
        },
    ),
    ("ScanThreadStatus request (esp_prov)", ScanRequest::ThreadStatus),
    (
        "ScanThreadResult request",
        ScanRequest::ThreadResult {
            start_index: 0,
            count: 1,
        },
    ),
];

pub(crate) const SCAN_RESPONSES: Table<ScanResponse<'_>> = &[
    ("ScanStart response Success", success(ScanResponseBody::Start)),
    (
        "ScanStart response InternalError",
        ScanResponse {
            status: Status::InternalError,
            body: ScanResponseBody::Start,
        },
    ),
    (
        "ScanStatus response finished, 5 results",
        success(ScanResponseBody::Status {
            scan_finished: true,
            result_count: 5,
        }),
    ),
    (
        "ScanStatus response not finished, 0 results",
        success(ScanResponseBody::Status {
            scan_finished: false,
            result_count: 0,
        }),
    ),
    (
        "ScanResult response, one entry",
        success(ScanResponseBody::Result(Entries::List(&[ACCESS_POINT]))),
    ),
    (
        "ScanResult response, no entries",
        success(ScanResponseBody::Result(Entries::List(&[]))),
    ),
    (
        "ScanResult response when fewer entries exist than asked for",
        ScanResponse {
            status: Status::InternalError,
            body: ScanResponseBody::Result(Entries::List(&[ACCESS_POINT])),
        },
    ),
    (
        "ScanThreadStatus response",
        success(ScanResponseBody::ThreadStatus {
            scan_finished: true,
            result_count: 1,
        }),
    ),
    (
        "ScanThreadResult response",
        success(ScanResponseBody::ThreadResult(Entries::List(&[THREAD_NETWORK]))),
    ),
];

pub(crate) const CTRL_REQUESTS: Table<CtrlRequest> = &[
    ("CtrlReset request (esp_prov)", CtrlRequest::Reset),
    ("CtrlReset request with sub-message", CtrlRequest::Reset),
    ("CtrlReprov request (esp_prov)", CtrlRequest::Reprov),
    ("CtrlThreadReset request (esp_prov)", CtrlRequest::ThreadReset),
    ("CtrlThreadReprov request (esp_prov)", CtrlRequest::ThreadReprov),
];

pub(crate) const CTRL_RESPONSES: Table<CtrlResponse> = &[
    (
        "CtrlReset response Success",
        CtrlResponse {
            status: Status::Success,
            answers: CtrlRequest::Reset,
        },
    ),
    (
        "CtrlReset response InternalError",
        CtrlResponse {
            status: Status::InternalError,
            answers: CtrlRequest::Reset,
        },
    ),
    (
        "CtrlReprov response Success",
        CtrlResponse {
            status: Status::Success,
            answers: CtrlRequest::Reprov,
        },
    ),
    (
        "CtrlReprov response InternalError",
        CtrlResponse {
            status: Status::InternalError,
            answers: CtrlRequest::Reprov,
        },
    ),
    (
        "CtrlThreadReset response Success",
        CtrlResponse {
            status: Status::Success,
            answers: CtrlRequest::ThreadReset,
        },
    ),
];

pub(crate) const SESSION: Table<SessionData<'_>> = &[
    ("Security 0 session request", security0(0, Sec0Body::Command)),
    (
        "Security 0 session response",
        security0(
            1,
            Sec0Body::Response {
                status: Status::Success,
            },
        ),
    ),
];

const fn station(state: StationState, detail: Option<StationDetail<'static>>) -> ConfigResponse<'static> {
    ConfigResponse::GetStatus(StationStatus {
        status: Status::Success,
        state,
        detail,
    })
}

const fn thread(state: ThreadState, detail: Option<ThreadDetail<'static>>) -> ConfigResponse<'static> {
    ConfigResponse::GetThreadStatus(ThreadStatus {
        status: Status::Success,
        state,
        detail,
    })
}

const fn scan_start(group_channels: u32) -> ScanRequest {
    ScanRequest::Start(ScanStart {
        blocking: true,
        passive: false,
        group_channels,
        period_ms: 120,
    })
}

const fn success(body: ScanResponseBody<'static>) -> ScanResponse<'static> {
    ScanResponse {
        status: Status::Success,
        body,
    }
}

const fn security0(msg: i32, body: Sec0Body) -> SessionData<'static> {
    let payload = Some(SessionPayload::Sec0 { msg, body: Some(body) });
    SessionData {
        sec_ver: Scheme::Security0,
        payload,
    }
}

const MYSSID: SetConfig<'_> = SetConfig {
    ssid: b"myssid",
    passphrase: b"mypassword",
    bssid: b"",
    channel: 0,
};

const BSSID: [u8; 6] = [0x78, 0x8a, 0x20, 0x84, 0x19, 0x96];

const EXT_PAN_ID: [u8; 8] = [0xde, 0xad, 0x00, 0xbe, 0xef, 0x00, 0xca, 0xfe];

/// Channel 15, extended PAN identifier, network key 00112233..ff and PAN identifier 0x1234, as TLVs.
const DATASET: &[u8] =
    b"\x00\x03\x00\x00\x0f\x02\x08\xde\xad\x00\xbe\xef\x00\xca\xfe\x05\x10\x00\x11\x22\x33\x44\x55\x66\
    \x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\x01\x02\x12\x34";

const CONNECTED: Connected<'_> = Connected {
    ip4_addr: b"192.168.43.243",
    auth_mode: AuthMode::Wpa2Psk,
    ssid: b"myssid",
    bssid: &BSSID,
    channel: 1,
};

const ATTACHED: ThreadAttached<'_> = ThreadAttached {
    pan_id: 0x1234,
    ext_pan_id: &EXT_PAN_ID,
    channel: 15,
    name: b"OpenThread",
};

const ACCESS_POINT: ScanEntry<'_> = ScanEntry {
    ssid: b"InsecureWiFiAP",
    channel: 7,
    rssi: -74,
    bssid: &[0xdc, 0xa4, 0xca, 0xf1, 0x22, 0x7c],
    auth: AuthMode::Open,
};

const THREAD_NETWORK: ThreadScanEntry<'_> = ThreadScanEntry {
    pan_id: 0x1234,
    channel: 15,
    rssi: -60,
    lqi: 200,
    ext_addr: &[0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88],
    network_name: b"OpenThread",
    ext_pan_id: &EXT_PAN_ID,
};
