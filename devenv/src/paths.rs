//! Where an environment keeps its files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, file};
use crate::part::Part;
use crate::pki::Pki;

/// The files of one environment, all in one folder.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    root: PathBuf,
}

impl Paths {
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn env_file(&self) -> PathBuf {
        self.root.join("env")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    pub(crate) fn log(&self, part: Part) -> PathBuf {
        self.logs().join(format!("{part}.log"))
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        self.logs().join("audit.log")
    }

    /// What a part keeps between its restarts; gone with `down`.
    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn pki(&self) -> Pki {
        Pki::new(self.data().join("pki"))
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.root.join("kubeconfig")
    }

    pub(crate) fn operator_kubeconfig(&self) -> PathBuf {
        self.data().join("operator.kubeconfig")
    }

    pub(crate) fn controller_manager_kubeconfig(&self) -> PathBuf {
        self.data().join("controller-manager.kubeconfig")
    }

    pub(crate) fn create(&self) -> Result<()> {
        // An absolute path: the parts run in other folders, and the kubeconfigs are used from anywhere.
        for dir in [self.root.clone(), self.logs(), self.data()] {
            fs::create_dir_all(&dir).map_err(file(&dir))?;
        }
        Ok(())
    }

    /// Forgets everything but the logs.
    pub(crate) fn clear(&self) -> Result<()> {
        let data = self.data();
        if data.exists() {
            fs::remove_dir_all(&data).map_err(file(&data))?;
        }
        for path in [self.env_file(), self.kubeconfig(), self.state()] {
            if path.exists() {
                fs::remove_file(&path).map_err(file(&path))?;
            }
        }
        Ok(())
    }

    /// Empties the folder for a fresh start, unless it might be somebody else's.
    pub(crate) fn start_afresh(&self) -> Result<()> {
        let foreign = |error| file(&self.root)(error);
        if self.root.exists() {
            let empty = fs::read_dir(&self.root).map_err(foreign)?.next().is_none();
            if !empty && !self.lock().exists() {
                return Err(Error::NotOurs(self.root.clone()));
            }
            self.clear()?;
            if self.logs().exists() {
                fs::remove_dir_all(self.logs()).map_err(file(self.logs()))?;
            }
        }
        self.create()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_ours_is_not_emptied() {
        let dir = std::env::temp_dir().join(format!("devenv-paths-{}", std::process::id()));
        let paths = Paths::new(&dir);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(paths.start_afresh(), Err(Error::NotOurs(_))));
        assert!(dir.join("thesis.txt").exists());

        fs::write(paths.lock(), "").unwrap();
        fs::create_dir_all(paths.logs()).unwrap();
        fs::write(paths.log(Part::Api), "old").unwrap();
        paths.start_afresh().unwrap();
        assert!(!paths.log(Part::Api).exists());
        fs::remove_dir_all(&dir).unwrap();
    }
}
