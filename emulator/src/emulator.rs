//! The emulator without HTTP: everything it knows behind one lock, and the way of a call through the layers.
//!
//! Nothing here waits; delays and sockets are `http`'s business. Administration reaches in through [`Emulator::with`].

use jiff::Timestamp;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::config::Config;
use crate::error::{ApiError, ErrorKind};
use crate::layers::access::{self, Subject};
use crate::layers::calls::{Call, CallLog};
use crate::layers::faults::{Effect, Faults, Verdict};
use crate::layers::throttle::Throttle;
use crate::operation::{Operation, Prepared, Reply};
use crate::settings::Settings;
use crate::state::page::Pager;
use crate::state::{Ctx, State};

/// One running emulator.
pub struct Emulator {
    /// What was fixed at the start.
    pub config: Config,
    /// Where clients reach it.
    pub public_url: String,
    /// When it started.
    pub started: Timestamp,
    page_secret: [u8; 32],
    inner: Mutex<Inner>,
}

/// What changes.
pub struct Inner {
    /// Resources.
    pub state: State,
    /// Behaviour.
    pub settings: Settings,
    /// Fault rules.
    pub faults: Faults,
    /// Call log.
    pub calls: CallLog,
    throttle: Throttle,
    dice: StdRng,
}

impl Inner {
    /// Starts everything random anew.
    pub fn reseed(&mut self) {
        self.dice = StdRng::seed_from_u64(self.settings.seed);
    }

    /// Forgets every resource.
    pub fn forget_resources(&mut self) {
        self.state = State::default();
        self.throttle = Throttle::default();
    }
}

/// What became of a call.
pub struct Outcome {
    /// The answer; none if the connection is to be closed without one.
    pub answer: Option<Result<Reply, ApiError>>,
    /// Whether the operation succeeded, whatever the client is told.
    pub applied: bool,
}

impl Emulator {
    /// A new one without resources.
    pub fn new(config: Config, public_url: String) -> Self {
        let (settings, rules) = config.initial();
        let mut faults = Faults::default();
        if let Err(error) = faults.replace(rules) {
            tracing::error!(%error, "initial faults refused");
        }
        let inner = Inner {
            state: State::default(),
            dice: StdRng::seed_from_u64(settings.seed),
            settings,
            faults,
            calls: CallLog::default(),
            throttle: Throttle::default(),
        };
        Self {
            config,
            public_url,
            started: Timestamp::now(),
            page_secret: rand::rng().random(),
            inner: Mutex::new(inner),
        }
    }

    /// Looks at or changes anything, for administration.
    pub fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.lock())
    }

    /// Decides what a call is to suffer.
    pub fn judge(&self, operation: &Operation, arn: Option<&str>, name: Option<&str>) -> Verdict {
        let inner = &mut *self.inner.lock();
        inner.faults.judge(operation, arn, name, &mut inner.dice)
    }

    /// Carries a call out, with what the verdict has in store for it.
    pub fn run(
        &self,
        operation: &Operation,
        subject: &Subject<'_>,
        prepared: Result<Prepared, ApiError>,
        effect: Option<Effect>,
    ) -> Outcome {
        match effect {
            Some(Effect::DropBefore) => {
                return Outcome {
                    answer: None,
                    applied: false,
                };
            }
            Some(effect) => {
                if let Some(error) = refusal(effect, operation, subject) {
                    return Outcome {
                        answer: Some(Err(error)),
                        applied: false,
                    };
                }
            }
            None => {}
        }
        let answer = prepared.and_then(|prepared| self.apply(operation, subject, prepared));
        let applied = answer.is_ok();
        let answer = match effect {
            Some(Effect::DropAfter) => None,
            Some(Effect::Error500After) => Some(Err(internal())),
            _ => Some(answer),
        };
        Outcome { answer, applied }
    }

    /// Permissions, call rates, and then the operation itself (A1).
    fn apply(
        &self,
        operation: &Operation,
        subject: &Subject<'_>,
        prepared: Prepared,
    ) -> Result<Reply, ApiError> {
        let now = Timestamp::now();
        let inner = &mut *self.inner.lock();
        let settings = &inner.settings;
        access::check(settings, operation, subject)?;
        inner.throttle.admit(settings, operation, subject.region, now)?;
        let jitter = settings.page_size_jitter;
        let shrink = if jitter > 0.0 {
            inner.dice.random_range(0.0..=jitter)
        } else {
            0.0
        };
        let ctx = Ctx {
            now,
            region: subject.region,
            account: &self.config.account,
            public_url: &self.public_url,
            settings,
            pager: Pager {
                secret: &self.page_secret,
                shrink,
            },
        };
        prepared(inner.state.region(subject.region, now), &ctx)
    }

    /// Writes a call into the log.
    pub fn log(&self, call: Call) {
        let inner = &mut *self.inner.lock();
        inner.calls.push(call, inner.settings.call_log_size);
    }
}

fn internal() -> ApiError {
    ApiError::new(ErrorKind::InternalServer, "Internal server error")
}

/// The error of an effect that keeps the operation from being applied.
fn refusal(effect: Effect, operation: &Operation, subject: &Subject<'_>) -> Option<ApiError> {
    let rate = u64::from(operation.rate);
    match effect {
        Effect::Throttle => Some(ApiError::throttled(operation.service, operation.name, rate)),
        Effect::Error500Before => Some(internal()),
        Effect::AccessDenied => Some(access::denied(operation, subject)),
        Effect::Quota402 => Some(ApiError::quota(
            subject.arn.unwrap_or_default(),
            0,
            "Service quota exceeded",
        )),
        Effect::PendingVerification => Some(ApiError::pending_verification()),
        Effect::Error500After | Effect::DropBefore | Effect::DropAfter | Effect::Delay => None,
    }
}
