//! The call log: what was asked, by whom, and how it went. A ring of bounded size.
//!
//! It never holds secrets: of a chat token it knows to whom it was given, not the token.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

use crate::chat::tokens::Minted;
use crate::operation::Service;
use crate::state::iso8601;

/// One call.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Number, ever increasing, also over `DELETE calls` and `POST reset`.
    pub seq: u64,
    /// When it came in.
    #[serde(serialize_with = "iso8601")]
    pub time: Timestamp,
    /// From there to the answer.
    pub duration_ms: u64,
    /// Of the signature; absent when that could not be read.
    pub service: Option<Service>,
    /// The operation's name; absent when there is none at that path.
    pub operation: Option<String>,
    /// Method and path as they came.
    pub request: String,
    /// Whether the operation changes anything.
    pub mutation: bool,
    /// Access key of the signature.
    pub access_key: Option<String>,
    /// Region of the signature.
    pub region: Option<String>,
    /// The main ARN of the request; for a create, that of what was created.
    pub arn: Option<String>,
    /// The name in the request.
    pub name: Option<String>,
    /// HTTP status; absent when the connection was closed without an answer.
    pub status: Option<u16>,
    /// Name of the error in the answer.
    pub error: Option<&'static str>,
    /// Whether the operation succeeded, whatever the client was told.
    pub applied: bool,
    /// The fault rule that spoiled it.
    pub fault: Option<String>,
    /// For `CreateChatToken`: who got a token for which room.
    pub chat_token: Option<Minted>,
}

/// The last calls.
#[derive(Debug)]
pub struct CallLog {
    next_seq: u64,
    calls: VecDeque<Call>,
}

impl Default for CallLog {
    fn default() -> Self {
        Self {
            next_seq: 1,
            calls: VecDeque::new(),
        }
    }
}

impl CallLog {
    /// Adds a call and gives it its number.
    pub fn push(&mut self, call: Call, size: usize) {
        self.calls.push_back(Call {
            seq: self.next_seq,
            ..call
        });
        self.next_seq += 1;
        while self.calls.len() > size {
            self.calls.pop_front();
        }
    }

    /// Forgets all calls, not the numbers given.
    pub fn clear(&mut self) {
        self.calls.clear();
    }

    /// The number of the last call, 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.next_seq - 1
    }

    /// Calls after number `since`.
    pub fn since(&self, since: u64) -> impl Iterator<Item = &Call> {
        let start = self.calls.partition_point(|call| call.seq <= since);
        self.calls.range(start..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call {
            seq: 0,
            time: Timestamp::UNIX_EPOCH,
            duration_ms: 0,
            service: None,
            operation: None,
            request: "POST /".to_owned(),
            mutation: false,
            access_key: None,
            region: None,
            arn: None,
            name: None,
            status: Some(404),
            error: None,
            applied: false,
            fault: None,
            chat_token: None,
        }
    }

    #[test]
    fn numbers_go_on_and_the_ring_is_bounded() {
        let mut log = CallLog::default();
        for _ in 0..5 {
            log.push(call(), 3);
        }
        let seqs = |log: &CallLog, since| log.since(since).map(|call| call.seq).collect::<Vec<_>>();
        assert_eq!(seqs(&log, 0), [3, 4, 5]);
        assert_eq!(seqs(&log, 4), [5]);
        log.clear();
        log.push(call(), 3);
        assert_eq!((seqs(&log, 0), log.last_seq()), (vec![6], 6));
    }
}
