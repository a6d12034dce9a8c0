//! What is fixed when the emulator starts. What can change while it runs is in `settings`.

use rand::RngExt as _;

use crate::chaos;
use crate::layers::faults::Rule;
use crate::settings::Settings;

/// What is fixed when the emulator starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where clients reach the server, without a slash at the end. By default the listener's address.
    pub public_url: Option<String>,
    /// Twelve digits: the account that all callers belong to.
    pub account: String,
    /// Start of everything random in faults and pages. By default a new one each time.
    pub seed: Option<u64>,
    /// Whether to misbehave, within what AWS allows, from the start.
    pub chaos: bool,
}

/// The account that is used when none is named.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: None,
            account: DEFAULT_ACCOUNT.to_owned(),
            seed: None,
            chaos: false,
        }
    }
}

impl Config {
    /// The settings and faults that the emulator starts with, and that a reset goes back to.
    pub(crate) fn initial(&self) -> (Settings, Vec<Rule>) {
        // Within what JSON numbers carry exactly, so that it can be given back as it was shown.
        let seed = self.seed.unwrap_or_else(|| rand::rng().random_range(0..1 << 53));
        if self.chaos {
            (chaos::settings(seed), chaos::faults())
        } else {
            (
                Settings {
                    seed,
                    ..Settings::default()
                },
                Vec::new(),
            )
        }
    }
}
