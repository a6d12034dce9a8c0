//! The operator's integration tests: the released program on real Kubernetes, DynamoDB Local, a real OIDC provider
//! and the emulator. One binary, so that the AWS SDK is linked once.
//!
//! Tests share one environment and keep to namespaces of their own; those that stop parts have one to themselves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed test says so by panicking"
)]
#![allow(clippy::too_many_lines, reason = "tables of cases")]

mod admission;
mod api;
mod architecture;
mod deletion;
mod failures;
mod generated;
mod lifecycle;
mod limits;
mod ownership;
mod steady;
mod world;
