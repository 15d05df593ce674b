//! Rules as data: what a context does with a name, case by case.

use devkit_text::escape;

use crate::syntax::Syntax;
use crate::verdict::Verdict;

/// What a context is in the journey of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// A channel sets variables: the kernel, Docker, Kubernetes, systemd, sudo.
    Channel,
    /// A shell on the way.
    Shell,
    /// The program that wants the variable.
    Reader,
    /// A service with a form to fill in.
    Platform,
}

impl Group {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Shell => "shell",
            Self::Reader => "reader",
            Self::Platform => "platform",
        }
    }
}

/// A context: a tool and a way of handing it a name.
#[derive(Debug)]
pub struct Rule {
    /// `dash`.
    pub tool: &'static str,
    /// `export`; nothing where the tool has one way only.
    pub way: Option<&'static str>,
    /// The version from which it holds, where another rule held before.
    pub since: Option<&'static str>,
    /// Where it belongs in the table.
    pub group: Group,
    /// The versions that it is known of.
    pub versions: &'static str,
    /// The rule in words.
    pub words: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// What it does; the first case that applies counts. Where none does, the name works.
    pub(crate) cases: &'static [Case],
    /// Which other names would do.
    pub(crate) suggest: Suggest,
}

/// Which other name would do in a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suggest {
    /// Letters, digits and `_`, as [`crate::suggest::portable`] makes them.
    Portable,
    /// The name that Spring wants.
    Spring,
    /// The name that .NET wants.
    DotNet,
}

/// Makes one name of another.
pub(crate) type Renames = fn(&[u8]) -> Vec<u8>;

/// What happens to some names.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) when: When,
    pub(crate) verdict: Verdict,
    /// The tool's own text, with `{name}` and `{value}`; ours, where it has none.
    pub(crate) message: &'static str,
    pub(crate) fatal: Option<bool>,
    pub(crate) becomes: Option<Renames>,
    pub(crate) caveat: Option<&'static str>,
}

/// Which names a case is about.
#[derive(Debug)]
pub(crate) enum When {
    Nul,
    Empty,
    /// `=` at the start.
    LeadingEquals,
    /// `=` anywhere.
    Equals,
    /// A name of these.
    Is(&'static [&'static str]),
    /// A name of these, in capitals or not.
    IsAnyCase(&'static [&'static str]),
    /// Starts like one of these.
    Starts(&'static [&'static str]),
    StartsAnyCase(&'static [&'static str]),
    /// Holds one of these bytes.
    Holds(&'static [u8]),
    Not(&'static Syntax),
    /// More bytes than this.
    Longer(usize),
    NotUtf8,
    /// Anything else; gives the position.
    Find(fn(&[u8]) -> Option<usize>),
    Always,
}

/// Whether a case applies, and which byte is to blame.
pub(crate) enum Hit {
    No,
    /// The name as a whole is.
    Whole,
    At(usize),
}

impl When {
    pub(crate) fn hits(&self, name: &[u8]) -> Hit {
        let at = |position: Option<usize>| position.map_or(Hit::No, Hit::At);
        let whole = |is: bool| if is { Hit::Whole } else { Hit::No };
        let lower = || name.to_ascii_lowercase();
        match self {
            Self::Nul => at(name.iter().position(|b| *b == 0)),
            Self::Empty => at(name.is_empty().then_some(0)),
            Self::LeadingEquals => at((name.first() == Some(&b'=')).then_some(0)),
            Self::Equals => at(name.iter().position(|b| *b == b'=')),
            Self::Is(names) => whole(names.iter().any(|known| known.as_bytes() == name)),
            Self::IsAnyCase(names) => {
                whole(names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name)))
            }
            Self::Starts(prefixes) => {
                at(prefixes.iter().any(|p| name.starts_with(p.as_bytes())).then_some(0))
            }
            Self::StartsAnyCase(prefixes) => {
                let lower = lower();
                let like = |p: &&str| lower.starts_with(p.to_ascii_lowercase().as_bytes());
                at(prefixes.iter().any(like).then_some(0))
            }
            Self::Holds(bytes) => at(name.iter().position(|b| bytes.contains(b))),
            Self::Not(syntax) => at(syntax.offence(name)),
            Self::Longer(most) => at((name.len() > *most).then_some(*most)),
            Self::NotUtf8 => at(str::from_utf8(name).err().map(|error| error.valid_up_to())),
            Self::Find(find) => at(find(name)),
            Self::Always => Hit::Whole,
        }
    }
}

impl When {
    /// Which names these are, in words.
    fn words(&self) -> String {
        match self {
            Self::Nul => "with a NUL".into(),
            Self::Empty => "the empty name".into(),
            Self::LeadingEquals => "starting with '='".into(),
            Self::Equals => "with a '='".into(),
            Self::Is(names) | Self::IsAnyCase(names) => names.join(", "),
            Self::Starts(prefixes) | Self::StartsAnyCase(prefixes) => {
                format!("starting with {}", prefixes.join(", "))
            }
            Self::Holds(bytes) => format!("with one of {}", escape(bytes)),
            Self::Not(syntax) => format!("not {}", syntax.words),
            Self::Longer(most) => format!("longer than {most} bytes"),
            Self::NotUtf8 => "not UTF-8".into(),
            Self::Find(_) => "some others".into(),
            Self::Always => "all others".into(),
        }
    }
}

impl Case {
    const fn new(when: When, verdict: Verdict, message: &'static str) -> Self {
        Self { when, verdict, message, fatal: None, becomes: None, caveat: None }
    }

    pub(crate) const fn ok(when: When) -> Self {
        Self::new(when, Verdict::Ok, "")
    }

    /// An error is shown; the script, if there is one, goes on.
    pub(crate) const fn rejected(when: When, message: &'static str) -> Self {
        Self { fatal: Some(false), ..Self::new(when, Verdict::Rejected, message) }
    }

    /// An error is shown, and the script ends.
    pub(crate) const fn fatal(when: When, message: &'static str) -> Self {
        Self { fatal: Some(true), ..Self::new(when, Verdict::Rejected, message) }
    }

    pub(crate) const fn dropped(when: When, message: &'static str) -> Self {
        Self::new(when, Verdict::Dropped, message)
    }

    pub(crate) const fn changed(when: When, message: &'static str) -> Self {
        Self::new(when, Verdict::Changed, message)
    }

    pub(crate) const fn mangled(when: When, becomes: Renames, message: &'static str) -> Self {
        Self { becomes: Some(becomes), ..Self::new(when, Verdict::Mangled, message) }
    }

    pub(crate) const fn caveat(self, caveat: &'static str) -> Self {
        Self { caveat: Some(caveat), ..self }
    }
}

/// What a context does with one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Offset of the first byte that is to blame; nothing where the whole name is, or nothing.
    pub position: Option<usize>,
    /// The tool's own text, or ours.
    pub message: Option<String>,
    /// The name that arrives instead.
    pub becomes: Option<Vec<u8>>,
    /// Whether a script ends with it.
    pub fatal: Option<bool>,
    /// What to know besides.
    pub caveat: Option<&'static str>,
    /// What a name has to look like there, if that is what it does not.
    pub wanted: Option<&'static str>,
    /// Whether it happens to every name.
    pub always: bool,
}

impl Rule {
    /// `dash.export`, `k8s.env@1.8`.
    #[must_use]
    pub fn id(&self) -> String {
        let way = self.way.map(|way| format!(".{way}")).unwrap_or_default();
        let since = self.since.map(|since| format!("@{since}")).unwrap_or_default();
        format!("{}{way}{since}", self.tool)
    }

    /// The rule's cases in words: which names, what becomes of them, and what is said.
    pub fn describe(&self) -> impl Iterator<Item = (String, Verdict, &'static str)> {
        self.cases
            .iter()
            .filter(|case| !matches!(case.when, When::Nul))
            .map(|case| (case.when.words(), case.verdict, case.caveat.unwrap_or(case.message)))
    }

    /// What becomes of a name. The value is needed for error texts only.
    #[must_use]
    pub fn check(&self, name: &[u8], value: &[u8]) -> Answer {
        for case in self.cases {
            let position = match case.when.hits(name) {
                Hit::No => continue,
                Hit::Whole => None,
                Hit::At(position) => Some(position),
            };
            let fill = |text: &str| {
                text.replace("{name}", &escape(name)).replace("{value}", &escape(value))
            };
            return Answer {
                verdict: case.verdict,
                position: position.filter(|_| case.verdict != Verdict::Ok),
                message: Some(case.message).filter(|text| !text.is_empty()).map(fill),
                becomes: case.becomes.map(|becomes| becomes(name)),
                fatal: case.fatal,
                caveat: case.caveat,
                wanted: match case.when {
                    When::Not(syntax) if case.verdict != Verdict::Ok => Some(syntax.words),
                    _ => None,
                },
                always: matches!(case.when, When::Always),
            };
        }
        Answer {
            verdict: Verdict::Ok,
            position: None,
            message: None,
            becomes: None,
            fatal: None,
            caveat: None,
            wanted: None,
            always: false,
        }
    }
}
