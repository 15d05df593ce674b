//! Any bytes as a kubeconfig: nothing panics, hangs or tells a key, from loading to the report.
#![no_main]

use std::error::Error as _;
use std::io;
use std::path::Path;

use devkit_kubecerts::{Choice, Clock, FileBytes, Kubeconfig, Material, Report, Sources};
use libfuzzer_sys::fuzz_target;

/// In base64, as the corpus has it for `client-key-data`.
const KEY: &str = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";

fuzz_target!(|bytes: &[u8]| {
    let read = |path: &Path| match path.to_str() {
        Some("config") => Ok(FileBytes { bytes: bytes.to_vec().into(), readable_by_others: false }),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let sources = Sources { flag: Some(Path::new("config")), ..Sources::default() };
    let mut told = String::new();
    match Kubeconfig::load(&sources, &read) {
        Err(error) => told = format!("{error} {error:?} {:?}", error.source()),
        Ok(config) => {
            told += &format!("{config:?}");
            let clock = Clock { now: 1_800_000_000, warn_days: 30 };
            for (selected, missing) in config.all() {
                let material = selected.material(&read);
                let mut report = Report::new(&selected, &material, clock);
                report.add_problems(&missing);
                told += &tell(&report, &material);
                told += &format!("{:?}", selected.token_file_problem(&read));
            }
            let _ = config.select(&Choice::default()).map(|selected| selected.no_certificate());
        }
    }
    // Where it stands for anything but a key, it may be told.
    let as_key = String::from_utf8_lossy(bytes).contains(&format!("client-key-data: {KEY}"));
    let once = String::from_utf8_lossy(bytes).matches(KEY).count() == 1;
    assert!(!(as_key && once && told.contains(KEY)), "{told}");
});

fn tell(report: &Report, material: &Material) -> String {
    format!("{report:?} {material:?}")
}
