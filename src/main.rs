//! The one binary: `ivs-operator controller`, `ivs-operator api`, `ivs-operator crd`.

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use ivs_operator::{
    api::{self, ApiOptions},
    controller::{self, ControllerOptions},
};
use tokio_util::sync::CancellationToken;

/// Kubernetes operator that turns a LiveStream into an Amazon IVS channel and an IVS Chat room.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// What to log: a level, or directives such as `info,ivs_operator=debug`.
    #[arg(long, global = true, env = "IVS_OPERATOR_LOG", default_value = "info")]
    log: String,

    /// How to log.
    #[arg(
        long,
        global = true,
        env = "IVS_OPERATOR_LOG_FORMAT",
        value_enum,
        default_value = "text"
    )]
    log_format: LogFormat,

    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// For log collectors: one JSON object a line.
    Json,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum CrdFormat {
    /// For kubectl and people.
    Yaml,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes LiveStreams true in AWS.
    Controller(Box<ControllerOptions>),
    /// Serves the API and the web client.
    Api(Box<ApiOptions>),
    /// Prints the CustomResourceDefinition.
    Crd {
        /// In which form.
        #[arg(long, value_enum, default_value = "yaml")]
        format: CrdFormat,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ivs-operator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // Before anything opens a connection, so that no dependency can bring a second TLS provider into play.
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        return Err("a TLS provider was installed already".into());
    }
    match arguments.command {
        Command::Crd { format } => {
            use std::io::Write;
            let definition = ivs_operator::crd::definition();
            let text = match format {
                CrdFormat::Yaml => serde_yaml::to_string(&definition)?,
                CrdFormat::Json => serde_json::to_string_pretty(&definition)? + "\n",
            };
            std::io::stdout().write_all(text.as_bytes())?;
        }
        Command::Api(options) => {
            start_logging(&arguments.log, arguments.log_format)?;
            api::run(*options, kubernetes().await?, shutdown()?.cancelled_owned()).await?;
        }
        Command::Controller(options) => {
            start_logging(&arguments.log, arguments.log_format)?;
            controller::run(*options, kubernetes().await?, shutdown()?.cancelled_owned()).await?;
        }
    }
    Ok(())
}

fn start_logging(filter: &str, format: LogFormat) -> Result<(), Box<dyn std::error::Error>> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).map_err(|error| {
        format!("--log: {error}; give a level such as info, or directives such as info,kube=debug")
    })?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    Ok(())
}

async fn kubernetes() -> Result<kube::Client, Box<dyn std::error::Error>> {
    let mut config = kube::Config::infer().await.map_err(|error| {
        format!("no Kubernetes configuration: set KUBECONFIG or run in a cluster: {error}")
    })?;
    // Every caller has its own patience; hidden retries would hold a reconciliation or a lease renewal for minutes.
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    Ok(kube::Client::try_from(config)?)
}

/// Ends at SIGTERM or SIGINT.
fn shutdown() -> std::io::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop");
        cancelled.cancel();
    });
    Ok(token)
}
