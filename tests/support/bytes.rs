//! Bytes that both ends can make for themselves: what arrives is compared with what was sent,
//! byte for byte, without keeping it.

use std::io::{self, Read, Write};

/// An endless stream of pseudo-random bytes (xorshift64*), the same for the same seed.
pub(crate) struct Noise {
    state: u64,
    left: Vec<u8>,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, left: Vec::new() }
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The next bytes.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        while self.left.len() < count {
            let number = self.number();
            self.left.extend_from_slice(&number.to_le_bytes());
        }
        let rest = self.left.split_off(count);
        std::mem::replace(&mut self.left, rest)
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
