//! The real environment that demo, tests and benchmarks run in: Kubernetes without nodes, DynamoDB Local, an OIDC
//! provider, the emulator of Amazon IVS, and the operator's own programs. This is the only place that starts servers.
//!
//! ```no_run
//! # async fn example() -> Result<(), devenv::Error> {
//! use devenv::{Environment, Part, Signal};
//!
//! let env = Environment::builder("/tmp/my-test")
//!     .parts(Part::BACKENDS)
//!     .controllers(2)
//!     .controller_args(["--sweep-interval=1s"])
//!     .start()
//!     .await?;
//! println!("export KUBECONFIG={}", env.kubeconfig_path().display());
//! env.stop(Part::Controller(1), Signal::KILL).await?;
//! env.start_part(Part::Controller(1)).await?;
//! env.restart(Part::Emulator).await?;
//! # Ok(())
//! # }
//! ```
//!
//! All processes end when the [`Environment`] is dropped, and also when the program that holds it is killed.

use std::sync::Arc;

mod builder;
mod cache;
pub mod command;
mod environment;
mod error;
mod health;
mod install;
mod kubectl;
mod logs;
mod part;
mod parts;
mod paths;
mod pki;
mod ports;
mod process;
mod settings;
mod shell;
mod state;
mod token;
mod tree;

pub use builder::Builder;
pub use environment::{Environment, PartStatus};
pub use error::Error;
pub use part::Part;
pub use process::Signal;

/// Hears, in a few words, what is going on.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;
