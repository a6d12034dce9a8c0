//! Two macros that let a request be written once: type, name on the wire and rule on the same line.
//!
//! No rule and no request is here; see [`super::rules`] and the modules of the resource families.

/// Declares a request or a part of one: a struct that deserialises, and its [`Field`](super::Field)s.
///
/// `with part: Type` adds the members of another shape.
macro_rules! shape {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(with $part:ident: $part_type:ty)? {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $wire:literal, $rule:expr;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, serde::Deserialize)]
        pub struct $name {
            $($(#[$field_meta])* #[serde(rename = $wire)] pub $field: $type,)*
            $(
                /// The members that this shape shares with others.
                #[serde(flatten)] pub $part: $part_type,
            )?
        }

        impl $crate::validate::Shaped for $name {
            const OWN: &'static [$crate::validate::Field] =
                &[$($crate::validate::Field { name: $wire, rule: $rule }),*];
            const FIELDS: $crate::validate::Fields =
                &[Self::OWN, $(<$part_type as $crate::validate::Shaped>::OWN)?];
        }
    };
}

/// Declares an enumeration of a service model together with the list of its values. The first is the default.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $first:ident = $first_wire:literal $(, $variant:ident = $wire:literal)* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            #[doc = concat!("`", $first_wire, "`")]
            #[default]
            #[serde(rename = $first_wire)]
            $first,
            $(
                #[doc = concat!("`", $wire, "`")]
                #[serde(rename = $wire)]
                $variant,
            )*
        }

        impl $name {
            /// The rule of a member of this type.
            pub const RULE: $crate::validate::Rule =
                $crate::validate::Rule::new($crate::validate::Kind::Choice(&[$first_wire, $($wire),*]));
        }
    };
}

pub(crate) use {choice, shape};
