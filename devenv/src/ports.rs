//! Loopback ports: a free one unless a certain one is wanted.

use std::collections::{BTreeMap, HashSet};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::error::{Error, Result};

/// Below the range from which the kernel takes ports for outgoing connections: a port found free here
/// is not gone again before its part listens.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Ports handed out by this process, so that two environments that start at once do not pick the same.
static HANDED_OUT: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// Port by name of its use.
pub(crate) type Ports = BTreeMap<String, u16>;

/// What is asked for a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Any free one.
    Any,
    /// This one if it is free, else any.
    Rather(u16),
    /// This one or an error.
    Exactly(u16),
}

/// Chooses a port.
pub(crate) fn choose(name: &str, wish: Wish) -> Result<u16> {
    match wish {
        Wish::Exactly(port) | Wish::Rather(port) if take(port) => Ok(port),
        Wish::Exactly(port) => Err(Error::PortTaken {
            name: name.to_owned(),
            port,
        }),
        Wish::Rather(_) | Wish::Any => any(),
    }
}

/// Whether nothing listens on this port, on loopback or on all interfaces.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn any() -> Result<u16> {
    // Starts somewhere else in every process and call: the hasher's keys are random.
    let start = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0_u8);
    let offset = u16::try_from(start % u64::from(COUNT)).unwrap_or(0);
    (0..COUNT)
        .map(|step| FIRST + (offset + step) % COUNT)
        .find(|port| take(*port))
        .ok_or(Error::NoPort)
}

fn take(port: u16) -> bool {
    let mut handed_out = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    !handed_out.contains(&port) && is_free(port) && handed_out.insert(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ() {
        let ports: HashSet<u16> = (0..50).map(|_| choose("test", Wish::Any).unwrap()).collect();
        assert_eq!(ports.len(), 50);
    }

    #[test]
    fn a_taken_port_is_an_error_only_if_it_was_asked_for() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = choose("the API", Wish::Exactly(port)).unwrap_err().to_string();
        assert!(
            error.contains(&port.to_string()) && error.contains("the API"),
            "{error}"
        );
        assert_ne!(choose("the API", Wish::Rather(port)).unwrap(), port);
    }
}
