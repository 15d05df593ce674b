//! Bytes that both ends can make for themselves: what arrives is compared with what was sent,
//! byte for byte, without keeping it.

use std::io::{self, Read, Write};
use std::sync::OnceLock;

/// How many bytes there are before they come again. A prime number: no buffer's size divides it, so
/// that what is lost, doubled or put elsewhere is never the same as what should be there.
const PERIOD: usize = 1_048_573;

/// An endless stream of pseudo-random bytes, the same for the same seed; and numbers (xorshift64*).
pub(crate) struct Noise {
    state: u64,
    at: usize,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        // Each seed begins somewhere else.
        let at = usize::try_from(state >> 20).expect("44 bits") % PERIOD;
        Self { state, at }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The next bytes: copied from a period that is made once, because tests move gigabytes.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        static ONE_PERIOD: OnceLock<Vec<u8>> = OnceLock::new();
        let period = ONE_PERIOD.get_or_init(|| {
            let mut noise = Self::new(0);
            let numbers = std::iter::repeat_with(|| noise.number().to_le_bytes());
            numbers.flatten().take(PERIOD).collect()
        });
        let mut bytes = Vec::with_capacity(count);
        while bytes.len() < count {
            let end = PERIOD.min(self.at + count - bytes.len());
            bytes.extend_from_slice(&period[self.at..end]);
            self.at = end % PERIOD;
        }
        bytes
    }
}

/// Writes `count` bytes of a seed's noise, `chunk` at a time.
pub(crate) fn send(to: &mut impl Write, seed: u64, count: usize, chunk: usize) -> io::Result<()> {
    let mut noise = Noise::new(seed);
    let mut left = count;
    while left > 0 {
        let now = chunk.min(left);
        to.write_all(&noise.take(now))?;
        left -= now;
    }
    Ok(())
}

/// Reads to the end and checks that it is exactly `count` bytes of a seed's noise.
#[track_caller]
pub(crate) fn expect(from: &mut impl Read, seed: u64, count: usize) {
    let got = receive(from, seed).expect("a proper end");
    assert_eq!(got, count, "bytes before the end");
}

/// Reads to the end or an error, checking each byte; gives how many there were.
#[track_caller]
pub(crate) fn receive(from: &mut impl Read, seed: u64) -> Result<usize, (usize, io::Error)> {
    let mut noise = Noise::new(seed);
    let mut buffer = vec![0; 256 * 1024];
    let mut total = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => {
                assert!(buffer[..count] == noise.take(count), "other bytes after {total}");
                total += count;
            }
            Err(error) => return Err((total, error)),
        }
    }
}
