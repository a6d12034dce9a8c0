//! The OIDC provider and its npm packages.

use std::fs;
use std::path::PathBuf;

use tokio::process::Command;

use super::{Entry, Step, short_hash, source};
use crate::error::{Result, file};
use crate::{Progress, tree};

const FILES: [&str; 5] = [
    "package.json",
    "package-lock.json",
    "page.mjs",
    "server.mjs",
    "users.mjs",
];

/// The folder with `server.mjs` and its `node_modules`.
pub(crate) async fn ensure(progress: &Progress) -> Result<PathBuf> {
    let dir = tree::devenv().join("oidc");
    let contents = FILES
        .into_iter()
        .map(|name| source(&dir.join(name)))
        .collect::<Result<Vec<_>>>()?;
    let hash = short_hash(contents.iter().map(Vec::as_slice));
    Entry::new("oidc", &hash)
        .ensure(progress, |out| {
            for (name, content) in FILES.iter().zip(&contents) {
                let path = out.join(name);
                fs::write(&path, content).map_err(file(path))?;
            }
            let mut command = Command::new("npm");
            command
                .args(["ci", "--omit=dev", "--no-audit", "--no-fund"])
                .current_dir(out);
            Ok(vec![Step {
                what: "fetching the OIDC provider",
                command,
            }])
        })
        .await
}
