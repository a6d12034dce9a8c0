//! Amazon IVS Chat's control plane, one module per family of resources.
//!
//! Room actions, logging configurations and the messaging WebSocket are still to come, a module each.

pub mod rooms;
pub mod tokens;
