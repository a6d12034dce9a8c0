//! The emulator against the official Rust SDK: one server per test, in this process, on a free port.
//!
//! `support` starts it; each other module is a subject. Limits of single members are tested from Python, against
//! botocore's own models (`tests/boto3`).

// Helpers say what went wrong by panicking, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admin;
mod channels;
mod chat;
mod command;
mod faults;
mod lists;
mod quotas;
mod stream_keys;
mod streams;
mod support;
mod tags;
mod wire;
