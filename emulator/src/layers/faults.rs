//! Faults on demand: rules that say which calls are to suffer what. The document of `/_emulator/faults`.
//!
//! A rule is decided on when the call arrives; `emulator` carries it out.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::access;
use crate::operation::Operation;

/// What befalls a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// 429, not applied.
    Throttle,
    /// 500, not applied.
    Error500Before,
    /// Applied, then 500.
    Error500After,
    /// The connection is closed, not applied.
    DropBefore,
    /// Applied, then the connection is closed without an answer.
    DropAfter,
    /// Everything happens `ms` later.
    Delay,
    /// 403, not applied.
    AccessDenied,
    /// 402, not applied.
    Quota402,
    /// 403, not applied.
    PendingVerification,
}

/// Which calls suffer what.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Names the rule. Given one if there is none.
    #[serde(default)]
    pub id: String,
    /// `CreateChannel`, `ivs:TagResource`, `ivschat:*`, `Create*`, `*`.
    pub operation: String,
    /// Only requests whose ARN or name contains this.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matching: Option<String>,
    /// From the n-th such call on, starting with 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// How many calls. By default one where `nth` is given, else all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Only this part of them, at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What they suffer.
    pub effect: Effect,
    /// How long they wait; with `delay` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}

impl Rule {
    fn validate(&self) -> Result<(), String> {
        let say = |message: &str| Err(format!("fault {:?}: {message}", self.id));
        if !access::is_known(&self.operation) {
            return say(&format!("no operation is named {:?}", self.operation));
        }
        if self.nth == Some(0) {
            return say("nth starts with 1");
        }
        if self
            .probability
            .is_some_and(|probability| !(0.0..=1.0).contains(&probability))
        {
            return say("probability must be between 0 and 1");
        }
        if (self.effect == Effect::Delay) != self.ms.is_some() {
            return say("ms is needed with the effect delay and allowed with no other");
        }
        Ok(())
    }

    fn concerns(&self, operation: &Operation, arn: Option<&str>, name: Option<&str>) -> bool {
        access::names(&self.operation, operation.service, operation.name)
            && self.matching.as_deref().is_none_or(|part| {
                arn.is_some_and(|arn| arn.contains(part)) || name.is_some_and(|name| name.contains(part))
            })
    }

    fn limit(&self) -> u64 {
        self.count
            .unwrap_or(if self.nth.is_some() { 1 } else { u64::MAX })
    }
}

/// A rule and what it has done.
#[derive(Debug, Clone, Serialize)]
pub struct Armed {
    #[serde(flatten)]
    rule: Rule,
    /// Calls that it concerned.
    seen: u64,
    /// Calls that suffered.
    fired: u64,
}

/// What one call is to suffer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// It waits so long first.
    pub delay_ms: u64,
    /// And then this.
    pub effect: Option<Effect>,
    /// The first rule that fired.
    pub rule: Option<String>,
}

/// All rules, in order.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Vec<Armed>,
    named: u64,
}

impl Faults {
    /// The rules with their counts.
    pub fn armed(&self) -> &[Armed] {
        &self.armed
    }

    /// Replaces all rules and starts counting anew.
    pub fn replace(&mut self, rules: Vec<Rule>) -> Result<(), String> {
        let mut faults = Self {
            armed: Vec::new(),
            named: self.named,
        };
        for rule in rules {
            if !rule.id.is_empty() && faults.armed.iter().any(|armed| armed.rule.id == rule.id) {
                return Err(format!("two faults have the id {:?}", rule.id));
            }
            faults.set(rule)?;
        }
        *self = faults;
        Ok(())
    }

    /// Adds a rule, in the place of the one with the same id if there is one.
    pub fn set(&mut self, mut rule: Rule) -> Result<(), String> {
        if rule.id.is_empty() {
            self.named += 1;
            rule.id = format!("fault-{}", self.named);
        }
        rule.validate()?;
        let armed = Armed {
            rule,
            seen: 0,
            fired: 0,
        };
        match self.armed.iter_mut().find(|old| old.rule.id == armed.rule.id) {
            Some(old) => *old = armed,
            None => self.armed.push(armed),
        }
        Ok(())
    }

    /// Removes a rule.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.armed.len();
        self.armed.retain(|armed| armed.rule.id != id);
        self.armed.len() < before
    }

    /// What a call is to suffer: all delays that fit, and the first other effect.
    pub fn judge(
        &mut self,
        operation: &Operation,
        arn: Option<&str>,
        name: Option<&str>,
        dice: &mut StdRng,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        for armed in &mut self.armed {
            let Armed { rule, seen, fired } = armed;
            let is_delay = rule.effect == Effect::Delay;
            if !rule.concerns(operation, arn, name) || (!is_delay && verdict.effect.is_some()) {
                continue;
            }
            *seen += 1;
            if *seen < rule.nth.unwrap_or(1) || *fired >= rule.limit() {
                continue;
            }
            if rule
                .probability
                .is_some_and(|probability| !dice.random_bool(probability))
            {
                continue;
            }
            *fired += 1;
            if is_delay {
                verdict.delay_ms = verdict.delay_ms.saturating_add(rule.ms.unwrap_or(0));
            } else {
                verdict.effect = Some(rule.effect);
            }
            verdict.rule.get_or_insert_with(|| rule.id.clone());
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::operation::{Service, find};

    fn faults(rules: Value) -> Result<Faults, String> {
        let mut faults = Faults::default();
        faults.replace(serde_json::from_value(rules).map_err(|error| error.to_string())?)?;
        Ok(faults)
    }

    fn effects(faults: &mut Faults, calls: &[(&str, &str)]) -> Vec<Option<Effect>> {
        let mut dice = StdRng::seed_from_u64(1);
        calls
            .iter()
            .map(|(operation, name)| {
                let operation = find(Service::Ivs, operation).unwrap();
                faults.judge(operation, None, Some(name), &mut dice).effect
            })
            .collect()
    }

    #[test]
    fn which_calls() {
        let (create, get) = (("CreateChannel", "abc"), ("GetChannel", "x"));
        let hit = Some(Effect::DropAfter);
        for (rule, calls, expected) in [
            (
                json!({"operation": "CreateChannel"}),
                vec![create, get, create],
                vec![hit, None, hit],
            ),
            (
                json!({"operation": "*", "nth": 2}),
                vec![create, get, create],
                vec![None, hit, None],
            ),
            (
                json!({"operation": "*", "count": 2}),
                vec![create, get, create],
                vec![hit, hit, None],
            ),
            (
                json!({"operation": "*", "nth": 2, "count": 9}),
                vec![create, get, create],
                vec![None, hit, hit],
            ),
            (
                json!({"operation": "*", "match": "b"}),
                vec![create, get],
                vec![hit, None],
            ),
            (
                json!({"operation": "*", "probability": 0.0}),
                vec![create, get],
                vec![None, None],
            ),
            (json!({"operation": "ivschat:*"}), vec![create], vec![None]),
        ] {
            let mut rule = rule;
            rule["effect"] = json!("dropAfter");
            let mut faults = faults(json!([rule])).unwrap();
            assert_eq!(effects(&mut faults, &calls), expected, "{rule}");
        }
    }

    #[test]
    fn delays_add_up_and_the_first_other_effect_counts() {
        let mut faults = faults(json!([
            {"operation": "*", "effect": "delay", "ms": 5},
            {"id": "a", "operation": "*", "effect": "throttle"},
            {"id": "b", "operation": "*", "effect": "dropBefore"},
            {"operation": "*", "effect": "delay", "ms": 7},
        ]))
        .unwrap();
        let operation = find(Service::Ivs, "GetChannel").unwrap();
        let verdict = faults.judge(operation, None, None, &mut StdRng::seed_from_u64(1));
        assert_eq!((verdict.delay_ms, verdict.effect), (12, Some(Effect::Throttle)));
    }

    #[test]
    fn a_seed_repeats_itself() {
        let rule = json!([{"operation": "*", "effect": "throttle", "probability": 0.5}]);
        let calls = [("GetChannel", ""); 64];
        let first = effects(&mut faults(rule.clone()).unwrap(), &calls);
        assert_eq!(first, effects(&mut faults(rule).unwrap(), &calls));
        assert!(first.contains(&None) && first.contains(&Some(Effect::Throttle)));
    }

    #[test]
    fn what_is_refused_is_named() {
        for (bad, named) in [
            (
                json!([{"operation": "CreateChanel", "effect": "throttle"}]),
                "CreateChanel",
            ),
            (json!([{"operation": "*", "effect": "explode"}]), "dropAfter"),
            (json!([{"operation": "*", "effect": "delay"}]), "ms is needed"),
            (
                json!([{"operation": "*", "effect": "throttle", "ms": 1}]),
                "ms is needed",
            ),
            (
                json!([{"operation": "*", "effect": "throttle", "nth": 0}]),
                "starts with 1",
            ),
            (
                json!([{"operation": "*", "effect": "throttle", "probability": 2}]),
                "between 0 and 1",
            ),
            (
                json!([{"operation": "*", "effect": "throttle", "when": 2}]),
                "probability",
            ),
            (
                json!([{"id": "a", "operation": "*", "effect": "throttle"}, {"id": "a", "operation": "*", "effect": "throttle"}]),
                "two",
            ),
        ] {
            let error = faults(bad.clone()).unwrap_err();
            assert!(error.contains(named), "{bad}: {error}");
        }
    }
}
