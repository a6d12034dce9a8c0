//! Declarative validation: what a member may hold is data ([`Rule`]), checked by one function.
//!
//! The rules themselves are in [`rules`], the patterns in [`pattern`]; rules that concern two members at once
//! belong to the operation. How a [`Violation`] is told to the client is in `crate::error`.

pub mod pattern;
pub mod rules;
mod shape;

use serde_json::{Map, Value};

use pattern::Pattern;
pub(crate) use shape::{choice, shape};

/// One member of a request.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name on the wire.
    pub name: &'static str,
    /// What it may hold.
    pub rule: Rule,
}

/// The members of an object, in parts so that operations can share some of them.
pub type Fields = &'static [&'static [Field]];

/// What a member may hold.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Whether the member has to be there.
    pub required: bool,
    /// Its type and limits.
    pub kind: Kind,
}

impl Rule {
    /// A member that may be left out.
    pub const fn new(kind: Kind) -> Self {
        Self {
            required: false,
            kind,
        }
    }

    /// The same, but the member has to be there.
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }
}

/// Type and limits of a value. Lengths are in characters.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A string.
    Text {
        min: usize,
        max: usize,
        pattern: Option<Pattern>,
    },
    /// A string out of a list.
    Choice(&'static [&'static str]),
    /// A whole number.
    Integer { min: i64, max: i64 },
    /// `true` or `false`.
    Boolean,
    /// An array.
    List {
        min: usize,
        max: usize,
        item: &'static Rule,
    },
    /// An object with free keys.
    Map {
        max: usize,
        key: &'static Rule,
        value: &'static Rule,
    },
    /// An object with known members.
    Object(Fields),
}

/// Types whose members are declared with [`shape!`].
pub trait Shaped {
    /// The members that are this type's own.
    const OWN: &'static [Field];
    /// Its own members and those it shares with others.
    const FIELDS: Fields;
}

/// What is wrong with one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: `multitrackInputConfiguration.policy`, `arns[3]`.
    pub path: String,
    /// In which way.
    pub fault: Fault,
    /// In words that continue the member's name: `must be between 1 and 180`.
    pub message: String,
}

/// The ways in which a member can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is absent.
    Missing,
    /// It has another type.
    Type,
    /// Too short, too long, too small, too large, too many.
    Range,
    /// It does not match the pattern or is none of the values allowed.
    Pattern,
    /// It does not go together with another member.
    Combination,
}

impl Violation {
    /// A violation of a rule about several members.
    pub fn combination(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            fault: Fault::Combination,
            message: message.into(),
        }
    }
}

/// Checks the members of a request body. An empty answer means that it is valid and deserialises.
/// Members that no operation knows are ignored, as AWS does; `null` counts as absent.
pub fn check(fields: Fields, body: &Map<String, Value>) -> Vec<Violation> {
    let mut found = Vec::new();
    check_object(fields, body, "", &mut found);
    found
}

fn check_object(fields: Fields, object: &Map<String, Value>, prefix: &str, found: &mut Vec<Violation>) {
    for field in fields.iter().copied().flatten() {
        match object.get(field.name) {
            Some(value) if !value.is_null() => {
                check_value(&field.rule.kind, value, &format!("{prefix}{}", field.name), found);
            }
            _ if field.rule.required => found.push(Violation {
                path: format!("{prefix}{}", field.name),
                fault: Fault::Missing,
                message: "is a required attribute".to_owned(),
            }),
            _ => {}
        }
    }
}

fn check_value(kind: &Kind, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let mut report = |fault: Fault, message: String| {
        found.push(Violation {
            path: path.to_owned(),
            fault,
            message,
        });
    };
    match (kind, value) {
        (Kind::Text { min, max, pattern }, Value::String(text)) => {
            let length = text.chars().count();
            if length < *min || length > *max {
                report(
                    Fault::Range,
                    format!("must have between {min} and {max} characters, has {length}"),
                );
            } else if let Some(pattern) = pattern
                && !pattern.matches(text)
            {
                report(Fault::Pattern, format!("must match the pattern {}", pattern.text));
            }
        }
        (Kind::Choice(values), Value::String(text)) => {
            if !values.contains(&text.as_str()) {
                report(Fault::Pattern, format!("must be one of {}", values.join(", ")));
            }
        }
        (Kind::Integer { min, max }, Value::Number(number)) => match number.as_i64() {
            Some(number) if (*min..=*max).contains(&number) => {}
            Some(_) => report(Fault::Range, format!("must be between {min} and {max}")),
            None if number.is_u64() => report(Fault::Range, format!("must be between {min} and {max}")),
            None => report(Fault::Type, "must be an integer".to_owned()),
        },
        (Kind::Boolean, Value::Bool(_)) => {}
        (Kind::List { min, max, item }, Value::Array(items)) => {
            if items.len() < *min || items.len() > *max {
                report(
                    Fault::Range,
                    format!("must have between {min} and {max} items, has {}", items.len()),
                );
                return;
            }
            for (index, value) in items.iter().enumerate() {
                check_value(&item.kind, value, &format!("{path}[{index}]"), found);
            }
        }
        (Kind::Map { max, key, value }, Value::Object(entries)) => {
            if entries.len() > *max {
                report(
                    Fault::Range,
                    format!("must have at most {max} entries, has {}", entries.len()),
                );
                return;
            }
            for (name, entry) in entries {
                check_value(
                    &key.kind,
                    &Value::String(name.clone()),
                    &format!("{path} key"),
                    found,
                );
                check_value(&value.kind, entry, &format!("{path}.{name}"), found);
            }
        }
        (Kind::Object(fields), Value::Object(object)) => {
            check_object(fields, object, &format!("{path}."), found);
        }
        (kind, _) => report(Fault::Type, format!("must be {}", kind.article())),
    }
}

impl Kind {
    fn article(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Choice(_) => "a string",
            Self::Integer { .. } => "an integer",
            Self::Boolean => "a boolean",
            Self::List { .. } => "a list",
            Self::Map { .. } | Self::Object(_) => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ITEM: Rule = Rule::new(Kind::Text {
        min: 1,
        max: 3,
        pattern: Some(pattern::NAME),
    });
    const INNER: &[Field] = &[Field {
        name: "on",
        rule: Rule::new(Kind::Boolean),
    }];
    const FIELDS: Fields = &[
        &[Field {
            name: "name",
            rule: ITEM.required(),
        }],
        &[
            Field {
                name: "size",
                rule: Rule::new(Kind::Integer { min: 1, max: 9 }),
            },
            Field {
                name: "mode",
                rule: Rule::new(Kind::Choice(&["A", "B"])),
            },
            Field {
                name: "list",
                rule: Rule::new(Kind::List {
                    min: 1,
                    max: 2,
                    item: &ITEM,
                }),
            },
            Field {
                name: "map",
                rule: Rule::new(Kind::Map {
                    max: 1,
                    key: &ITEM,
                    value: &ITEM,
                }),
            },
            Field {
                name: "inner",
                rule: Rule::new(Kind::Object(&[INNER])),
            },
        ],
    ];

    fn faults(body: Value) -> Vec<(String, Fault)> {
        let Value::Object(body) = body else {
            panic!("an object, please")
        };
        check(FIELDS, &body)
            .into_iter()
            .map(|violation| (violation.path, violation.fault))
            .collect()
    }

    #[test]
    fn what_is_accepted() {
        for body in [
            json!({"name": "a"}),
            json!({"name": "äää".replace('ä', "a"), "size": 9, "mode": "B"}),
            json!({"name": "a", "size": null, "unknown": {}}),
            json!({"name": "a", "list": ["a", "b"], "map": {"a": "b"}, "inner": {"on": true}}),
        ] {
            assert_eq!(faults(body.clone()), [], "{body}");
        }
    }

    #[test]
    fn what_is_refused_and_why() {
        for (body, path, fault) in [
            (json!({}), "name", Fault::Missing),
            (json!({"name": null}), "name", Fault::Missing),
            (json!({"name": 1}), "name", Fault::Type),
            (json!({"name": ""}), "name", Fault::Range),
            (json!({"name": "abcd"}), "name", Fault::Range),
            (json!({"name": "a b"}), "name", Fault::Pattern),
            (json!({"name": "a", "size": 0}), "size", Fault::Range),
            (json!({"name": "a", "size": 10}), "size", Fault::Range),
            (json!({"name": "a", "size": u64::MAX}), "size", Fault::Range),
            (json!({"name": "a", "size": 1.5}), "size", Fault::Type),
            (json!({"name": "a", "size": "1"}), "size", Fault::Type),
            (json!({"name": "a", "mode": "C"}), "mode", Fault::Pattern),
            (json!({"name": "a", "list": []}), "list", Fault::Range),
            (
                json!({"name": "a", "list": ["a", "b", "c"]}),
                "list",
                Fault::Range,
            ),
            (
                json!({"name": "a", "list": ["a", "b c"]}),
                "list[1]",
                Fault::Pattern,
            ),
            (json!({"name": "a", "list": [null]}), "list[0]", Fault::Type),
            (
                json!({"name": "a", "map": {"a": "b", "c": "d"}}),
                "map",
                Fault::Range,
            ),
            (
                json!({"name": "a", "map": {"a b": "c"}}),
                "map key",
                Fault::Pattern,
            ),
            (json!({"name": "a", "map": {"a": ""}}), "map.a", Fault::Range),
            (
                json!({"name": "a", "inner": {"on": "yes"}}),
                "inner.on",
                Fault::Type,
            ),
            (json!({"name": "a", "inner": []}), "inner", Fault::Type),
        ] {
            assert_eq!(faults(body.clone()), [(path.to_owned(), fault)], "{body}");
        }
    }

    #[test]
    fn length_is_in_characters_not_bytes() {
        const USER: Fields = &[&[Field {
            name: "u",
            rule: Rule::new(Kind::Text {
                min: 1,
                max: 2,
                pattern: None,
            }),
        }]];
        let Value::Object(body) = json!({"u": "ắộ"}) else {
            panic!()
        };
        assert_eq!(check(USER, &body), []);
    }
}
