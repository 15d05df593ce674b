//! Networks in CIDR notation: who may connect over TCP.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An address range such as `192.0.2.0/24` or `2001:db8::/32`; a single address is its own range.
///
/// IPv4 and IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`) are the same thing here, as they are
/// on a dual-stack socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The network in IPv6 form, host bits zero.
    network: u128,
    /// Prefix length in IPv6 form: 96 more than that of an IPv4 network.
    prefix: u32,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// Neither an address nor `ADDRESS/BITS`.
    #[error("'{0}' is no network: 192.0.2.0/24, 2001:db8::/32 or a single address is one")]
    Malformed(String),
    /// More bits than the address has.
    #[error("'{text}' has a prefix longer than {most} bits")]
    TooLong {
        /// The network as written.
        text: String,
        /// 32 or 128.
        most: u32,
    },
    /// `192.0.2.5/24`: could mean the network or the host.
    #[error("'{text}' has bits set behind its prefix; {network} is the network")]
    HostBits {
        /// The network as written.
        text: String,
        /// The network that holds it.
        network: Cidr,
    },
}

impl Cidr {
    /// Whether the address lies in this range.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        // `::/0` is all of IPv6 and nothing of IPv4, although IPv4 lies in it when written wide.
        ip.to_canonical().is_ipv4() == self.is_ipv4() && mask(wide(ip), self.prefix) == self.network
    }
}

impl Cidr {
    fn is_ipv4(&self) -> bool {
        self.prefix >= 96 && Ipv6Addr::from_bits(self.network).to_ipv4_mapped().is_some()
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let malformed = || CidrError::Malformed(text.escape_default().to_string());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().map_err(|_| malformed())?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) => {
                bits.parse().map_err(|_| malformed())?
            }
            Some(_) => return Err(malformed()),
            None => most,
        };
        if bits > most {
            return Err(CidrError::TooLong { text: text.into(), most });
        }
        let prefix = 128 - most + bits;
        let cidr = Self { network: mask(wide(ip), prefix), prefix };
        if cidr.network != wide(ip) {
            return Err(CidrError::HostBits { text: text.into(), network: cidr });
        }
        Ok(cidr)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = Ipv6Addr::from_bits(self.network);
        match ip.to_ipv4_mapped() {
            Some(ip) if self.prefix >= 96 => write!(f, "{ip}/{}", self.prefix - 96),
            _ => write!(f, "{ip}/{}", self.prefix),
        }
    }
}

fn wide(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn mask(bits: u128, prefix: u32) -> u128 {
    bits & u128::MAX.checked_shl(128 - prefix).unwrap_or(0)
}
