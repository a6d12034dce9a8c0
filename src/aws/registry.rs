//! The registry: one `DynamoDB` item a stream, for applications outside the cluster.
//!
//! Nothing inside trusts it over Kubernetes. Writes are conditional on the generation, so a stale writer loses.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
    },
};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{AwsError, AwsMetrics, ErrorKind};

/// Index by chat room ARN.
const ROOM_INDEX: &str = "chatRoomArn-index";

/// What the registry says of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// UID of the object; part of the key.
    pub uid: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Title, if it has one.
    pub title: Option<String>,
    /// Owners, as `user:<subject>` or `group:<name>`.
    pub owners: Vec<String>,
    /// Region.
    pub region: String,
    /// ARN of the channel.
    pub channel_arn: String,
    /// Playback URL.
    pub playback_url: String,
    /// Host to which an encoder connects.
    pub ingest_endpoint: String,
    /// ARN of the room, if it has one.
    pub chat_room_arn: Option<String>,
    /// `LIVE` or `OFFLINE`.
    pub state: String,
    /// When the object was created.
    pub created_at: String,
    /// Generation of the spec that this speaks of.
    pub generation: i64,
}

impl Record {
    /// Changes exactly when the record does.
    #[must_use]
    pub fn digest(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        crate::hex(&Sha256::digest(json)[..8])
    }

    fn into_item(self, now: Timestamp) -> HashMap<String, AttributeValue> {
        let text = AttributeValue::S;
        let mut item = HashMap::from([
            ("pk".to_owned(), text(key(&self.uid))),
            ("sk".to_owned(), text("META".into())),
            ("uid".to_owned(), text(self.uid)),
            ("namespace".to_owned(), text(self.namespace)),
            ("name".to_owned(), text(self.name)),
            (
                "owners".to_owned(),
                AttributeValue::L(self.owners.into_iter().map(text).collect()),
            ),
            ("region".to_owned(), text(self.region)),
            ("channelArn".to_owned(), text(self.channel_arn)),
            ("playbackUrl".to_owned(), text(self.playback_url)),
            ("ingestEndpoint".to_owned(), text(self.ingest_endpoint)),
            ("state".to_owned(), text(self.state)),
            ("createdAt".to_owned(), text(self.created_at)),
            ("updatedAt".to_owned(), text(now.to_string())),
            (
                "generation".to_owned(),
                AttributeValue::N(self.generation.to_string()),
            ),
        ]);
        item.extend(self.title.map(|title| ("title".to_owned(), text(title))));
        item.extend(
            self.chat_room_arn
                .map(|arn| ("chatRoomArn".to_owned(), text(arn))),
        );
        item
    }
}

fn key(uid: &str) -> String {
    format!("STREAM#{uid}")
}

/// The table.
#[derive(Clone, Debug)]
pub struct Registry {
    client: Client,
    table: String,
    metrics: AwsMetrics,
}

impl Registry {
    pub(super) fn new(client: Client, table: String, metrics: AwsMetrics) -> Self {
        Self {
            client,
            table,
            metrics,
        }
    }

    /// Writes a record unless a newer generation stands there, which is a [`ErrorKind::Conflict`].
    pub async fn put(&self, record: Record, now: Timestamp) -> Result<(), AwsError> {
        let generation = AttributeValue::N(record.generation.to_string());
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(record.into_item(now)))
            .condition_expression("attribute_not_exists(pk) OR generation <= :generation")
            .expression_attribute_values(":generation", generation)
            .send();
        self.counted("PutItem", request).await.map(drop)
    }

    /// Removes everything under the stream's key: its record and what hangs below it.
    pub async fn delete(&self, uid: &str) -> Result<(), AwsError> {
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(key(uid)))
                .projection_expression("pk, sk")
                .consistent_read(true)
                .send();
            let items = self.counted("Query", request).await?.items.unwrap_or_default();
            if items.is_empty() {
                return Ok(());
            }
            for item in items {
                let request = self
                    .client
                    .delete_item()
                    .table_name(&self.table)
                    .set_key(Some(item))
                    .send();
                self.counted("DeleteItem", request).await?;
            }
        }
    }

    /// Creates the table if it does not exist. For development: in production the table is made with its backups and
    /// alarms by whoever runs the account.
    pub async fn create_table(&self) -> Result<(), AwsError> {
        let request = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(attributes(&["pk", "sk", "chatRoomArn"]))
            .set_key_schema(key_schema(&[("pk", KeyType::Hash), ("sk", KeyType::Range)]))
            .set_global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name(ROOM_INDEX)
                    .set_key_schema(key_schema(&[("chatRoomArn", KeyType::Hash)]))
                    .projection(Projection::builder().projection_type(ProjectionType::All).build())
                    .build()
                    .ok()
                    .map(|index| vec![index]),
            )
            .send();
        match self.counted("CreateTable", request).await {
            Err(error) if error.code == "ResourceInUseException" => return Ok(()),
            created => created.map(drop)?,
        }
        let ttl = TimeToLiveSpecification::builder()
            .enabled(true)
            .attribute_name("ttl")
            .build()
            .ok();
        let request = self
            .client
            .update_time_to_live()
            .table_name(&self.table)
            .set_time_to_live_specification(ttl)
            .send();
        self.counted("UpdateTimeToLive", request).await.map(drop)
    }

    async fn counted<T, E>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let result = Box::pin(request).await.map_err(|error| {
            let mut error = AwsError::from_sdk(operation, error);
            if error.code == "ConditionalCheckFailedException" {
                error.kind = ErrorKind::Conflict;
            }
            error
        });
        self.metrics.called(operation, result.as_ref().err());
        result
    }
}

fn attributes(names: &[&str]) -> Option<Vec<AttributeDefinition>> {
    let define = |name: &&str| {
        AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .ok()
    };
    names.iter().map(define).collect()
}

fn key_schema(keys: &[(&str, KeyType)]) -> Option<Vec<KeySchemaElement>> {
    let define = |(name, type_): &(&str, KeyType)| {
        KeySchemaElement::builder()
            .attribute_name(*name)
            .key_type(type_.clone())
            .build()
            .ok()
    };
    keys.iter().map(define).collect()
}
