//! Where things are in the checkout that this was built from.

use std::path::{Path, PathBuf};

/// `devenv/`, where the sources of the foreign parts are.
pub(crate) fn devenv() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    devenv().parent().unwrap_or(devenv())
}

/// One of our own binaries: named by an environment variable, else beside the running program.
pub(crate) fn binary(name: &str, variable: &str) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
        return Some(PathBuf::from(path)).filter(|path| path.is_file());
    }
    let program = std::env::current_exe().ok()?;
    // Tests run from `deps/`, one below the binaries.
    program
        .ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}
