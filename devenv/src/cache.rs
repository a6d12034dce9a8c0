//! What is built or fetched once and kept outside the tree: it survives `cargo clean` and new checkouts.
//!
//! Every entry is a folder whose name carries a hash of all that decides its content. It is filled under another
//! name and renamed when complete, under a lock: whoever builds at the same time waits and finds it done, and an
//! interrupted build leaves nothing that looks finished.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::Progress;
use crate::error::{Error, Result, file};
use crate::logs::tail;

pub(crate) mod dynamodb;
pub(crate) mod kubernetes;
pub(crate) mod oidc;

/// Fills the whole cache.
pub(crate) async fn ensure_all(progress: &Progress) -> Result<()> {
    kubernetes::ensure(progress).await?;
    dynamodb::ensure(progress).await?;
    oidc::ensure(progress).await?;
    Ok(())
}

/// How often a long build says that it goes on.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The root of the cache.
pub(crate) fn root() -> PathBuf {
    let var = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    var("IVS_OPERATOR_CACHE").unwrap_or_else(|| {
        let home = || var("HOME").unwrap_or_else(|| PathBuf::from("/root"));
        var("XDG_CACHE_HOME")
            .unwrap_or_else(|| home().join(".cache"))
            .join("ivs-operator")
    })
}

/// A short name for a content.
pub(crate) fn short_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        // Keeps ("ab", "c") and ("a", "bc") apart.
        hasher.update([0]);
    }
    hasher
        .finalize()
        .iter()
        .take(6)
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// One folder of the cache.
pub(crate) struct Entry {
    kind: &'static str,
    path: PathBuf,
}

/// Steps that fill a folder.
pub(crate) struct Step<'a> {
    /// What the person waiting is told.
    pub what: &'a str,
    pub command: Command,
}

impl Entry {
    pub(crate) fn new(kind: &'static str, hash: &str) -> Self {
        Self {
            kind,
            path: root().join(kind).join(hash),
        }
    }

    /// The finished folder, filled by `steps` if it is not there yet.
    pub(crate) async fn ensure<F>(&self, progress: &Progress, steps: F) -> Result<PathBuf>
    where
        F: FnOnce(&Path) -> Result<Vec<Step<'static>>>,
    {
        if self.path.exists() {
            return Ok(self.path.clone());
        }
        let beside = |suffix: &str| PathBuf::from(format!("{}.{suffix}", self.path.display()));
        let parent = root().join(self.kind);
        fs::create_dir_all(&parent).map_err(file(&parent))?;
        let _lock = self.lock(&beside("lock"), progress).await?;
        if self.path.exists() {
            return Ok(self.path.clone());
        }
        let (partial, log) = (beside("partial"), beside("log"));
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(file(&partial))?;
        }
        fs::create_dir_all(&partial).map_err(file(&partial))?;
        File::create(&log).map_err(file(&log))?;
        for step in steps(&partial)? {
            run(step, &log, progress).await?;
        }
        fs::rename(&partial, &self.path).map_err(file(&self.path))?;
        Ok(self.path.clone())
    }

    async fn lock(&self, path: &Path, progress: &Progress) -> Result<File> {
        let lock = File::create(path).map_err(file(path))?;
        let start = Instant::now();
        let mut told = start;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(fs::TryLockError::WouldBlock) => {
                    if told.elapsed() > HEARTBEAT {
                        told = Instant::now();
                        progress(&format!(
                            "waiting for another build of {} … {}",
                            self.kind,
                            elapsed(start)
                        ));
                    }
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(fs::TryLockError::Error(source)) => return Err(file(path)(source)),
            }
        }
    }
}

async fn run(step: Step<'_>, log: &Path, progress: &Progress) -> Result<()> {
    let Step { what, mut command } = step;
    let output = File::options().append(true).open(log).map_err(file(log))?;
    let errors = output.try_clone().map_err(file(log))?;
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true);
    let start = Instant::now();
    progress(what);
    let mut child = command.spawn().map_err(|source| Error::Program {
        program: program.clone(),
        source,
    })?;
    let status = loop {
        match tokio::time::timeout(HEARTBEAT, child.wait()).await {
            Ok(status) => {
                break status.map_err(|source| Error::Program {
                    program: program.clone(),
                    source,
                })?;
            }
            Err(_) => progress(&format!("{what} … {}", elapsed(start))),
        }
    };
    if status.success() {
        return Ok(());
    }
    Err(Error::Build {
        what: format!("{what}: {program} failed ({status})"),
        log: log.to_owned(),
        tail: tail(log, 15),
    })
}

fn elapsed(start: Instant) -> String {
    let seconds = start.elapsed().as_secs();
    format!("elapsed {}m{:02}s", seconds / 60, seconds % 60)
}

/// Reads a file of the tree, for hashing or copying.
pub(crate) fn source(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(file(path))
}

#[cfg(test)]
mod tests {
    use super::short_hash;

    #[test]
    fn the_hash_tells_boundaries_apart() {
        let hash = |parts: &[&str]| short_hash(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(hash(&["ab", "c"]).len(), 12);
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
    }
}
