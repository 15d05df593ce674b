//! The clock, for what has to be told while it happens.

use jiff::{Timestamp, Zoned};

/// The time now.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The time of day where the user is: `14:02:09`.
pub(crate) fn time_of_day() -> String {
    Zoned::now().strftime("%H:%M:%S").to_string()
}
