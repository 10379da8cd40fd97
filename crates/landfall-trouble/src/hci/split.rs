use embedded_io::ErrorType;
use embedded_io_async::Read;

/// What a controller sends, in packets that the host has room for.
///
/// A controller on the air sends at most 251 bytes of a connection's data at a time, and bt-hci has room for no more
/// than 259. A virtual one hands over what the other end sent, whole. Here such packets are sent as the parts that they
/// would have come in.
pub struct Split<R> {
    reader: R,
    header: Header,
    /// Bytes of the packet's body that belong to the part being read.
    part: usize,
    /// Bytes of the packet's body after that part.
    rest: usize,
}

/// The most that a controller on the air sends at a time.
const MOST: usize = 251;
const ACL: u8 = 2;
const SYNC: u8 = 3;
const EVENT: u8 = 4;
const ISO: u8 = 5;
/// In an ACL packet's handle: that it is not the first part.
const CONTINUING: u8 = 0x10;
const BOUNDARY: u8 = 0x30;

/// A packet's kind and header.
#[derive(Default)]
struct Header {
    bytes: [u8; 5],
    got: usize,
    given: usize,
}

impl Header {
    /// How long it is altogether, as far as that is known.
    fn len(&self) -> usize {
        match (self.got, self.bytes[0]) {
            (0, _) => 1,
            (_, ACL | ISO) => 5,
            (_, SYNC) => 4,
            (_, EVENT) => 3,
            // The host refuses it.
            _ => 1,
        }
    }

    /// How long the body is that follows.
    fn body(&self) -> usize {
        let [kind, _, second, third, fourth] = self.bytes;
        match kind {
            ACL => usize::from(u16::from_le_bytes([third, fourth])),
            ISO => usize::from(u16::from_le_bytes([third, fourth]) & 0x3fff),
            SYNC => usize::from(third),
            EVENT => usize::from(second),
            _ => 0,
        }
    }
}

impl<R> Split<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            header: Header::default(),
            part: 0,
            rest: 0,
        }
    }

    /// Begins with a packet whose header is there.
    fn begin(&mut self) {
        self.rest = self.header.body();
        if self.header.bytes[0] == ACL {
            self.next_part();
        } else {
            (self.part, self.rest) = (self.rest, 0);
        }
    }

    fn next_part(&mut self) {
        self.part = self.rest.min(MOST);
        self.rest -= self.part;
        [self.header.bytes[3], self.header.bytes[4]] = (self.part as u16).to_le_bytes();
        self.header.given = 0;
    }

    /// After a part: the header of the next one, or of a new packet.
    fn end(&mut self) {
        if self.rest > 0 {
            let flags = &mut self.header.bytes[2];
            *flags = *flags & !BOUNDARY | CONTINUING;
            self.next_part();
        } else {
            self.header = Header::default();
        }
    }
}

impl<R: ErrorType> ErrorType for Split<R> {
    type Error = R::Error;
}

impl<R: Read> Read for Split<R> {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        if self.header.given == self.header.len() && self.header.got == self.header.len() && self.part == 0 {
            self.end();
        }
        while self.header.got < self.header.len() {
            let len = self.header.len();
            let Some(free) = self.header.bytes.get_mut(self.header.got..len) else {
                break;
            };
            match self.reader.read(free).await? {
                0 => return Ok(0),
                got => self.header.got += got,
            }
            if self.header.got == self.header.len() {
                self.begin();
            }
        }
        if let Some(header @ [_, ..]) = self.header.bytes.get(self.header.given..self.header.len()) {
            let given = header.len().min(buffer.len());
            buffer.iter_mut().zip(header).for_each(|(place, byte)| *place = *byte);
            self.header.given += given;
            return Ok(given);
        }
        let len = buffer.len().min(self.part);
        let read = self.reader.read(buffer.get_mut(..len).unwrap_or_default()).await?;
        self.part -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use super::*;

    /// Reads all in pieces of `step` bytes.
    fn read(input: &[u8], step: usize) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut split = Split::new(input);
            let (mut all, mut piece) = (vec![], vec![0; step]);
            loop {
                match split.read(&mut piece).await.expect("slices never fail") {
                    0 => return all,
                    got => all.extend_from_slice(&piece[..got]),
                }
            }
        })
    }

    #[test]
    fn packets_that_fit_stay_as_they_are() {
        let input = [
            &b"\x04\x0e\x04\x01\x03\x0c\x00"[..],
            b"\x02\x01\x20\x03\x00abc",
            b"\x04\x13\x00",
            b"\x02\x01\x10\x00\x00",
            b"\x03\x01\x00\x02ab",
            b"\x05\x01\x00\x02\x00ab",
        ]
        .concat();
        for step in [1, 2, 3, 7, 300] {
            assert_eq!(read(&input, step), input, "{step}");
        }
    }

    #[test]
    fn a_long_packet_comes_in_parts() {
        let body: Vec<u8> = (0..600_u16).map(|n| n as u8).collect();
        let input = [b"\x02\x01\x20\x58\x02", &body[..], b"\x04\x13\x01x"].concat();
        let expected = [
            b"\x02\x01\x20\xfb\x00",
            &body[..251],
            b"\x02\x01\x10\xfb\x00",
            &body[251..502],
            b"\x02\x01\x10\x62\x00",
            &body[502..],
            b"\x04\x13\x01x",
        ]
        .concat();
        for step in [1, 5, 64, 259, 1000] {
            assert_eq!(read(&input, step), expected, "{step}");
        }
    }
}
