//! The `devenv` command: one environment that stays up, in `target/devenv` of the checkout.
#![allow(clippy::print_stdout, reason = "a command speaks on standard output")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use crate::builder::Builder;
use crate::cache;
use crate::environment::Environment;
use crate::error::{Error, Result, file};
use crate::part::Part;
use crate::paths::Paths;
use crate::ports::Wish;
use crate::process::{Lifetime, Signal};
use crate::shell;
use crate::state::State;
use crate::tree;

/// Starts and stops the development environment: real Kubernetes without nodes, DynamoDB Local, an OIDC provider,
/// the emulator of Amazon IVS, and the operator.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// Folder of the environment's files; target/devenv of the checkout unless given
    #[arg(long, env = "IVS_OPERATOR_DEVENV_DIR", global = true)]
    run_dir: Option<PathBuf>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Build and fetch the programs of others, without starting anything: once, several minutes
    Prepare,
    /// Start everything that does not run or whose program has changed, and leave it running.
    /// With KUBECONFIG set, that cluster is used instead of one of our own
    Up(Up),
    /// End everything; the logs stay
    Down,
    /// Show how every part is doing
    Status,
    /// Stop a part and start it again
    Restart {
        /// As `status` names it
        part: Part,
    },
    /// Stop a part
    Stop {
        /// As `status` names it
        part: Part,
        /// TERM, KILL, INT; STOP freezes the part and CONT lets it go on
        #[arg(long, default_value = "TERM")]
        signal: Signal,
    },
    /// Start a part that was stopped
    Start {
        /// As `status` names it
        part: Part,
    },
    /// Show the end of a part's log
    Logs {
        /// As `status` names it
        part: Part,
        /// Go on showing what comes
        #[arg(short, long)]
        follow: bool,
        /// How many lines
        #[arg(short = 'n', long, default_value_t = 100)]
        lines: u32,
    },
    /// Print a bearer token for the API
    Token {
        /// alice (owns the examples), mia (moderates them) or bob (a viewer)
        user: String,
    },
}

#[derive(Debug, clap::Args)]
struct Up {
    /// Only these parts, separated by commas; everything unless given
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    parts: Vec<Part>,
    /// How many controllers run beside each other
    #[arg(long, default_value_t = 1, conflicts_with = "parts", value_parser = clap::value_parser!(u8).range(0..=9))]
    controllers: u8,
    /// Folder of the manifests to apply; the checkout's unless given
    #[arg(long)]
    manifests: Option<PathBuf>,
    /// Port of API and web client; 3000 if it is free, else any
    #[arg(long)]
    api_port: Option<u16>,
    /// Port of the emulator; 4570 if it is free, else any
    #[arg(long)]
    emulator_port: Option<u16>,
    /// Port of the OIDC provider; 4571 if it is free, else any
    #[arg(long)]
    oidc_port: Option<u16>,
}

impl Up {
    fn parts(&self) -> Vec<Part> {
        if !self.parts.is_empty() {
            return self.parts.clone();
        }
        let controllers = (1..=self.controllers).map(Part::Controller);
        Part::BACKENDS
            .into_iter()
            .chain(controllers)
            .chain([Part::Api])
            .collect()
    }
}

/// Does what the arguments say.
pub async fn run(arguments: Arguments) -> Result<()> {
    let dir = arguments
        .run_dir
        .unwrap_or_else(|| tree::root().join("target/devenv"));
    // The parts run in other folders than this command.
    let dir = std::path::absolute(&dir).map_err(file(&dir))?;
    match arguments.action {
        Action::Prepare => {
            cache::ensure_all(&Builder::new(dir, Lifetime::Detached).into_settings().progress).await
        }
        Action::Up(options) => up(&dir, &options).await,
        Action::Down => down(&dir).await,
        Action::Status => status(&dir).await,
        Action::Restart { part } => open(&dir, true).await?.restart(part).await,
        Action::Stop { part, signal } => open(&dir, true).await?.stop(part, signal).await,
        Action::Start { part } => open(&dir, true).await?.start_part(part).await,
        Action::Logs { part, follow, lines } => logs(&Paths::new(dir).log(part), follow, lines),
        Action::Token { user } => {
            println!("{}", open(&dir, false).await?.token(&user).await?);
            Ok(())
        }
    }
}

async fn open(dir: &Path, alone: bool) -> Result<Environment> {
    Environment::open(
        Builder::new(dir.to_owned(), Lifetime::Detached).into_settings(),
        alone,
    )
    .await
}

async fn up(dir: &Path, options: &Up) -> Result<()> {
    let paths = Paths::new(dir);
    let external = foreign_kubeconfig(&paths);
    if let Some(state) = State::load(&paths.state())?
        && state.external_kubeconfig != external
    {
        return Err(Error::OtherCluster);
    }
    let wish = |given: Option<u16>, usual| given.map_or(Wish::Rather(usual), Wish::Exactly);
    let mut builder = Builder::new(dir.to_owned(), Lifetime::Detached);
    if let Some(manifests) = &options.manifests {
        builder = builder.manifests(Some(manifests.clone()));
    }
    let environment = builder
        .parts(options.parts())
        .external_kubeconfig(external)
        .port("api", wish(options.api_port, 3000))
        .port("emulator", wish(options.emulator_port, 4570))
        .port("oidc", wish(options.oidc_port, 4571))
        .start()
        .await?;
    let bin = link_tools(&paths, environment.tools())?;
    let text = shell::env_file(&environment.variables(), &[bin]);
    fs::write(paths.env_file(), text).map_err(file(paths.env_file()))?;
    print_status(&environment).await?;
    println!(
        "\nFor kubectl, devenv and AWS clients in your shell:  . {}",
        paths.env_file().display()
    );
    Ok(())
}

/// `KUBECONFIG` of the person's environment, unless it is the one that our own env file sets.
fn foreign_kubeconfig(paths: &Paths) -> Option<PathBuf> {
    std::env::var_os("KUBECONFIG")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .filter(|path| *path != paths.kubeconfig())
}

/// A folder for the shell's `PATH`, with nothing else in it.
fn link_tools(paths: &Paths, kubernetes: Option<&Path>) -> Result<PathBuf> {
    let bin = paths.data().join("bin");
    fs::create_dir_all(&bin).map_err(file(&bin))?;
    let ourselves = std::env::current_exe().map_err(file("devenv"))?;
    let kubectl = kubernetes.map(|dir| dir.join("kubectl"));
    for (name, target) in [("devenv", Some(ourselves)), ("kubectl", kubectl)] {
        let link = bin.join(name);
        if let Some(target) = target
            && fs::read_link(&link).ok().as_ref() != Some(&target)
        {
            // Usually there is none yet.
            let _ = fs::remove_file(&link);
            symlink(target, &link).map_err(file(link))?;
        }
    }
    Ok(bin)
}

async fn down(dir: &Path) -> Result<()> {
    match open(dir, true).await {
        Ok(environment) => {
            environment.end_all().await?;
            environment.settings().paths.clear()?;
            println!(
                "all parts ended; their logs are in {}",
                environment.log_dir().display()
            );
            Ok(())
        }
        Err(Error::NotUp) => {
            println!("nothing is up");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

async fn status(dir: &Path) -> Result<()> {
    let environment = open(dir, false).await?;
    if print_status(&environment).await? {
        Ok(())
    } else {
        Err(Error::NotAllReady)
    }
}

/// Prints the table; true if all is well.
async fn print_status(environment: &Environment) -> Result<bool> {
    let parts = environment.status().await?;
    println!("{:<20} {:<8} {:>8} {:>6}  LOG", "PART", "STATE", "PID", "PORT");
    for part in &parts {
        let state = match (&part.ready, part.pid) {
            (Ok(()), _) => "ready",
            (Err(_), Some(_)) => "unwell",
            (Err(_), None) => "down",
        };
        let pid = part.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        println!(
            "{:<20} {state:<8} {pid:>8} {:>6}  {}",
            part.part,
            part.port,
            part.log.display()
        );
    }
    for part in parts.iter().filter(|part| part.pid.is_some()) {
        if let Err(why) = &part.ready {
            println!("{}: {why}", part.part);
        }
    }
    Ok(parts.iter().all(|part| part.ready.is_ok()))
}

fn logs(path: &Path, follow: bool, lines: u32) -> Result<()> {
    let mut tail = std::process::Command::new("tail");
    tail.arg("-n")
        .arg(lines.to_string())
        .args(follow.then_some("-F"))
        .arg(path);
    let failed = |source| Error::Program {
        program: "tail".to_owned(),
        source,
    };
    if tail.status().map_err(failed)?.success() {
        Ok(())
    } else {
        Err(Error::NotUp)
    }
}
