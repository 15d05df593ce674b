//! Networks in CIDR notation: who may connect over TCP.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// An address range such as `192.0.2.0/24` or `2001:db8::/32`; a single address is its own range.
///
/// IPv4 and IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`) are the same thing here, as they are
/// on a dual-stack socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr(IpNet);

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
        // `::/0` is all of IPv6 and nothing of IPv4.
        self.0.contains(&ip.to_canonical())
    }
}

/// An IPv4 network that is written in its IPv6 form is the same network.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(wide) = network else { return network };
    let narrow = wide.addr().to_ipv4_mapped().zip(wide.prefix_len().checked_sub(96));
    match narrow.map(|(ip, bits)| Ipv4Net::new(ip, bits)) {
        Some(Ok(narrow)) => narrow.into(),
        _ => network,
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
        let bits: u32 = match bits {
            Some(bits) if !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) => {
                bits.parse().map_err(|_| malformed())?
            }
            Some(_) => return Err(malformed()),
            None => u32::from(IpNet::from(ip).prefix_len()),
        };
        let most = u32::from(IpNet::from(ip).max_prefix_len());
        let network = u8::try_from(bits).ok().and_then(|bits| IpNet::new(ip, bits).ok());
        let network =
            network.ok_or_else(|| CidrError::TooLong { text: text.into(), most }).map(canonical)?;
        if network.trunc() != network {
            let network = Self(network.trunc());
            return Err(CidrError::HostBits { text: text.into(), network });
        }
        Ok(Self(network))
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
