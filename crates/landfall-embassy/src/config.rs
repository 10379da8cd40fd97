use landfall_manager as manager;
use landfall_protocomm::device::Security;

use crate::Control;

/// What a device is, apart from its hardware. How it is found is its service's.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// What it asks of clients.
    pub security: Security<'a>,
    /// How a provisioning runs: attempts, when it stops by itself, the application's endpoints and entries of `proto-ver`.
    ///
    /// What the original's example does under "reset the provisioning manager on failure" needs no setting: a device that
    /// has used up its attempts says so to its client, and takes new credentials.
    pub provisioning: manager::Config<'a>,
    /// Whether the device stays on the network whose credentials are stored, or looks for it, while it waits for a client
    /// to name another one, and goes back to it when that one cannot be joined. The original leaves it.
    pub stay_home: bool,
    /// By what other tasks tell the device what to do.
    pub control: Option<&'a Control>,
}

impl<'a> Config<'a> {
    /// As Espressif's example: five attempts, off 30 s after success, no endpoints of the application's.
    pub fn new(security: Security<'a>) -> Self {
        Self {
            security,
            provisioning: manager::Config::default(),
            stay_home: false,
            control: None,
        }
    }
}
