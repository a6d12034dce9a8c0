//! Pages of List* answers and the tokens that lead from one to the next.
//!
//! A token is opaque, bound to the operation and its filters, and sealed, so that a tampered one is noticed. What a
//! page may hold at most is each operation's rule.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::table::Shelf;
use crate::error::ApiError;

/// In which direction a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    Backward,
}

/// What the client wants.
pub struct PageRequest<'a> {
    /// Operation and filters, which the token is bound to.
    pub binding: String,
    /// The `nextToken` of the request; empty means the first page.
    pub token: &'a str,
    /// The `maxResults` of the request or the operation's default.
    pub size: usize,
    /// Order.
    pub direction: Direction,
}

/// How this server cuts pages at the moment.
#[derive(Debug, Clone, Copy)]
pub struct Pager<'a> {
    /// Key of the seal.
    pub secret: &'a [u8],
    /// By which part of its size the page is to be smaller, 0 to 1.
    pub shrink: f64,
}

/// One page.
#[derive(Debug)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<Arc<T>>,
    /// Absent on the last page.
    pub next_token: Option<String>,
}

impl Pager<'_> {
    /// Cuts the page that `request` asks for out of the rows that `keep` accepts.
    pub fn cut<T>(
        &self,
        source: &Shelf<T>,
        request: &PageRequest<'_>,
        mut keep: impl FnMut(&T) -> bool,
    ) -> Result<Page<T>, ApiError> {
        let start = if request.token.is_empty() {
            None
        } else {
            Some(self.open(request)?)
        };
        let candidates: Box<dyn Iterator<Item = (u64, &Arc<T>)> + '_> = match (request.direction, start) {
            (Direction::Forward, start) => Box::new(source.rows_after(start.unwrap_or(0))),
            (Direction::Backward, start) => Box::new(source.rows_before(start.unwrap_or(u64::MAX))),
        };
        let mut rows = Vec::new();
        let mut position = start;
        let size = self.shrunk(request.size);
        for (order, row) in candidates {
            if !keep(row) {
                continue;
            }
            if rows.len() == size {
                let start = position.unwrap_or(if request.direction == Direction::Forward {
                    0
                } else {
                    u64::MAX
                });
                return Ok(Page {
                    rows,
                    next_token: Some(self.seal(request, start)),
                });
            }
            rows.push(Arc::clone(row));
            position = Some(order);
        }
        Ok(Page {
            rows,
            next_token: None,
        })
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )] // 0 ≤ … ≤ size ≤ 100
    fn shrunk(&self, size: usize) -> usize {
        size - ((size as f64 * self.shrink.clamp(0.0, 1.0)).floor() as usize).min(size)
    }

    fn seal(&self, request: &PageRequest<'_>, position: u64) -> String {
        let mut token = position.to_be_bytes().to_vec();
        token.extend(self.tag(&request.binding, position));
        URL_SAFE_NO_PAD.encode(token)
    }

    fn open(&self, request: &PageRequest<'_>) -> Result<u64, ApiError> {
        URL_SAFE_NO_PAD
            .decode(request.token)
            .ok()
            .and_then(|token| {
                let (position, tag) = token.split_first_chunk::<8>()?;
                let position = u64::from_be_bytes(*position);
                (tag == self.tag(&request.binding, position)).then_some(position)
            })
            .ok_or_else(|| {
                ApiError::invalid_member(
                    "nextToken",
                    "is not a token that this operation gave for these filters",
                )
            })
    }

    fn tag(&self, binding: &str, position: u64) -> [u8; 16] {
        let digest = Sha256::new()
            .chain_update(self.secret)
            .chain_update(position.to_be_bytes())
            .chain_update(binding.as_bytes())
            .finalize();
        let mut tag = [0; 16];
        tag.copy_from_slice(&digest[..16]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::state::table::Table;

    const PAGER: Pager<'_> = Pager {
        secret: b"secret",
        shrink: 0.0,
    };

    fn table(rows: i32) -> Table<i32> {
        let mut table = Table::default();
        for row in 1..=rows {
            table.insert(row.to_string().into(), row, Timestamp::UNIX_EPOCH);
        }
        table
    }

    fn request(token: &str, size: usize, direction: Direction) -> PageRequest<'_> {
        PageRequest {
            binding: "List".to_owned(),
            token,
            size,
            direction,
        }
    }

    fn walk(
        table: &mut Table<i32>,
        pager: Pager<'_>,
        size: usize,
        direction: Direction,
    ) -> (Vec<i32>, usize) {
        let (mut rows, mut token, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let shelf = table.listed(Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
            let page = pager
                .cut(shelf, &request(&token, size, direction), |row| row % 2 == 1)
                .unwrap();
            count += 1;
            rows.extend(page.rows.iter().map(|row| **row));
            match page.next_token {
                Some(next) => token = next,
                None => return (rows, count),
            }
        }
    }

    #[test]
    fn every_row_once_and_no_token_on_the_last_page() {
        let mut table = table(8);
        assert_eq!(
            walk(&mut table, PAGER, 2, Direction::Forward),
            (vec![1, 3, 5, 7], 2)
        );
        assert_eq!(
            walk(&mut table, PAGER, 3, Direction::Backward),
            (vec![7, 5, 3, 1], 2)
        );
        assert_eq!(
            walk(&mut table, PAGER, 100, Direction::Forward),
            (vec![1, 3, 5, 7], 1)
        );
    }

    #[test]
    fn shrunk_pages_lose_nothing() {
        let pager = Pager { shrink: 0.6, ..PAGER };
        assert_eq!(
            walk(&mut table(8), pager, 4, Direction::Forward),
            (vec![1, 3, 5, 7], 2)
        );
        let empty = Pager { shrink: 1.0, ..PAGER };
        let mut rows = table(2);
        let shelf = rows.listed(Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
        let page = empty
            .cut(shelf, &request("", 4, Direction::Backward), |_| true)
            .unwrap();
        assert!(page.rows.is_empty());
        let token = page.next_token.unwrap();
        let page = PAGER
            .cut(shelf, &request(&token, 4, Direction::Backward), |_| true)
            .unwrap();
        assert_eq!(page.rows.iter().map(|row| **row).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn a_foreign_or_tampered_token_is_refused() {
        let mut table = table(4);
        let shelf = table.listed(Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
        let page = PAGER
            .cut(shelf, &request("", 1, Direction::Forward), |_| true)
            .unwrap();
        let token = page.next_token.unwrap();
        let other = PageRequest {
            binding: "Other".to_owned(),
            ..request(&token, 1, Direction::Forward)
        };
        assert!(PAGER.cut(shelf, &other, |_| true).is_err());
        for bad in [
            "x",
            "AAAA",
            &format!("{token}A"),
            &token.replace(char::is_uppercase, "a"),
        ] {
            assert!(
                PAGER
                    .cut(shelf, &request(bad, 1, Direction::Forward), |_| true)
                    .is_err(),
                "{bad}"
            );
        }
    }
}
