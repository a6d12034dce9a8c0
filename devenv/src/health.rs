//! Waiting until a part answers as it should.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client};

use crate::error::{Error, Result, file};
use crate::logs::tail;
use crate::part::Part;
use crate::parts::Health;
use crate::process::Process;

/// How many lines of a log an error shows.
const TAIL: usize = 12;
const PAUSE: Duration = Duration::from_millis(50);
const ATTEMPT: Duration = Duration::from_secs(2);

/// Asks a part whether it is ready; `Err` says why not.
pub(crate) async fn check(health: &Health) -> Result<Result<(), String>> {
    ask(&client(health)?, health).await
}

/// Waits for a part that was started.
pub(crate) async fn wait(
    part: Part,
    process: &mut Process,
    health: &Health,
    log: &Path,
    limit: Duration,
) -> Result<()> {
    let client = client(health)?;
    let start = Instant::now();
    loop {
        if let Some(status) = process.exit_status() {
            return Err(Error::Ended {
                part,
                status,
                log: log.to_owned(),
                tail: tail(log, TAIL),
            });
        }
        let Err(why) = ask(&client, health).await? else {
            return Ok(());
        };
        if start.elapsed() > limit {
            return Err(Error::NotReady {
                part,
                seconds: limit.as_secs(),
                why,
                log: log.to_owned(),
                tail: tail(log, TAIL),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn client(health: &Health) -> Result<Client> {
    let mut builder = Client::builder().timeout(ATTEMPT).no_proxy();
    if let Some(path) = &health.authority {
        let pem = std::fs::read(path).map_err(file(path))?;
        builder = builder.tls_certs_only([Certificate::from_pem(&pem)?]);
    }
    Ok(builder.build()?)
}

async fn ask(client: &Client, health: &Health) -> Result<Result<(), String>> {
    let response = match client.get(&health.url).send().await {
        Ok(response) => response,
        Err(error) => return Ok(Err(innermost(&error))),
    };
    if health.any_status || response.status().is_success() {
        return Ok(Ok(()));
    }
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let text: String = text.trim().chars().take(500).collect();
    Ok(Err(format!("{} answers {status}: {text}", health.url)))
}

/// The cause at the bottom says most ("connection refused").
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match error.url() {
        Some(url) => format!("{url}: {cause}"),
        None => cause.to_string(),
    }
}
