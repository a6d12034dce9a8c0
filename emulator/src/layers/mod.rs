//! What surrounds every operation and is the same for all: call log, faults, permissions, call rates.
//!
//! The order in which they come is in `emulator`; none of them knows what an operation does.

pub mod access;
pub mod calls;
pub mod faults;
pub mod throttle;
