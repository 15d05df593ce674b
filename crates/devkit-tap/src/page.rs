//! A HAR file as one HTML page, to look through without any other tool.

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::har::mend;

const PAGE: &str = include_str!("page.html");
const DATA_HERE: &str = "@HAR@";

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The text is no JSON.
    #[error("line {} is no JSON", source.line())]
    NotJson {
        /// Where exactly, and why; it quotes nothing.
        source: serde_json::Error,
    },
    /// The text is JSON of another kind: `log.entries` is missing.
    #[error("this JSON is no HAR: it has no log.entries")]
    NotHar,
}

/// The page for a HAR file's text. It needs nothing from elsewhere.
///
/// A file of the tap's whose last write was cut short is shown without that entry, and says so.
///
/// # Errors
///
/// [`PageError::NotJson`] and [`PageError::NotHar`].
pub fn write(har: &str) -> Result<String, PageError> {
    let read = serde_json::from_str(har).or_else(|error| match mend(har) {
        Some(mended) => serde_json::from_str(&mended),
        None => Err(error),
    });
    let har: Value = read.map_err(|source| PageError::NotJson { source })?;
    if !har["log"]["entries"].is_array() {
        return Err(PageError::NotHar);
    }
    Ok(html(&har))
}

/// The page for a HAR.
#[must_use]
pub fn html(har: &Value) -> String {
    // A body may hold `</script>`. In JSON a `<` can only be inside of a string, where it may be
    // written like this.
    let data = har.to_string().replace('<', "\\u003c");
    PAGE.replacen(DATA_HERE, &data, 1)
}
