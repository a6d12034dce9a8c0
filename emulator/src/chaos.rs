//! What `--chaos` means: default settings and faults that a client of AWS has to cope with anyway.
//!
//! Nothing here is special: the same can be set through `/_emulator/settings` and `/_emulator/faults`.

use crate::layers::faults::{Effect, Rule};
use crate::settings::{Quotas, Settings};

/// Late lists, late reads, slow ends of streams, odd pages, call rates as documented.
pub fn settings(seed: u64) -> Settings {
    Settings {
        list_lag_ms: 1_500,
        read_after_write_lag_ms: 300,
        stop_delay_ms: 4_000,
        page_size_jitter: 0.7,
        quotas: Quotas {
            call_rates: true,
            ..Quotas::default()
        },
        seed,
        ..Settings::default()
    }
}

/// Lost answers, errors before and after the deed, throttling, slow answers.
pub fn faults() -> Vec<Rule> {
    let rule = |id: &str, operation: &str, probability: f64, effect: Effect, ms: Option<u64>| Rule {
        id: format!("chaos-{id}"),
        operation: operation.to_owned(),
        matching: None,
        nth: None,
        count: None,
        probability: Some(probability),
        effect,
        ms,
    };
    vec![
        rule("slow", "*", 0.05, Effect::Delay, Some(500)),
        rule("throttle", "*", 0.03, Effect::Throttle, None),
        rule("error-before", "*", 0.01, Effect::Error500Before, None),
        rule("error-after", "*", 0.02, Effect::Error500After, None),
        rule("drop-before", "*", 0.01, Effect::DropBefore, None),
        rule("lost-create", "Create*", 0.05, Effect::DropAfter, None),
        rule("lost-answer", "*", 0.01, Effect::DropAfter, None),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::faults::Faults;

    #[test]
    fn the_faults_are_valid() {
        Faults::default().replace(faults()).unwrap();
    }
}
