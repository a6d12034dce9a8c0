//! Signals by their usual names.

use std::fmt;
use std::str::FromStr;

/// A signal for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(rustix::process::Signal);

impl Signal {
    /// Asks to end.
    pub const TERM: Self = Self(rustix::process::Signal::TERM);
    /// Ends at once.
    pub const KILL: Self = Self(rustix::process::Signal::KILL);
    /// Freezes: connections stay open, nothing answers.
    pub const STOP: Self = Self(rustix::process::Signal::STOP);
    /// Lets a frozen process go on.
    pub const CONT: Self = Self(rustix::process::Signal::CONT);
    /// As by Ctrl-C.
    pub const INT: Self = Self(rustix::process::Signal::INT);

    const NAMED: [(&str, Self); 5] = [
        ("TERM", Self::TERM),
        ("KILL", Self::KILL),
        ("STOP", Self::STOP),
        ("CONT", Self::CONT),
        ("INT", Self::INT),
    ];

    /// Whether a process is expected to end of it.
    pub(crate) fn ends(self) -> bool {
        !matches!(self, Self::STOP | Self::CONT)
    }
}

impl From<Signal> for rustix::process::Signal {
    fn from(signal: Signal) -> Self {
        signal.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMED
            .into_iter()
            .find(|(_, signal)| signal == self)
            .map_or("?", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Signal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.to_ascii_uppercase();
        let name = name.strip_prefix("SIG").unwrap_or(&name);
        Self::NAMED
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, signal)| signal)
            .ok_or_else(|| {
                let known = Self::NAMED.map(|(name, _)| name).join(", ");
                format!("no signal {text:?}; known are {known}")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Signal;

    #[test]
    fn names() {
        assert_eq!("kill".parse(), Ok(Signal::KILL));
        assert_eq!("SIGSTOP".parse(), Ok(Signal::STOP));
        assert_eq!(Signal::CONT.to_string(), "CONT");
        assert!("USR9".parse::<Signal>().unwrap_err().contains("TERM, KILL"));
    }
}
