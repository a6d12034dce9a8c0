//! Tags of channels and rooms. Updates of a resource never change its tags; these calls do.

use super::{AwsError, Operation, Region, Turn, model::Tags};

impl Region {
    /// Adds or overwrites tags of a channel.
    pub async fn tag_channel(&self, turn: &Turn, arn: &str, tags: &Tags) -> Result<(), AwsError> {
        let tags = Some(tags.clone().into_iter().collect());
        let request = self.ivs.tag_resource().resource_arn(arn).set_tags(tags).send();
        self.call(Operation::TagResource, turn, request).await.map(drop)
    }

    /// Removes tags of a channel; absent ones are ignored.
    pub async fn untag_channel(&self, turn: &Turn, arn: &str, keys: &[String]) -> Result<(), AwsError> {
        let request = self
            .ivs
            .untag_resource()
            .resource_arn(arn)
            .set_tag_keys(Some(keys.to_vec()))
            .send();
        self.call(Operation::UntagResource, turn, request).await.map(drop)
    }

    /// Adds or overwrites tags of a room.
    pub async fn tag_room(&self, turn: &Turn, arn: &str, tags: &Tags) -> Result<(), AwsError> {
        let tags = Some(tags.clone().into_iter().collect());
        let request = self.chat.tag_resource().resource_arn(arn).set_tags(tags).send();
        self.call(Operation::TagRoom, turn, request).await.map(drop)
    }

    /// Removes tags of a room; absent ones are ignored.
    pub async fn untag_room(&self, turn: &Turn, arn: &str, keys: &[String]) -> Result<(), AwsError> {
        let request = self
            .chat
            .untag_resource()
            .resource_arn(arn)
            .set_tag_keys(Some(keys.to_vec()))
            .send();
        self.call(Operation::UntagRoom, turn, request).await.map(drop)
    }
}
