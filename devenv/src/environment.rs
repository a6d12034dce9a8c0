//! A running environment: starting, stopping and looking at its parts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::builder::Builder;
use crate::cache;
use crate::error::{Error, Result, file};
use crate::health;
use crate::install;
use crate::kubectl::Kubectl;
use crate::part::Part;
use crate::parts::{Built, Context, port_names};
use crate::ports::{self, Ports, Wish};
use crate::process::{Launch, Lifetime, Process, Signal};
use crate::settings::Settings;
use crate::shell;
use crate::state::{Record, State};
use crate::token;

/// A part that is not ready by then is said to be broken. Generous: machines that build beside it are slow.
const READY: Duration = Duration::from_secs(90);
/// A part that has not ended by then is killed.
const GRACE: Duration = Duration::from_secs(10);
const KILLED: Duration = Duration::from_secs(5);

/// A running environment. Dropped, it ends all its processes.
pub struct Environment {
    settings: Settings,
    ports: Ports,
    built: Built,
    parts: Mutex<Parts>,
    /// Held while we use the folder: two environments in one folder would end each other.
    _lock: Option<File>,
}

type Parts = BTreeMap<Part, Started>;

struct Started {
    process: Process,
    fingerprint: String,
}

/// How a part is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartStatus {
    /// The part.
    pub part: Part,
    /// Its process, if it runs.
    pub pid: Option<u32>,
    /// Where it listens.
    pub port: u16,
    /// `Err` says why it is not ready.
    pub ready: Result<(), String>,
    /// Its log file.
    pub log: PathBuf,
}

impl Environment {
    /// An environment for a test, in a folder that is emptied first. Processes end with this process.
    pub fn builder(run_dir: impl Into<PathBuf>) -> Builder {
        Builder::new(run_dir.into(), Lifetime::Attached)
    }

    pub(crate) async fn start(settings: Settings) -> Result<Self> {
        let mut environment = match settings.lifetime {
            Lifetime::Attached => Self::attached(settings)?,
            Lifetime::Detached => Self::detached(settings)?,
        };
        environment.settle_ports()?;
        environment.bring_up().await?;
        Ok(environment)
    }

    fn attached(settings: Settings) -> Result<Self> {
        let root = settings.paths.root().to_owned();
        let known = root.exists();
        if !known {
            std::fs::create_dir_all(&root).map_err(file(&root))?;
        } else if !settings.paths.lock().exists() {
            // Refuses a folder with foreign content before the lock file makes it look like ours.
            settings.paths.start_afresh()?;
        }
        let lock = lock_folder(&settings)?;
        settings.paths.start_afresh()?;
        Ok(Self::with_state(settings, State::default(), Some(lock)))
    }

    /// The environment that an earlier `up` left, with the parts it has.
    pub(crate) async fn open(mut settings: Settings, alone: bool) -> Result<Self> {
        if !settings.paths.state().exists() {
            return Err(Error::NotUp);
        }
        let lock = if alone {
            Some(lock_folder(&settings)?)
        } else {
            None
        };
        let state = State::load(&settings.paths.state())?.ok_or(Error::NotUp)?;
        settings.parts = state.parts.keys().copied().collect();
        settings
            .external_kubeconfig
            .clone_from(&state.external_kubeconfig);
        let mut environment = Self::with_state(settings, state, lock);
        if alone {
            environment.build().await?;
        }
        Ok(environment)
    }

    fn detached(settings: Settings) -> Result<Self> {
        settings.paths.create()?;
        let lock = lock_folder(&settings)?;
        let Some(state) = State::load(&settings.paths.state())? else {
            // What the logs of a finished environment had to tell, they have told.
            settings.paths.start_afresh()?;
            return Ok(Self::with_state(settings, State::default(), Some(lock)));
        };
        Ok(Self::with_state(settings, state, Some(lock)))
    }

    fn with_state(settings: Settings, state: State, lock: Option<File>) -> Self {
        let known = |record: Record| Started {
            process: Process::known(record.identity),
            fingerprint: record.fingerprint,
        };
        let parts = state
            .parts
            .into_iter()
            .map(|(part, record)| (part, known(record)))
            .collect();
        Self {
            settings,
            ports: state.ports,
            built: Built::default(),
            parts: Mutex::new(parts),
            _lock: lock,
        }
    }

    /// All ports are known before the first part starts: parts name each other's.
    fn settle_ports(&mut self) -> Result<()> {
        let running = self.parts.get_mut();
        let parts: BTreeSet<Part> = Part::ALL
            .into_iter()
            .chain(self.settings.parts.iter().copied())
            .collect();
        for part in parts {
            let runs = running
                .get_mut(&part)
                .is_some_and(|started| started.process.is_alive());
            for name in port_names(part) {
                let wish = self.settings.ports.get(&name).copied().unwrap_or(Wish::Any);
                let kept = self.ports.get(&name).copied();
                let port = match (kept, wish) {
                    // Restarted elsewhere, it would be lost to the parts that know it.
                    (Some(port), Wish::Exactly(wanted)) if runs && port == wanted => port,
                    (Some(port), Wish::Any | Wish::Rather(_)) if runs || ports::is_free(port) => port,
                    _ => ports::choose(&name, wish)?,
                };
                self.ports.insert(name, port);
            }
        }
        Ok(())
    }

    async fn bring_up(&mut self) -> Result<()> {
        self.build().await?;
        self.credentials().await?;
        let (operator, backends): (Vec<Part>, Vec<Part>) = self
            .settings
            .parts
            .iter()
            .copied()
            .partition(|part| part.is_operator());
        for part in &backends {
            match part {
                Part::Apiserver => self.await_ready(Part::Etcd).await?,
                Part::ControllerManager => self.await_ready(Part::Apiserver).await?,
                _ => {}
            }
            self.ensure(*part).await?;
        }
        // All that the operator speaks to is there before it starts.
        self.await_all(&backends).await?;
        if backends.contains(&Part::Apiserver) || self.settings.external_kubeconfig.is_some() {
            install::install(&self.settings, &self.kubectl_command()?).await?;
        }
        for part in &operator {
            self.ensure(*part).await?;
        }
        self.await_all(&operator).await?;
        self.end_unwanted().await?;
        self.save().await
    }

    async fn build(&mut self) -> Result<()> {
        let (parts, progress) = (&self.settings.parts, &self.settings.progress);
        if parts.iter().any(|part| Part::KUBERNETES.contains(part)) {
            self.built.kubernetes = Some(cache::kubernetes::ensure(progress).await?);
        }
        if parts.contains(&Part::Dynamodb) {
            self.built.dynamodb = Some(cache::dynamodb::ensure(progress).await?);
        }
        if parts.contains(&Part::Oidc) {
            self.built.oidc = Some(cache::oidc::ensure(progress).await?);
        }
        Ok(())
    }

    /// Certificates and kubeconfigs, before anyone needs them.
    async fn credentials(&self) -> Result<()> {
        let paths = &self.settings.paths;
        if self.settings.external_kubeconfig.is_some() {
            return install::write_impersonating_kubeconfig(
                &self.kubectl_command()?,
                &paths.operator_kubeconfig(),
            )
            .await;
        }
        if !self.settings.parts.contains(&Part::Apiserver) {
            return Ok(());
        }
        let pki = paths.pki();
        pki.ensure()?;
        let server = format!("https://127.0.0.1:{}", self.port(Part::Apiserver));
        pki.write_kubeconfig("admin", &server, &paths.kubeconfig())?;
        pki.write_kubeconfig(
            "controller-manager",
            &server,
            &paths.controller_manager_kubeconfig(),
        )?;
        pki.write_kubeconfig("operator", &server, &paths.operator_kubeconfig())
    }

    async fn await_all(&self, parts: &[Part]) -> Result<()> {
        for part in parts {
            self.await_ready(*part).await?;
        }
        Ok(())
    }

    /// Starts a part unless it runs as it would be started now.
    async fn ensure(&self, part: Part) -> Result<()> {
        let launch = self.context().launch(part)?;
        let fingerprint = fingerprint(&launch);
        let mut parts = self.parts.lock().await;
        if let Some(started) = parts.get_mut(&part)
            && started.process.is_alive()
        {
            if started.fingerprint == fingerprint {
                return Ok(());
            }
            (self.settings.progress)(&format!("{part} has changed: restarting it"));
            end(part, &mut started.process).await?;
        } else {
            (self.settings.progress)(&format!("starting {part}"));
        }
        let log = self.settings.paths.log(part);
        let process =
            Process::spawn(&launch, &log, self.settings.lifetime).map_err(|error| Error::CannotStart {
                part,
                why: error.to_string(),
            })?;
        parts.insert(part, Started { process, fingerprint });
        self.write_state(&parts)
    }

    async fn await_ready(&self, part: Part) -> Result<()> {
        let (health, log) = (self.context().health(part), self.settings.paths.log(part));
        let mut parts = self.parts.lock().await;
        let started = parts.get_mut(&part).ok_or(Error::Absent(part))?;
        health::wait(part, &mut started.process, &health, &log, READY).await
    }

    /// Ends parts of an earlier `up` that this one does not have, such as controllers when their number fell.
    async fn end_unwanted(&self) -> Result<()> {
        let mut parts = self.parts.lock().await;
        let unwanted: Vec<Part> = parts
            .keys()
            .copied()
            .filter(|part| !self.settings.parts.contains(part))
            .collect();
        for part in unwanted {
            if let Some(mut started) = parts.remove(&part) {
                end(part, &mut started.process).await?;
            }
        }
        Ok(())
    }

    /// Starts a part that was stopped or has died; one that runs is left alone. Waits until it is ready.
    pub async fn start_part(&self, part: Part) -> Result<()> {
        self.must_have(part)?;
        self.ensure(part).await?;
        self.await_ready(part).await
    }

    /// Sends a part a signal, and waits for its end if the signal is one to end by. A part that takes too long over
    /// [`Signal::TERM`] is killed.
    pub async fn stop(&self, part: Part, signal: Signal) -> Result<()> {
        self.must_have(part)?;
        let mut parts = self.parts.lock().await;
        let Some(started) = parts.get_mut(&part) else {
            return Ok(());
        };
        if !started.process.is_alive() {
            return Ok(());
        }
        if signal == Signal::TERM {
            return end(part, &mut started.process).await;
        }
        let pid = started.process.identity.pid;
        let failed = |error| Error::Signal {
            part,
            pid,
            signal,
            why: error,
        };
        started.process.signal(signal).map_err(failed)?;
        if signal.ends() && !started.process.wait(GRACE).await {
            return Err(Error::DoesNotEnd { part, pid });
        }
        Ok(())
    }

    /// Stops a part in good order, by force if it does not, and starts it again.
    pub async fn restart(&self, part: Part) -> Result<()> {
        self.must_have(part)?;
        if let Some(started) = self.parts.lock().await.get_mut(&part) {
            end(part, &mut started.process).await?;
        }
        self.start_part(part).await
    }

    /// How every part is doing.
    pub async fn status(&self) -> Result<Vec<PartStatus>> {
        let mut all = Vec::new();
        for part in self.settings.parts.iter().copied() {
            let pid = self.parts.lock().await.get_mut(&part).and_then(|started| {
                let pid = started.process.identity.pid;
                started.process.is_alive().then_some(pid)
            });
            let ready = match pid {
                Some(_) => health::check(&self.context().health(part)).await?,
                None => Err("not running".to_owned()),
            };
            all.push(PartStatus {
                part,
                pid,
                port: self.port(part),
                ready,
                log: self.log_path(part),
            });
        }
        Ok(all)
    }

    /// Ends every part, the ones that depend on others first.
    pub(crate) async fn end_all(&self) -> Result<()> {
        let mut parts = self.parts.lock().await;
        while let Some((part, mut started)) = parts.pop_last() {
            if part.is_operator() || part == Part::Emulator {
                end(part, &mut started.process).await?;
            } else {
                // What they have stored is thrown away; nobody gains from their taking leave.
                started.process.kill_blocking();
            }
        }
        Ok(())
    }

    /// Applies manifests, as `kubectl apply --server-side` does.
    pub async fn apply(&self, documents: &str) -> Result<String> {
        install::apply(&self.kubectl_command()?, documents).await
    }

    /// Runs kubectl as the administrator and returns what it printed.
    pub async fn kubectl(&self, args: &[&str]) -> Result<String> {
        self.kubectl_command()?.run(args, None).await
    }

    /// A bearer token of a demo user (`alice`, `mia`, `bob`) for the API.
    pub async fn token(&self, user: &str) -> Result<String> {
        token::access_token(&self.oidc_issuer(), &self.api_url(), user).await
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.context().kubeconfig()
    }

    /// A kubeconfig with the operator's own account, which may do what its roles say.
    pub fn operator_kubeconfig_path(&self) -> PathBuf {
        self.settings.paths.operator_kubeconfig()
    }

    /// Control planes of IVS and IVS Chat, and the emulator's administration under `/_emulator/`.
    pub fn emulator_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port(Part::Emulator))
    }

    /// DynamoDB.
    pub fn dynamodb_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port(Part::Dynamodb))
    }

    /// The OIDC issuer, exactly as in the tokens.
    pub fn oidc_issuer(&self) -> String {
        format!("http://localhost:{}", self.port(Part::Oidc))
    }

    /// The operator's API; its port is reserved for a test's own server where the part is not started.
    pub fn api_url(&self) -> String {
        format!("http://localhost:{}", self.port(Part::Api))
    }

    /// Probes and metrics of a controller.
    pub fn controller_url(&self, replica: u8) -> String {
        format!("http://127.0.0.1:{}", self.port(Part::Controller(replica)))
    }

    /// The registry's table.
    pub fn registry_table(&self) -> &str {
        &self.settings.registry_table
    }

    /// The folder with all logs.
    pub fn log_dir(&self) -> PathBuf {
        self.settings.paths.logs()
    }

    /// A part's log.
    pub fn log_path(&self, part: Part) -> PathBuf {
        self.settings.paths.log(part)
    }

    /// The apiserver's audit log: a JSON object a line for every request, except those of Kubernetes itself.
    pub fn audit_log_path(&self) -> PathBuf {
        self.settings.paths.audit_log()
    }

    /// Environment variables that make a program speak to this environment.
    pub fn variables(&self) -> Vec<(String, String)> {
        shell::variables(&self.context())
    }

    /// The folder with kubectl.
    pub(crate) fn tools(&self) -> Option<&Path> {
        self.built.kubernetes.as_deref()
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    fn must_have(&self, part: Part) -> Result<()> {
        if self.settings.parts.contains(&part) {
            Ok(())
        } else {
            Err(Error::Absent(part))
        }
    }

    fn port(&self, part: Part) -> u16 {
        self.ports.get(&part.to_string()).copied().unwrap_or_default()
    }

    fn context(&self) -> Context<'_> {
        Context {
            settings: &self.settings,
            paths: &self.settings.paths,
            ports: &self.ports,
            built: &self.built,
        }
    }

    fn kubectl_command(&self) -> Result<Kubectl> {
        let program = match &self.built.kubernetes {
            Some(dir) => dir.join("kubectl"),
            None => cache::kubernetes::on_path("kubectl").ok_or_else(|| Error::Program {
                program: "kubectl".to_owned(),
                source: std::io::ErrorKind::NotFound.into(),
            })?,
        };
        let cache = self.settings.paths.data().join("kubectl");
        Ok(Kubectl {
            program,
            kubeconfig: self.kubeconfig_path(),
            cache,
        })
    }

    async fn save(&self) -> Result<()> {
        self.write_state(&*self.parts.lock().await)
    }

    fn write_state(&self, parts: &Parts) -> Result<()> {
        let record = |started: &Started| Record {
            identity: started.process.identity,
            fingerprint: started.fingerprint.clone(),
        };
        let state = State {
            ports: self.ports.clone(),
            external_kubeconfig: self.settings.external_kubeconfig.clone(),
            parts: parts
                .iter()
                .map(|(part, started)| (*part, record(started)))
                .collect(),
        };
        state.save(&self.settings.paths.state())
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if self.settings.lifetime == Lifetime::Attached {
            while let Some((_, mut started)) = self.parts.get_mut().pop_last() {
                started.process.kill_blocking();
            }
        }
    }
}

fn lock_folder(settings: &Settings) -> Result<File> {
    let path = settings.paths.lock();
    let lock = File::create(&path).map_err(file(&path))?;
    lock.lock().map_err(file(&path))?;
    Ok(lock)
}

/// Ends a process: asks, then insists.
async fn end(part: Part, process: &mut Process) -> Result<()> {
    // The apiserver waits a minute for its watchers to leave; what it has stored is safe with etcd.
    let grace = if part == Part::Apiserver { GRACE / 5 } else { GRACE };
    for (signal, limit) in [(Signal::TERM, grace), (Signal::KILL, KILLED)] {
        if process.is_alive() {
            // It may end between the look and the signal.
            let _ = process.signal(signal);
        }
        if process.wait(limit).await {
            return Ok(());
        }
    }
    Err(Error::DoesNotEnd {
        part,
        pid: process.identity.pid,
    })
}

/// Changes when the program's file, its arguments or its variables do.
fn fingerprint(launch: &Launch) -> String {
    let stamp = |metadata: Metadata| {
        (
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ino(),
        )
    };
    let program = std::fs::metadata(&launch.program).map(stamp).ok();
    let text = format!("{launch:?} {program:?}");
    cache::short_hash([text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_follows_program_arguments_and_variables() {
        let path = std::env::temp_dir().join(format!("devenv-program-{}", std::process::id()));
        std::fs::write(&path, "one").unwrap();
        let launch = Launch::new(&path, "/").arg("a");
        let first = fingerprint(&launch);
        assert_eq!(fingerprint(&launch), first);
        assert_ne!(fingerprint(&launch.clone().arg("b")), first);
        assert_ne!(fingerprint(&launch.clone().env("A", "b")), first);
        std::fs::write(&path, "other").unwrap();
        assert_ne!(fingerprint(&launch), first);
        std::fs::remove_file(&path).unwrap();
    }
}
