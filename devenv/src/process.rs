//! Starting, recognising, signalling and ending processes, without ever touching one that is not ours.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};

pub use signal::Signal;

use crate::logs::START;

mod signal;

/// What is taken over from our own environment; everything else (proxies, AWS profiles, …) stays outside.
const INHERITED: [&str; 10] = [
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "TZ",
    "JAVA_HOME",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "XDG_CACHE_HOME",
    "IVS_OPERATOR_LOG",
];

/// How long a process outlives us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Killed by the kernel when this process dies, however it dies.
    Attached,
    /// In a session of its own: stays when we and the terminal are gone.
    Detached,
}

/// What to run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Launch {
    pub program: PathBuf,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub dir: PathBuf,
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "so that callers pass numbers, paths and texts alike"
)]
impl Launch {
    pub(crate) fn new(program: impl Into<PathBuf>, dir: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            dir: dir.into(),
        }
    }

    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds `--name value`.
    pub(crate) fn flag(self, name: &str, value: impl ToString) -> Self {
        self.arg(name).arg(value.to_string())
    }

    pub(crate) fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.env.insert(name.to_owned(), value.to_string());
        self
    }
}

/// A pid that cannot be mistaken: the kernel's start time tells a recycled one apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub pid: u32,
    /// In clock ticks since boot.
    pub start_time: u64,
}

/// A process of ours, started now (`child`) or by an earlier command.
#[derive(Debug)]
pub(crate) struct Process {
    pub identity: Identity,
    child: Option<Child>,
}

impl Process {
    /// Starts a process whose output is appended to `log`.
    pub(crate) fn spawn(launch: &Launch, log: &Path, lifetime: Lifetime) -> io::Result<Self> {
        let mut output = OpenOptions::new().create(true).append(true).open(log)?;
        writeln!(output, "{START}")?;
        let child = spawn_on_lasting_thread(command(launch, output, lifetime)?)?;
        let pid = child.id();
        let start_time = Stat::read(pid).map_or(0, |stat| stat.start_time);
        Ok(Self {
            identity: Identity { pid, start_time },
            child: Some(child),
        })
    }

    /// A process started by an earlier command.
    pub(crate) fn known(identity: Identity) -> Self {
        Self {
            identity,
            child: None,
        }
    }

    /// Whether it still runs. Reaps it if it was ours and has ended.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.exit_status().is_none()
    }

    /// `None` while it runs, else how it ended.
    pub(crate) fn exit_status(&mut self) -> Option<String> {
        if let Some(child) = &mut self.child {
            return match child.try_wait() {
                Ok(None) => None,
                Ok(Some(status)) => Some(status.to_string()),
                Err(error) => Some(error.to_string()),
            };
        }
        (!self.identity.runs()).then(|| "status unknown".to_owned())
    }

    /// Sends a signal to exactly this process.
    pub(crate) fn signal(&mut self, signal: Signal) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let pid = i32::try_from(self.identity.pid)
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(gone)?;
        let fd = pidfd_open(pid, PidfdFlags::empty())?;
        // Checked after opening: from here on the descriptor can only mean this one.
        if !self.identity.runs() {
            return Err(gone());
        }
        Ok(pidfd_send_signal(fd, signal.into())?)
    }

    /// Waits until it has ended, at most so long. True if it has.
    pub(crate) async fn wait(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.end_group();
        true
    }

    /// Kills it and what it started, and waits; for `Drop`, where nothing can be awaited.
    pub(crate) fn kill_blocking(&mut self) {
        if self.is_alive() {
            // The only way to fail is that it has just ended by itself.
            let _ = self.signal(Signal::KILL);
            if let Some(child) = &mut self.child {
                let _ = child.wait();
            }
        }
        self.end_group();
    }

    /// Kills what it started and left behind. Every process leads a group of its own, and its number is not
    /// given to a new process while the group has a member.
    fn end_group(&self) {
        for pid in group_members(self.identity.pid) {
            if let Some(stat) = Stat::read(pid) {
                let _ = Self::known(Identity {
                    pid,
                    start_time: stat.start_time,
                })
                .signal(Signal::KILL);
            }
        }
    }
}

impl Identity {
    pub(crate) fn runs(self) -> bool {
        Stat::read(self.pid).is_some_and(|stat| stat.start_time == self.start_time && !stat.ended)
    }
}

fn command(launch: &Launch, output: File, lifetime: Lifetime) -> io::Result<Command> {
    // Both wrappers replace themselves with the program, so the pid is the program's.
    let mut command = match lifetime {
        Lifetime::Attached => {
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--"]).process_group(0);
            command
        }
        Lifetime::Detached => {
            let mut command = Command::new("setsid");
            command.arg("--");
            command
        }
    };
    command
        .arg(&launch.program)
        .args(&launch.args)
        .env_clear()
        .current_dir(&launch.dir);
    command.envs(
        INHERITED
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?))),
    );
    command.envs(&launch.env);
    command
        .stdin(Stdio::null())
        .stderr(output.try_clone()?)
        .stdout(output);
    Ok(command)
}

/// The kernel ends an attached process when the *thread* that started it ends, and test threads and a runtime's
/// workers come and go: one thread that lasts as long as this process does all the starting.
fn spawn_on_lasting_thread(command: Command) -> io::Result<Child> {
    type Request = (Command, mpsc::Sender<io::Result<Child>>);
    static SPAWNER: LazyLock<mpsc::Sender<Request>> = LazyLock::new(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        std::thread::spawn(move || {
            for (mut command, reply) in requests {
                // Nobody waits for the answer any more: nothing to tell.
                let _ = reply.send(command.spawn());
            }
        });
        sender
    });
    let (reply, answer) = mpsc::channel();
    SPAWNER.send((command, reply)).map_err(io::Error::other)?;
    answer.recv().map_err(io::Error::other)?
}

/// What we need of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    ended: bool,
    group: u32,
    start_time: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(line: &str) -> Option<Self> {
        // The program's name, in parentheses, may hold anything, parentheses and spaces included.
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            ended: matches!(*fields.first()?, "Z" | "X"),
            group: fields.get(2)?.parse().ok()?,
            start_time: fields.get(19)?.parse().ok()?,
        })
    }
}

fn group_members(group: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| Stat::read(*pid).is_some_and(|stat| stat.group == group && !stat.ended))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Launch {
        // A shell that starts another process, as the emulator does with ffmpeg.
        Launch::new("sh", "/")
            .arg("-c")
            .arg("sleep 600 & sleep 600 & wait")
    }

    fn log() -> PathBuf {
        std::env::temp_dir().join(format!("devenv-process-{}", std::process::id()))
    }

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let line = "7 (a) b (c)) S 1 5 5 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        assert_eq!(
            Stat::parse(line),
            Some(Stat {
                ended: false,
                group: 5,
                start_time: 4711
            })
        );
        assert_eq!(Stat::parse("7 (cut"), None);
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_killed_process() {
        for lifetime in [Lifetime::Attached, Lifetime::Detached] {
            let mut process = Process::spawn(&sleeper(), &log(), lifetime).unwrap();
            let pid = process.identity.pid;
            while group_members(pid).len() < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            process.signal(Signal::KILL).unwrap();
            assert!(process.wait(Duration::from_secs(5)).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(group_members(pid), Vec::<u32>::new(), "{lifetime:?}");
        }
    }

    #[tokio::test]
    async fn a_process_with_another_start_time_is_left_alone() {
        let mut process = Process::spawn(&sleeper(), &log(), Lifetime::Attached).unwrap();
        let Identity { pid, start_time } = process.identity;
        let mut recycled = Process::known(Identity {
            pid,
            start_time: start_time + 1,
        });
        assert!(!recycled.is_alive());
        assert!(recycled.signal(Signal::KILL).is_err());
        assert!(process.is_alive());
        process.kill_blocking();
    }

    #[test]
    fn an_attached_process_outlives_the_thread_that_asked_for_it() {
        let spawn = || Process::spawn(&sleeper(), &log(), Lifetime::Attached).unwrap();
        let mut process = std::thread::spawn(spawn).join().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(process.is_alive());
        process.kill_blocking();
        assert!(!process.is_alive());
    }
}
