//! Running streams.

use aws_sdk_ivs::types;
use jiff::Timestamp;

use super::{AwsError, ErrorKind, Operation, Region, Turn, channels::Page, model::Stream};

impl Region {
    /// The running stream of a channel, if there is one.
    pub async fn get_stream(&self, turn: &Turn, channel_arn: &str) -> Result<Option<Stream>, AwsError> {
        let request = self.ivs.get_stream().channel_arn(channel_arn).send();
        match self.call(Operation::GetStream, turn, request).await {
            Ok(found) => Ok(found.stream.map(|stream| Stream {
                channel_arn: stream.channel_arn.unwrap_or_default(),
                id: stream.stream_id.unwrap_or_default(),
                health: health(stream.health.as_ref()),
                viewers: viewers(stream.viewer_count),
                started_at: stream.start_time.as_ref().and_then(timestamp),
            })),
            Err(error) if error.kind == ErrorKind::NotBroadcasting => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// One page of all running streams.
    pub async fn list_streams(&self, turn: &Turn, token: Option<String>) -> Result<Page<Stream>, AwsError> {
        let request = self
            .ivs
            .list_streams()
            .max_results(100)
            .set_next_token(token)
            .send();
        let page = self.call(Operation::ListStreams, turn, request).await?;
        let streams = page
            .streams
            .into_iter()
            .map(|stream| Stream {
                channel_arn: stream.channel_arn.unwrap_or_default(),
                id: stream.stream_id.unwrap_or_default(),
                health: health(stream.health.as_ref()),
                viewers: viewers(stream.viewer_count),
                started_at: stream.start_time.as_ref().and_then(timestamp),
            })
            .collect();
        Ok((streams, page.next_token.filter(|token| !token.is_empty())))
    }

    /// Ends the running stream; that it has ended already is success.
    pub async fn stop_stream(&self, turn: &Turn, channel_arn: &str) -> Result<(), AwsError> {
        let request = self.ivs.stop_stream().channel_arn(channel_arn).send();
        match self.call(Operation::StopStream, turn, request).await {
            Err(error) if error.kind != ErrorKind::NotBroadcasting => Err(error),
            _ => Ok(()),
        }
    }
}

fn health(health: Option<&types::StreamHealth>) -> String {
    health.map_or("UNKNOWN", types::StreamHealth::as_str).to_owned()
}

/// AWS answers -1 when it could not count in time.
fn viewers(count: i64) -> Option<i64> {
    (count >= 0).then_some(count)
}

fn timestamp(time: &aws_sdk_ivs::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}
