use super::API_VERSION;

/// Which service model the operations follow.
///
/// AWS publishes the service model of STS, its operations with their members and limits, in releases of botocore. It may
/// add to the model, or raise a limit, without a new API version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// The API version that the model describes.
    pub api_version: &'static str,
    /// The release of botocore whose model was followed.
    pub botocore: &'static str,
    /// The day of that release on the Python Package Index: year, month and day.
    pub date: &'static str,
}

/// The service model that the operations of this crate follow.
///
/// The repository's `tests/model/newest.sh` compares it with the newest one and lists what is new.
///
/// ```
/// use sts_proto::operation::MODEL;
///
/// assert_eq!(MODEL.api_version, "2011-06-15");
/// assert_eq!(MODEL.botocore, "1.44.8");
/// assert_eq!(MODEL.date, "2026-11-20");
/// ```
pub const MODEL: Model = Model { api_version: API_VERSION, botocore: "1.44.8", date: "2026-11-20" };
