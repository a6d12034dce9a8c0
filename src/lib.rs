//! ivs-operator turns a `LiveStream` into an Amazon IVS channel and an IVS Chat room and keeps them true.
//!
//! Read [`crd`] for what users write, [`controller`] for how it becomes true in AWS, [`aws`] for how AWS is
//! spoken to, and [`api`] for the tokens and the web client. Arrows go one way: `crd ← aws ← controller`,
//! `crd ← aws ← api`; controller and API never import each other.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod aws;
pub mod crd;
