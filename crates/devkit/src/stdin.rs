//! Standard input, where it is read as a file or asked for an answer.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use zeroize::Zeroizing;

use crate::ui;

/// Whether somebody types it.
pub(crate) fn is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether somebody can be asked: types the answer, and sees the question.
pub(crate) fn may_ask() -> bool {
    is_terminal() && io::stderr().is_terminal()
}

/// All of it. Somebody who has to type it is told so; `what` names it: `the settings`.
pub(crate) fn read(what: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    say_so(what);
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Tells somebody at a terminal that something is waited for.
pub(crate) fn say_so(what: &str) {
    if is_terminal() {
        ui::message(&format!("reading {what} from the terminal; Ctrl-D ends it\n"));
    }
}

/// Asks a question whose answer is no, unless it is `y` or `yes`.
pub(crate) fn confirmed(question: &str) -> bool {
    ui::message(&format!("{question} [y/N] "));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).unwrap_or_default();
    matches!(&*answer.trim().to_ascii_lowercase(), "y" | "yes")
}
