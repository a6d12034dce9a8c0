//! What can go wrong, said so that a person knows which part it was and where to look.

use std::path::PathBuf;

use crate::part::Part;
use crate::process::Signal;

/// Any failure of the environment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A part's process ended while it was awaited.
    #[error("{part} ended while starting ({status})\n  log: {}\n{tail}", log.display())]
    Ended {
        /// The part.
        part: Part,
        /// Its exit status, if known.
        status: String,
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A part's process runs, but its health check did not pass in time.
    #[error("{part} is not ready after {seconds} s: {why}\n  log: {}\n{tail}", log.display())]
    NotReady {
        /// The part.
        part: Part,
        /// How long was waited.
        seconds: u64,
        /// What its health check said last.
        why: String,
        /// Its log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A part's process could not be started at all.
    #[error("{part} cannot be started: {why}")]
    CannotStart {
        /// The part.
        part: Part,
        /// The reason.
        why: String,
    },
    /// A part could not be sent a signal.
    #[error("{part} (pid {pid}) cannot be sent {signal}: {why}")]
    Signal {
        /// The part.
        part: Part,
        /// Its process id.
        pid: u32,
        /// The signal.
        signal: Signal,
        /// The reason.
        why: std::io::Error,
    },
    /// A part did not end although it was killed.
    #[error("{part} (pid {pid}) does not end")]
    DoesNotEnd {
        /// The part.
        part: Part,
        /// Its process id.
        pid: u32,
    },
    /// A name that is not a part.
    #[error("no part {name:?}; parts are {known}")]
    UnknownPart {
        /// What was given.
        name: String,
        /// What exists.
        known: String,
    },
    /// The part belongs to this environment, but it was never brought up.
    #[error("{0} is not part of this environment")]
    Absent(Part),
    /// Nothing runs here.
    #[error("the environment is not up; run `devenv up`")]
    NotUp,
    /// Some part is down or unwell; the table says which.
    #[error("not all parts are ready")]
    NotAllReady,
    /// It runs with another cluster than the one that `KUBECONFIG` names now.
    #[error("the environment that is up uses another cluster than KUBECONFIG says; run `devenv down` first")]
    OtherCluster,
    /// A port that was asked for is taken.
    #[error("port {port} for {name} is taken by another program; choose another or free it")]
    PortTaken {
        /// What it was for.
        name: String,
        /// The port.
        port: u16,
    },
    /// No free port was found.
    #[error("no free port found on 127.0.0.1")]
    NoPort,
    /// A tool the environment builds with is missing or failed.
    #[error("{what}\n  log: {}\n{tail}", log.display())]
    Build {
        /// What failed.
        what: String,
        /// The log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A program could not be run.
    #[error("cannot run {program}: {source}")]
    Program {
        /// Which.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A command was run and failed.
    #[error("{command} failed: {output}")]
    Command {
        /// The command.
        command: String,
        /// What it printed.
        output: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder that is about to be emptied does not look like ours.
    #[error("{} is not empty and not an environment's folder: not touched", .0.display())]
    NotOurs(PathBuf),
    /// The state file does not parse.
    #[error("{}: {source}; remove it if nothing runs any more", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The certificates could not be made.
    #[error("certificates: {0}")]
    Certificates(#[from] rcgen::Error),
    /// A manifest does not parse.
    #[error("{}: {source}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_yaml::Error,
    },
    /// A demo user could not be signed in.
    #[error("sign-in of {user} at {issuer}: {why}")]
    SignIn {
        /// Who.
        user: String,
        /// Where.
        issuer: String,
        /// What went wrong.
        why: String,
    },
    /// An HTTP client could not be made or used.
    #[error("http: {0}")]
    Http(#[from] reqwest::Error),
}

/// Shorthand.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Turns an IO error on a path into ours.
pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    move |source| Error::File { path, source }
}
