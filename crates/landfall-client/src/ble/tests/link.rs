use super::*;

/// A device and the connection to it. A request is answered with itself, after the name of where it arrived.
pub(super) struct FakeLink {
    /// What the device has.
    pub(super) device: Vec<Characteristic>,
    /// What the first list on a connection says instead.
    pub(super) cache: Option<Vec<Characteristic>>,
    /// What happens to the next writes, the last one first.
    pub(super) faults: Vec<Fault>,
    pub(super) connected: bool,
    /// Everything that was asked.
    pub(super) log: Vec<String>,
    values: BTreeMap<u16, Vec<u8>>,
    listed: bool,
}

/// What goes wrong with a write.
pub(super) enum Fault {
    /// The device answers with an ATT error.
    Answers(u8),
    /// The same, and it ends the connection.
    AnswersAndEnds(u8),
    /// The connection breaks before the answer.
    EndsBefore,
    /// The connection breaks after the answer.
    EndsAfter,
    /// Nothing comes back.
    Hangs,
}

impl FakeLink {
    pub(super) fn to(device: Vec<Characteristic>) -> Self {
        Self {
            device,
            cache: None,
            faults: Vec::new(),
            connected: true,
            log: Vec::new(),
            values: BTreeMap::new(),
            listed: false,
        }
    }

    pub(super) fn times(&self, what: &str) -> usize {
        self.log.iter().filter(|entry| entry.as_str() == what).count()
    }

    /// The name under which the device has what it finds at a handle.
    fn name_at(&self, handle: u16) -> Option<String> {
        let found = self.device.iter().find(|known| known.handle == handle)?;
        Some(found.name.clone().unwrap_or_else(|| found.uuid.to_string()))
    }

    fn check_connected(&self) -> Result<(), TransportError> {
        if self.connected {
            Ok(())
        } else {
            Err(TransportError::Lost("not connected".to_string()))
        }
    }

    /// Ends the connection, upon which the device forgets its answers.
    fn end(&mut self) {
        self.connected = false;
        self.values.clear();
    }
}

impl GattLink for FakeLink {
    async fn characteristics(&mut self) -> Result<Vec<Characteristic>, TransportError> {
        self.log.push("list".to_string());
        self.check_connected()?;
        let first = !mem::replace(&mut self.listed, true);
        Ok(self
            .cache
            .clone()
            .filter(|_| first)
            .unwrap_or_else(|| self.device.clone()))
    }

    async fn write(&mut self, characteristic: &Characteristic, value: &[u8]) -> Result<(), TransportError> {
        self.log.push(format!("write {}", characteristic.handle));
        self.check_connected()?;
        match self.faults.pop() {
            Some(Fault::Answers(code)) => return Err(AttError(code).meaning(value.len())),
            Some(Fault::AnswersAndEnds(code)) => {
                self.end();
                return Err(AttError(code).meaning(value.len()));
            }
            Some(Fault::EndsBefore) => {
                self.end();
                return Err(TransportError::Lost("out of range".to_string()));
            }
            Some(Fault::EndsAfter) => {
                self.end();
                return Ok(());
            }
            Some(Fault::Hangs) => core::future::pending().await,
            None => {}
        }
        let name = self
            .name_at(characteristic.handle)
            .ok_or(TransportError::NoSuchEndpoint)?;
        let answer = [name.as_bytes(), b":", value].concat();
        self.values.insert(characteristic.handle, answer);
        Ok(())
    }

    async fn read(&mut self, characteristic: &Characteristic) -> Result<Vec<u8>, TransportError> {
        self.log.push(format!("read {}", characteristic.handle));
        self.check_connected()?;
        Ok(self.values.get(&characteristic.handle).cloned().unwrap_or_default())
    }

    async fn reconnect(&mut self) -> Result<(), TransportError> {
        self.log.push("reconnect".to_string());
        self.end();
        self.connected = true;
        self.listed = false;
        Ok(())
    }

    fn is_connected(&self) -> bool {
        self.connected
    }
}
