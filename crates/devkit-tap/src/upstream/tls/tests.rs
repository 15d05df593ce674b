//! Which servers are taken for the context's own.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

use super::*;

/// A certificate that is its own CA, for `localhost` and the year 2026: what is shown, and as PEM.
fn own() -> (CertificateDer<'static>, String) {
    let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    (certificate.der().clone(), certificate.pem())
}

/// The middle of a year, within a week.
fn year(year: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_hours((year - 1970) * 8766 + 4383))
}

#[test]
fn a_certificate_that_is_its_own_ca_is_taken_as_go_takes_it() {
    let (shown, pem) = own();
    let verifier = Verifier::new(Some(ClusterCa::of(pem.as_bytes()).unwrap()));
    let verify = |shown: &CertificateDer<'_>, name: &'static str, now| {
        let name = ServerName::try_from(name).unwrap();
        verifier.verify_server_cert(shown, &[], &name, &[], now).map(drop)
    };
    let why = |result: Result<(), Error>| format!("{:?}", result.unwrap_err());
    let now = year(2026);
    assert_eq!(verify(&shown, "localhost", now), Ok(()));
    assert!(why(verify(&shown, "example.org", now)).contains("NotValidForName"));
    assert!(why(verify(&shown, "localhost", year(2025))).contains("NotValidYet"));
    assert!(why(verify(&shown, "localhost", year(2028))).contains("Expired"));
    // Another that says the same of itself is not the one that is trusted.
    verify(&own().0, "localhost", now).unwrap_err();
}
