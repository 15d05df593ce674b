//! The structure of a certificate (RFC 5280, section 4.1), read as Go's `crypto/x509` reads it, and no
//! stricter than is needed to tell what is in it.

use std::fmt::Write as _;

use jiff::civil::DateTime;
use pkcs8::ObjectIdentifier;
use pkcs8::der::asn1::{AnyRef, BitStringRef, UintRef};
use pkcs8::der::{self, Decode, ErrorKind, Reader, SliceReader, Tag, Tagged};

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(crate) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(crate) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// `[0]` to `[3]` of a certificate's fields.
const VERSION: u8 = 0xa0;
const ISSUER_ID: u8 = 0x81;
const SUBJECT_ID: u8 = 0x82;
const EXTENSIONS: u8 = 0xa3;

/// A certificate. What it says of itself is not judged yet.
#[derive(Debug)]
pub(crate) struct ParsedCertificate<'a> {
    /// The bytes that the issuer has signed.
    pub(super) signed: &'a [u8],
    pub(super) serial: &'a [u8],
    pub(crate) issuer: DistinguishedName<'a>,
    pub(crate) subject: DistinguishedName<'a>,
    /// Seconds since 1970.
    pub(super) begins: i64,
    /// Seconds since 1970.
    pub(super) expires: i64,
    pub(crate) public_key: PublicKeyInfo<'a>,
    extensions: Vec<CertificateExtension<'a>>,
    pub(super) algorithm: AlgorithmId<'a>,
    pub(super) signature: &'a [u8],
}

/// Who somebody is: attributes in groups, the widest group first.
#[derive(Debug)]
pub(crate) struct DistinguishedName<'a> {
    /// Two names are the same where their bytes are.
    pub(crate) whole: &'a [u8],
    pub(super) groups: Vec<Vec<NameAttribute<'a>>>,
}

/// An attribute of a name: `CN`, and what it is.
#[derive(Debug)]
pub(super) struct NameAttribute<'a> {
    pub(super) oid: &'a [u8],
    pub(super) text: String,
}

/// An algorithm and what else has to be known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlgorithmId<'a> {
    pub(super) oid: &'a [u8],
    pub(super) parameters: Option<AnyRef<'a>>,
}

/// A public key, in the encoding of its kind.
#[derive(Debug)]
pub(crate) struct PublicKeyInfo<'a> {
    pub(crate) algorithm: AlgorithmId<'a>,
    pub(crate) bytes: &'a [u8],
}

#[derive(Debug)]
struct CertificateExtension<'a> {
    oid: &'a [u8],
    value: &'a [u8],
}

impl<'a> ParsedCertificate<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> der::Result<Self> {
        let mut whole = inside(AnyRef::from_der(bytes)?, Tag::Sequence)?;
        let signed = whole.tlv_bytes()?;
        let algorithm = AlgorithmId::read(&mut whole)?;
        let signature = bits(&mut whole)?;

        let mut fields = inside(AnyRef::from_der(signed)?, Tag::Sequence)?;
        if let Some(version) = optional(&mut fields, VERSION)? {
            u8::from_der(version.value())?;
        }
        let serial = value(&mut fields, Tag::Integer)?;
        AlgorithmId::read(&mut fields)?;
        let issuer = DistinguishedName::read(&mut fields)?;
        let mut validity = inside(fields.decode()?, Tag::Sequence)?;
        let (begins, expires) = (time(&mut validity)?, time(&mut validity)?);
        let subject = DistinguishedName::read(&mut fields)?;
        let mut key = inside(fields.decode()?, Tag::Sequence)?;
        let public_key =
            PublicKeyInfo { algorithm: AlgorithmId::read(&mut key)?, bytes: bits(&mut key)? };
        // Nobody uses the two unique identifiers.
        optional(&mut fields, ISSUER_ID)?;
        optional(&mut fields, SUBJECT_ID)?;
        let mut extensions = Vec::new();
        if let Some(list) = optional(&mut fields, EXTENSIONS)? {
            let mut list = inside(AnyRef::from_der(list.value())?, Tag::Sequence)?;
            while !list.is_finished() {
                extensions.push(CertificateExtension::read(&mut list)?);
            }
        }
        Ok(Self {
            signed,
            serial,
            issuer,
            subject,
            begins,
            expires,
            public_key,
            extensions,
            algorithm,
            signature,
        })
    }

    /// What an extension says; an error where it is there twice.
    pub(super) fn extension(&self, oid: ObjectIdentifier) -> der::Result<Option<AnyRef<'a>>> {
        let mut found = self.extensions.iter().filter(|extension| extension.oid == oid.as_bytes());
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(one), None) => AnyRef::from_der(one.value).map(Some),
            (Some(_), Some(_)) => Err(ErrorKind::Failed.into()),
        }
    }
}

impl<'a> DistinguishedName<'a> {
    fn read(fields: &mut SliceReader<'a>) -> der::Result<Self> {
        let whole = fields.tlv_bytes()?;
        let mut rest = inside(AnyRef::from_der(whole)?, Tag::Sequence)?;
        let mut groups = Vec::new();
        while !rest.is_finished() {
            let mut set = inside(rest.decode()?, Tag::Set)?;
            let mut group = Vec::new();
            while !set.is_finished() {
                let mut attribute = inside(set.decode()?, Tag::Sequence)?;
                let oid = value(&mut attribute, Tag::ObjectIdentifier)?;
                let text = text(attribute.decode()?).ok_or(ErrorKind::Failed)?;
                group.push(NameAttribute { oid, text });
            }
            groups.push(group);
        }
        Ok(Self { whole, groups })
    }
}

impl<'a> AlgorithmId<'a> {
    fn read(fields: &mut SliceReader<'a>) -> der::Result<Self> {
        let mut inside = inside(fields.decode()?, Tag::Sequence)?;
        let oid = value(&mut inside, Tag::ObjectIdentifier)?;
        let parameters = if inside.is_finished() { None } else { Some(inside.decode()?) };
        Ok(Self { oid, parameters })
    }

    pub(crate) fn is(&self, oid: ObjectIdentifier) -> bool {
        self.oid == oid.as_bytes()
    }

    /// Whether the one parameter is this.
    pub(crate) fn is_with(&self, parameter: ObjectIdentifier) -> bool {
        self.parameters.is_some_and(|given| {
            given.tag() == Tag::ObjectIdentifier && given.value() == parameter.as_bytes()
        })
    }

    /// The fields of a structure of its own, as the parameters of another algorithm have it.
    pub(super) fn of(whole: &'a [u8]) -> der::Result<Self> {
        Self::read(&mut SliceReader::new(whole)?)
    }
}

impl PublicKeyInfo<'_> {
    pub(crate) fn is(&self, algorithm: ObjectIdentifier) -> bool {
        self.algorithm.is(algorithm)
    }

    /// The modulus of an RSA key, without zeros before it.
    pub(crate) fn modulus(&self) -> Option<&[u8]> {
        if !self.is(RSA) {
            return None;
        }
        let mut numbers = inside(AnyRef::from_der(self.bytes).ok()?, Tag::Sequence).ok()?;
        UintRef::decode(&mut numbers).ok().map(|modulus| modulus.as_bytes())
    }
}

impl<'a> CertificateExtension<'a> {
    fn read(list: &mut SliceReader<'a>) -> der::Result<Self> {
        let mut inside = inside(list.decode()?, Tag::Sequence)?;
        let oid = value(&mut inside, Tag::ObjectIdentifier)?;
        let mut next: AnyRef<'a> = inside.decode()?;
        // Whether it is critical is nothing that is told.
        if next.tag() == Tag::Boolean {
            next = inside.decode()?;
        }
        next.tag().assert_eq(Tag::OctetString)?;
        Ok(Self { oid, value: next.value() })
    }
}

/// What a structure holds. Its end is not looked at: Go does not mind what stands behind the fields
/// that it knows.
pub(super) fn inside(structure: AnyRef<'_>, tag: Tag) -> der::Result<SliceReader<'_>> {
    structure.tag().assert_eq(tag)?;
    SliceReader::new(structure.value())
}

/// The bytes of the next value, which is of this type.
fn value<'a>(fields: &mut SliceReader<'a>, tag: Tag) -> der::Result<&'a [u8]> {
    let next: AnyRef<'a> = fields.decode()?;
    next.tag().assert_eq(tag)?;
    Ok(next.value())
}

/// A value that is there only if its tag is. Go passes over what has any other.
pub(super) fn optional<'a>(
    fields: &mut SliceReader<'a>,
    tag: u8,
) -> der::Result<Option<AnyRef<'a>>> {
    if fields.peek_byte() == Some(tag) { fields.decode().map(Some) } else { Ok(None) }
}

/// A part of a name, in one of the types that Go reads, with the characters that it lets pass.
fn text(value: AnyRef<'_>) -> Option<String> {
    let bytes = value.value();
    let printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(byte);
    let sound = match value.tag() {
        Tag::Utf8String => true,
        Tag::PrintableString => bytes.iter().all(printable),
        Tag::NumericString => bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
        Tag::Ia5String => bytes.is_ascii(),
        // Everybody takes it for Latin 1.
        Tag::TeletexString => return Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => return bmp(bytes),
        _ => false,
    };
    str::from_utf8(bytes).ok().filter(|_| sound).map(str::to_owned)
}

/// Two bytes a character, with a zero at the end or without.
fn bmp(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.strip_suffix(&[0, 0]).unwrap_or(bytes).as_chunks::<2>();
    let none = |wide: &u16| matches!(wide, 0xfdd0..=0xfdef | 0xfffe.. | 0xd800..=0xdfff);
    let wide: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    if !rest.is_empty() || wide.iter().any(none) {
        return None;
    }
    String::from_utf16(&wide).ok()
}

/// A `BIT STRING`. Keys and signatures are whole bytes; bits that are not used are zeros.
fn bits<'a>(fields: &mut SliceReader<'a>) -> der::Result<&'a [u8]> {
    let bits: BitStringRef<'a> = fields.decode()?;
    let unused = bits.raw_bytes().last().map_or(0, |last| last.trailing_zeros());
    let sound = u32::from(bits.unused_bits()) <= unused || bits.unused_bits() == 0;
    if sound { Ok(bits.raw_bytes()) } else { Err(ErrorKind::Failed.into()) }
}

/// Seconds since 1970. Go takes both types with a zone, and the older one without seconds.
fn time(fields: &mut SliceReader<'_>) -> der::Result<i64> {
    let next: AnyRef<'_> = fields.decode()?;
    let text = next.value();
    let seconds = match next.tag() {
        Tag::UtcTime => text.split_at_checked(2).and_then(|(year, rest)| {
            let year = number(year)?;
            seconds(if year < 50 { 2000 + year } else { 1900 + year }, rest, true)
        }),
        Tag::GeneralizedTime => {
            text.split_at_checked(4).and_then(|(year, rest)| seconds(number(year)?, rest, false))
        }
        _ => None,
    };
    seconds.ok_or_else(|| ErrorKind::DateTime.into())
}

/// What stands behind the year: `MMDDhhmmssZ`, `MMDDhhmmss+hhmm`.
fn seconds(year: i16, rest: &[u8], may_lack_seconds: bool) -> Option<i64> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, zone) = rest.split_at(digits);
    let field = |at: usize| number(digits.get(at..at + 2)?)?.try_into().ok();
    let second = match digits.len() {
        10 => field(8)?,
        8 if may_lack_seconds => 0,
        _ => return None,
    };
    let (month, day) = (field(0)?, field(2)?);
    let time = DateTime::new(year, month, day, field(4)?, field(6)?, second, 0).ok()?;
    let offset = match zone {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), offset @ ..] if offset.len() == 4 => {
            let (hours, minutes) = (number(&offset[..2])?, number(&offset[2..])?);
            let minutes = i64::from(hours) * 60 + i64::from(minutes);
            if *sign == b'-' { -minutes * 60 } else { minutes * 60 }
        }
        _ => return None,
    };
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    Some(time.duration_since(epoch).as_secs() - offset)
}

fn number(digits: &[u8]) -> Option<i16> {
    let digits = digits.iter().all(u8::is_ascii_digit).then_some(digits)?;
    str::from_utf8(digits).ok()?.parse().ok()
}

/// `1.2.840.113549`; hexadecimal where it is none.
pub(super) fn dotted(oid: &[u8]) -> String {
    let mut text = String::new();
    let mut part = 0_u128;
    for byte in oid {
        let Some(room) = part.checked_mul(128) else { return hex(oid) };
        part = room + u128::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        let _ = if text.is_empty() {
            let first = part.min(80) / 40;
            write!(text, "{first}.{}", part - first * 40)
        } else {
            write!(text, ".{part}")
        };
        part = 0;
    }
    if oid.last().is_none_or(|last| last & 0x80 != 0) { hex(oid) } else { text }
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
