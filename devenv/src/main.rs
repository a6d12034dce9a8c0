//! `devenv up | down | status | restart | stop | start | logs | token`; everything is in the library.

use std::process::ExitCode;

use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match devenv::command::run(devenv::command::Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("devenv: {error}");
            ExitCode::FAILURE
        }
    }
}
