//! DynamoDB Local from Maven, and our main class that keeps it on loopback.

use std::path::PathBuf;

use tokio::process::Command;

use super::{Entry, Step, short_hash, source};
use crate::error::Result;
use crate::{Progress, tree};

/// The folder with `lib/*.jar`, the native libraries and `classes/`.
pub(crate) async fn ensure(progress: &Progress) -> Result<PathBuf> {
    let dir = tree::devenv().join("dynamodb");
    let (pom, server) = (dir.join("pom.xml"), dir.join("LoopbackServer.java"));
    let hash = short_hash([source(&pom)?.as_slice(), &source(&server)?]);
    Entry::new("dynamodb", &hash)
        .ensure(progress, |out| {
            let mut fetch = Command::new("mvn");
            fetch
                .args(["-q", "-B", "-f"])
                .arg(&pom)
                .arg("dependency:copy-dependencies")
                .arg(format!("-DoutputDirectory={}", out.join("lib").display()));
            let mut compile = Command::new("javac");
            compile
                .arg("-cp")
                .arg(out.join("lib/*"))
                .arg("-d")
                .arg(out.join("classes"))
                .arg(&server);
            Ok(vec![
                Step {
                    what: "fetching DynamoDB Local",
                    command: fetch,
                },
                Step {
                    what: "compiling its loopback server",
                    command: compile,
                },
            ])
        })
        .await
}
