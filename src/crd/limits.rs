//! Every bound of the schema, once. A test holds those that AWS sets against AWS's own models.

/// Characters of `spec.title`.
pub const TITLE: usize = 200;
/// Characters of `spec.description`.
pub const DESCRIPTION: usize = 2000;
/// Characters of the object's name: a DNS label, so that names derived from it stay valid.
pub const NAME: usize = 63;
/// Characters of an ARN (AWS).
pub const ARN: usize = 128;
/// Characters of a Lambda function's ARN (AWS, `MessageReviewHandler.uri`).
pub const LAMBDA_ARN: usize = 170;
/// Longest chat message in characters (AWS, `maximumMessageLength`).
pub const MESSAGE_LENGTH: i32 = 500;
/// Most chat messages a second in a room (AWS, `maximumMessageRatePerSecond`).
pub const MESSAGE_RATE: i32 = 100;
/// Logging configurations of a room (AWS).
pub const LOGGING_CONFIGURATIONS: usize = 3;
/// Longest chat session in minutes (AWS, `sessionDurationInMinutes`).
pub const SESSION_MINUTES: i32 = 180;
/// Tags a user may set: AWS's 50 less the operator's own and some room for other tools.
pub const USER_TAGS: usize = 40;
/// Characters of a tag's key (AWS).
pub const TAG_KEY: usize = 128;
/// Characters of a tag's value (AWS).
pub const TAG_VALUE: usize = 256;
/// Entries of each list in `spec.access`.
pub const SUBJECTS: usize = 100;
/// Characters of a user or group in `spec.access`; a chat user id (AWS) has the same bound.
pub const SUBJECT: usize = 128;
