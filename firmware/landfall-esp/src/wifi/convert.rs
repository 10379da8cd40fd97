//! The driver's words and the protocol's.

use esp_hal::time::Duration;
use esp_radio::wifi::{
    AuthenticationMethod, AuthenticationMethodConfig, DisconnectReason as DriverReason, WifiError,
    ap::AccessPointInfo,
    scan::{ScanConfig, ScanTypeConfig},
    sta::{ScanMethod, StationConfig},
};
use landfall_manager::{AccessPoint, Bssid, Credentials, DisconnectReason, ScanChannels, ScanPlan, Ssid};
use landfall_protocomm::wire::AuthMode;

/// As ESP-IDF scans, if nobody says how: esp-radio's own 10 to 20 ms find few networks.
const ACTIVE: (Duration, Duration) = (Duration::from_millis(0), Duration::from_millis(120));
const PASSIVE: Duration = Duration::from_millis(360);
/// Shortest passphrase of WPA. A shorter one can only be a key of WEP.
const SHORTEST_WPA: usize = 8;
/// Length of the short key of WEP.
const WEP: usize = 5;

/// How the driver is to scan. Hidden networks are left out, as on the original (spec protocol.md 8.2); they can be joined all
/// the same.
pub(super) fn scan_config(plan: &ScanPlan, max: usize) -> ScanConfig {
    let dwell = plan
        .dwell
        .map(|dwell| Duration::from_millis(u64::try_from(dwell.as_millis()).unwrap_or(u64::MAX)));
    let scan_type = if plan.passive {
        ScanTypeConfig::Passive(dwell.unwrap_or(PASSIVE))
    } else {
        let (min, max) = dwell.map_or(ACTIVE, |dwell| (dwell, dwell));
        ScanTypeConfig::Active { min, max }
    };
    let config = ScanConfig::default()
        .with_show_hidden(false)
        .with_scan_type(scan_type)
        .with_max(max);
    match plan.channels {
        ScanChannels::All => config,
        ScanChannels::One(channel) => config.with_channel(channel),
    }
}

/// How the driver is to join.
///
/// The method is the weakest that it accepts: with a passphrase of WPA's length WPA2, so that WPA3 networks are joined by
/// it too, and WPA of 2003 is not, as in ESP-IDF. A hidden network is found, for the driver asks for it by name.
pub(super) fn station_config(credentials: &Credentials) -> Result<StationConfig, WifiError> {
    let passphrase = credentials.passphrase.expose();
    let authentication = match passphrase.len() {
        0 => AuthenticationMethodConfig::Open,
        WEP => AuthenticationMethodConfig::Wep(passphrase.try_into()?),
        // Given to the driver, it would stop Wi-Fi, and the access point with it.
        len if len < SHORTEST_WPA => return Err(WifiError::InvalidPassword),
        _ => AuthenticationMethodConfig::Wpa2Personal(passphrase.try_into()?),
    };
    let mut config = StationConfig::default()
        .with_ssid(credentials.ssid.as_bytes().try_into()?)
        .with_authentication(authentication)
        .with_scan_method(ScanMethod::AllChannels);
    if let Some(bssid) = credentials.bssid {
        config = config.with_bssid(bssid.0);
    }
    // The driver refuses all of it for a channel that there is not.
    if let Some(channel @ 1..=14) = credentials.channel {
        config = config.with_channel(channel);
    }
    Ok(config)
}

/// A network as the driver saw it. Of a name that is not UTF-8 esp-radio shows the part that is.
pub(super) fn access_point(seen: &AccessPointInfo) -> AccessPoint {
    AccessPoint {
        ssid: Ssid::new(seen.ssid.as_str().as_bytes()).unwrap_or_default(),
        bssid: Bssid(seen.bssid),
        channel: seen.channel,
        rssi: seen.signal_strength,
        auth: seen.auth_method.map_or(AuthMode::Open, auth_mode),
    }
}

/// The mode in the protocol's numbers, which are the driver's.
pub(super) const fn auth_mode(method: AuthenticationMethod) -> AuthMode {
    match method {
        AuthenticationMethod::None => AuthMode::Open,
        AuthenticationMethod::Wep => AuthMode::Wep,
        AuthenticationMethod::Wpa => AuthMode::WpaPsk,
        AuthenticationMethod::Wpa2Personal => AuthMode::Wpa2Psk,
        AuthenticationMethod::WpaWpa2Personal => AuthMode::WpaWpa2Psk,
        AuthenticationMethod::Wpa2Enterprise => AuthMode::Wpa2Enterprise,
        // The driver's extensions of WPA3 behave like it, and clients know nothing of them.
        AuthenticationMethod::Wpa3Personal
        | AuthenticationMethod::Wpa3ExtPsk
        | AuthenticationMethod::Wpa3ExtPskMixed => AuthMode::Wpa3Psk,
        AuthenticationMethod::Wpa2Wpa3Personal => AuthMode::Wpa2Wpa3Psk,
        AuthenticationMethod::WapiPersonal => AuthMode::WapiPsk,
        AuthenticationMethod::Owe => AuthMode::Owe,
        AuthenticationMethod::Wpa3EntSuiteB192Bit => AuthMode::Wpa3Enterprise192,
        AuthenticationMethod::Dpp => AuthMode::Other(13),
        AuthenticationMethod::Wpa3Enterprise => AuthMode::Other(14),
        AuthenticationMethod::Wpa2Wpa3Enterprise => AuthMode::Other(15),
        AuthenticationMethod::WpaEnterprise => AuthMode::Other(16),
        // One that this version of esp-radio does not know: it needs a secret, as far as anybody can say.
        _ => AuthMode::Other(i32::MAX),
    }
}

/// Why a connection is not there, in the protocol's words: esp-radio has replaced the driver's numbers by names, and the
/// table goes by numbers (spec manager.md 5).
pub(super) const fn reason(driver: DriverReason) -> DisconnectReason {
    DisconnectReason::from_esp_reason(match driver {
        DriverReason::MicFailure => 14,
        DriverReason::FourWayHandshakeTimeout => 15,
        DriverReason::NoAccessPointFound => 201,
        DriverReason::AuthenticationFailed => 202,
        DriverReason::HandshakeTimeout => 204,
        // None of the others is in the table.
        _ => 1,
    })
}
