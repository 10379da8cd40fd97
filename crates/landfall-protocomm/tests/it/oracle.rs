//! The messages of spec protocol.md section 3 once more, for prost: an independent judge of the codec.
//!
//! Enumerations are `int32` and strings `bytes` here: on the wire they are the same, and the judge must not be
//! stricter than the device (spec protocol.md 2, rules 6 and 7).

use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Empty {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Outcome {
    #[prost(int32, tag = "1")]
    status: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SessionData {
    #[prost(int32, tag = "2")]
    sec_ver: i32,
    #[prost(oneof = "Proto", tags = "10, 11, 12")]
    proto: Option<Proto>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Proto {
    #[prost(message, tag = "10")]
    Sec0(Sec0Payload),
    #[prost(message, tag = "11")]
    Sec1(Sec1Payload),
    #[prost(message, tag = "12")]
    Sec2(Sec2Payload),
}

#[derive(Clone, PartialEq, Message)]
struct Sec0Payload {
    #[prost(int32, tag = "1")]
    msg: i32,
    #[prost(oneof = "Sec0Member", tags = "20, 21")]
    payload: Option<Sec0Member>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Sec0Member {
    #[prost(message, tag = "20")]
    Sc(Empty),
    #[prost(message, tag = "21")]
    Sr(Outcome),
}

#[derive(Clone, PartialEq, Message)]
struct Sec1Payload {
    #[prost(int32, tag = "1")]
    msg: i32,
    #[prost(oneof = "Sec1Member", tags = "20, 21, 22, 23")]
    payload: Option<Sec1Member>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Sec1Member {
    #[prost(message, tag = "20")]
    Sc0(SessionCmd0),
    #[prost(message, tag = "21")]
    Sr0(SessionResp0),
    #[prost(message, tag = "22")]
    Sc1(SessionCmd1),
    #[prost(message, tag = "23")]
    Sr1(SessionResp1),
}

#[derive(Clone, PartialEq, Message)]
struct SessionCmd0 {
    #[prost(bytes = "vec", tag = "1")]
    client_pubkey: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionResp0 {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(bytes = "vec", tag = "2")]
    device_pubkey: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    device_random: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionCmd1 {
    #[prost(bytes = "vec", tag = "2")]
    client_verify_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionResp1 {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(bytes = "vec", tag = "3")]
    device_verify_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Sec2Payload {
    #[prost(int32, tag = "1")]
    msg: i32,
    #[prost(oneof = "Sec2Member", tags = "20, 21, 22, 23")]
    payload: Option<Sec2Member>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Sec2Member {
    #[prost(message, tag = "20")]
    Sc0(S2SessionCmd0),
    #[prost(message, tag = "21")]
    Sr0(S2SessionResp0),
    #[prost(message, tag = "22")]
    Sc1(S2SessionCmd1),
    #[prost(message, tag = "23")]
    Sr1(S2SessionResp1),
}

#[derive(Clone, PartialEq, Message)]
struct S2SessionCmd0 {
    #[prost(bytes = "vec", tag = "1")]
    client_username: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    client_pubkey: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct S2SessionResp0 {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(bytes = "vec", tag = "2")]
    device_pubkey: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    device_salt: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct S2SessionCmd1 {
    #[prost(bytes = "vec", tag = "1")]
    client_proof: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct S2SessionResp1 {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(bytes = "vec", tag = "2")]
    device_proof: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    device_nonce: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NetworkConfigPayload {
    #[prost(int32, tag = "1")]
    pub(crate) msg: i32,
    #[prost(oneof = "ConfigMember", tags = "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21")]
    pub(crate) payload: Option<ConfigMember>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum ConfigMember {
    #[prost(message, tag = "10")]
    CmdGetStatus(Empty),
    #[prost(message, tag = "11")]
    RespGetStatus(RespGetStatus),
    #[prost(message, tag = "12")]
    CmdSetConfig(CmdSetConfig),
    #[prost(message, tag = "13")]
    RespSetConfig(Outcome),
    #[prost(message, tag = "14")]
    CmdApplyConfig(Empty),
    #[prost(message, tag = "15")]
    RespApplyConfig(Outcome),
    #[prost(message, tag = "16")]
    CmdGetThreadStatus(Empty),
    #[prost(message, tag = "17")]
    RespGetThreadStatus(RespGetThreadStatus),
    #[prost(message, tag = "18")]
    CmdSetThreadConfig(CmdSetThreadConfig),
    #[prost(message, tag = "19")]
    RespSetThreadConfig(Outcome),
    #[prost(message, tag = "20")]
    CmdApplyThreadConfig(Empty),
    #[prost(message, tag = "21")]
    RespApplyThreadConfig(Outcome),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CmdSetConfig {
    #[prost(bytes = "vec", tag = "1")]
    ssid: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    passphrase: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    bssid: Vec<u8>,
    #[prost(int32, tag = "4")]
    channel: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CmdSetThreadConfig {
    #[prost(bytes = "vec", tag = "1")]
    dataset: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RespGetStatus {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(int32, tag = "2")]
    sta_state: i32,
    #[prost(oneof = "StationMember", tags = "10, 11, 12")]
    state: Option<StationMember>,
}

#[derive(Clone, PartialEq, Oneof)]
enum StationMember {
    #[prost(int32, tag = "10")]
    FailReason(i32),
    #[prost(message, tag = "11")]
    Connected(WifiConnectedState),
    #[prost(message, tag = "12")]
    AttemptFailed(WifiAttemptFailed),
}

#[derive(Clone, PartialEq, Message)]
struct WifiConnectedState {
    #[prost(bytes = "vec", tag = "1")]
    ip4_addr: Vec<u8>,
    #[prost(int32, tag = "2")]
    auth_mode: i32,
    #[prost(bytes = "vec", tag = "3")]
    ssid: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    bssid: Vec<u8>,
    #[prost(int32, tag = "5")]
    channel: i32,
}

#[derive(Clone, PartialEq, Message)]
struct WifiAttemptFailed {
    #[prost(uint32, tag = "1")]
    attempts_remaining: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RespGetThreadStatus {
    #[prost(int32, tag = "1")]
    status: i32,
    #[prost(int32, tag = "2")]
    thread_state: i32,
    #[prost(oneof = "ThreadMember", tags = "10, 11")]
    state: Option<ThreadMember>,
}

#[derive(Clone, PartialEq, Oneof)]
enum ThreadMember {
    #[prost(int32, tag = "10")]
    FailReason(i32),
    #[prost(message, tag = "11")]
    Attached(ThreadAttachState),
}

#[derive(Clone, PartialEq, Message)]
struct ThreadAttachState {
    #[prost(uint32, tag = "1")]
    pan_id: u32,
    #[prost(bytes = "vec", tag = "2")]
    ext_pan_id: Vec<u8>,
    #[prost(uint32, tag = "3")]
    channel: u32,
    #[prost(bytes = "vec", tag = "4")]
    name: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NetworkScanPayload {
    #[prost(int32, tag = "1")]
    pub(crate) msg: i32,
    #[prost(int32, tag = "2")]
    pub(crate) status: i32,
    #[prost(oneof = "ScanMember", tags = "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21")]
    pub(crate) payload: Option<ScanMember>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum ScanMember {
    #[prost(message, tag = "10")]
    CmdScanStart(CmdScanStart),
    #[prost(message, tag = "11")]
    RespScanStart(Empty),
    #[prost(message, tag = "12")]
    CmdScanStatus(Empty),
    #[prost(message, tag = "13")]
    RespScanStatus(RespScanStatus),
    #[prost(message, tag = "14")]
    CmdScanResult(CmdScanResult),
    #[prost(message, tag = "15")]
    RespScanResult(RespScanResult),
    #[prost(message, tag = "16")]
    CmdScanThreadStart(CmdScanThreadStart),
    #[prost(message, tag = "17")]
    RespScanThreadStart(Empty),
    #[prost(message, tag = "18")]
    CmdScanThreadStatus(Empty),
    #[prost(message, tag = "19")]
    RespScanThreadStatus(RespScanStatus),
    #[prost(message, tag = "20")]
    CmdScanThreadResult(CmdScanResult),
    #[prost(message, tag = "21")]
    RespScanThreadResult(RespScanThreadResult),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CmdScanStart {
    #[prost(bool, tag = "1")]
    blocking: bool,
    #[prost(bool, tag = "2")]
    passive: bool,
    #[prost(uint32, tag = "3")]
    group_channels: u32,
    #[prost(uint32, tag = "4")]
    period_ms: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RespScanStatus {
    #[prost(bool, tag = "1")]
    scan_finished: bool,
    #[prost(uint32, tag = "2")]
    result_count: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CmdScanResult {
    #[prost(uint32, tag = "1")]
    start_index: u32,
    #[prost(uint32, tag = "2")]
    count: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RespScanResult {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<WiFiScanResult>,
}

#[derive(Clone, PartialEq, Message)]
struct WiFiScanResult {
    #[prost(bytes = "vec", tag = "1")]
    ssid: Vec<u8>,
    #[prost(uint32, tag = "2")]
    channel: u32,
    #[prost(int32, tag = "3")]
    rssi: i32,
    #[prost(bytes = "vec", tag = "4")]
    bssid: Vec<u8>,
    #[prost(int32, tag = "5")]
    auth: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct CmdScanThreadStart {
    #[prost(bool, tag = "1")]
    blocking: bool,
    #[prost(uint32, tag = "2")]
    channel_mask: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RespScanThreadResult {
    #[prost(message, repeated, tag = "1")]
    entries: Vec<ThreadScanResult>,
}

#[derive(Clone, PartialEq, Message)]
struct ThreadScanResult {
    #[prost(uint32, tag = "1")]
    pan_id: u32,
    #[prost(uint32, tag = "2")]
    channel: u32,
    #[prost(int32, tag = "3")]
    rssi: i32,
    #[prost(uint32, tag = "4")]
    lqi: u32,
    #[prost(bytes = "vec", tag = "5")]
    ext_addr: Vec<u8>,
    #[prost(bytes = "vec", tag = "6")]
    network_name: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    ext_pan_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NetworkCtrlPayload {
    #[prost(int32, tag = "1")]
    pub(crate) msg: i32,
    #[prost(int32, tag = "2")]
    pub(crate) status: i32,
    #[prost(oneof = "CtrlMember", tags = "11, 12, 13, 14, 15, 16, 17, 18")]
    pub(crate) payload: Option<CtrlMember>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum CtrlMember {
    #[prost(message, tag = "11")]
    CmdCtrlReset(Empty),
    #[prost(message, tag = "12")]
    RespCtrlReset(Empty),
    #[prost(message, tag = "13")]
    CmdCtrlReprov(Empty),
    #[prost(message, tag = "14")]
    RespCtrlReprov(Empty),
    #[prost(message, tag = "15")]
    CmdCtrlThreadReset(Empty),
    #[prost(message, tag = "16")]
    RespCtrlThreadReset(Empty),
    #[prost(message, tag = "17")]
    CmdCtrlThreadReprov(Empty),
    #[prost(message, tag = "18")]
    RespCtrlThreadReprov(Empty),
}
