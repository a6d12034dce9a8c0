//! The command `ivs-emulator`: flags, logging, signals. Everything else is in the library.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};
use ivs_emulator::{Config, DEFAULT_ACCOUNT};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use url::Url;

/// Emulates Amazon IVS and Amazon IVS Chat.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Address and port to listen on; port 0 takes a free one and says which.
    #[arg(
        long,
        env = "IVS_EMULATOR_LISTEN",
        default_value = "127.0.0.1:4570",
        value_name = "ADDRESS:PORT"
    )]
    listen: String,
    /// Where clients reach this server; goes into playback URLs. By default localhost with the port of --listen.
    #[arg(long, env = "IVS_EMULATOR_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
    /// The account that all callers belong to, whatever their access key.
    #[arg(long, env = "IVS_EMULATOR_ACCOUNT", default_value = DEFAULT_ACCOUNT, value_name = "12 DIGITS", value_parser = account)]
    account: String,
    /// Misbehave within what AWS allows: late lists, lost answers, throttling, odd pages.
    #[arg(long, env = "IVS_EMULATOR_CHAOS")]
    chaos: bool,
    /// Start of everything random in faults and pages; the same seed repeats the same run.
    #[arg(long, env = "IVS_EMULATOR_SEED", value_name = "NUMBER")]
    seed: Option<u64>,
    /// What to log: error, warn, info, debug, trace, or a list of target=level.
    #[arg(long, env = "IVS_EMULATOR_LOG", default_value = "info", value_name = "FILTER", value_parser = log_filter)]
    log: String,
}

fn public_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) || url.query().is_some() || url.fragment().is_some() {
        return Err("must be an http or https URL without query and fragment".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("must be 12 digits".to_owned())
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

/// A misspelt variable would silently do nothing.
fn check_environment(mut names: impl Iterator<Item = String>) -> Result<(), String> {
    let command = Args::command();
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| argument.get_env())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    match names.find(|name| name.starts_with("IVS_EMULATOR_") && !known.contains(name)) {
        Some(name) => Err(format!(
            "unknown environment variable {name}; there are {}",
            known.join(", ")
        )),
        None => Ok(()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    if let Err(message) =
        check_environment(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
    {
        eprintln!("error: {message}");
        return ExitCode::from(2);
    }
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&args.log))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), String> {
    let listener = TcpListener::bind(&args.listen).await.map_err(|error| {
        format!(
            "cannot listen on --listen {} (ADDRESS:PORT, such as 127.0.0.1:4570): {error}",
            args.listen
        )
    })?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    };
    let config = Config {
        public_url: args.public_url,
        account: args.account,
        seed: args.seed,
        chaos: args.chaos,
    };
    ivs_emulator::serve(listener, config, shutdown)
        .await
        .map_err(|error| error.to_string())
}
