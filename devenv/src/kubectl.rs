//! Running kubectl.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::error::{Error, Result};

/// kubectl and the cluster it speaks to.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    pub program: PathBuf,
    pub kubeconfig: PathBuf,
    /// Discovery is cached here and not in the home folder, where another cluster on the same port may have left its own.
    pub cache: PathBuf,
}

impl Kubectl {
    /// Runs it and returns what it printed.
    pub(crate) async fn run(&self, args: &[&str], input: Option<&str>) -> Result<String> {
        let failed = |source| Error::Program {
            program: self.program.display().to_string(),
            source,
        };
        let mut child = Command::new(&self.program)
            .args(args)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("KUBECACHEDIR", &self.cache)
            .stdin(if input.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // kubectl that ends without reading says why itself.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let output = child.wait_with_output().await.map_err(failed)?;
        if !output.status.success() {
            return Err(Error::Command {
                command: format!("kubectl {}", args.join(" ")),
                output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
