//! Chat tokens.

use std::collections::HashMap;

use aws_sdk_ivschat::{
    primitives::{DateTime, DateTimeFormat},
    types::ChatTokenCapability,
};

use super::{AwsError, Operation, Region, Turn, model::Secret};

/// What a chat token is to say.
#[derive(Clone, Debug)]
pub struct ChatTokenRequest {
    /// ARN of the room.
    pub room: String,
    /// Id of the user in the room, 1 to 128 characters.
    pub user_id: String,
    /// AWS's names of what the user may do beyond reading.
    pub capabilities: Vec<&'static str>,
    /// Minutes until the session ends, 1 to 180.
    pub session_minutes: i32,
    /// What others see of the user, 1 KB in all.
    pub attributes: HashMap<String, String>,
}

/// A chat token.
#[derive(Clone, Debug)]
pub struct ChatToken {
    /// The token: good for one connection, begun within a minute.
    pub token: Secret,
    /// When the session ends, ISO 8601.
    pub session_expiration_time: String,
    /// When the token expires, ISO 8601.
    pub token_expiration_time: String,
}

impl Region {
    /// Mints a chat token.
    pub async fn create_chat_token(
        &self,
        turn: &Turn,
        request: ChatTokenRequest,
    ) -> Result<ChatToken, AwsError> {
        let capabilities = request
            .capabilities
            .into_iter()
            .map(ChatTokenCapability::from)
            .collect();
        let call = self
            .chat
            .create_chat_token()
            .room_identifier(request.room)
            .user_id(request.user_id)
            .set_capabilities(Some(capabilities))
            .session_duration_in_minutes(request.session_minutes)
            .set_attributes(Some(request.attributes))
            .send();
        let minted = self.call(Operation::CreateChatToken, turn, call).await?;
        let time = |time: Option<DateTime>| time.and_then(|time| time.fmt(DateTimeFormat::DateTime).ok());
        let complete = (|| {
            Some(ChatToken {
                token: Secret::new(minted.token?),
                session_expiration_time: time(minted.session_expiration_time)?,
                token_expiration_time: time(minted.token_expiration_time)?,
            })
        })();
        complete.ok_or_else(|| super::channels::incomplete("CreateChatToken"))
    }
}

#[cfg(test)]
impl super::Aws {
    /// AWS as a server on loopback plays it.
    pub(crate) fn at(url: &str, metrics: super::AwsMetrics) -> Self {
        use aws_sdk_ivschat::config::{Credentials, SharedCredentialsProvider};
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .endpoint_url(url)
            .build();
        Self {
            config,
            default_region: "us-east-1".into(),
            metrics,
            regions: std::sync::Mutex::default(),
        }
    }
}
