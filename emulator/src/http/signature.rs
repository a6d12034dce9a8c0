//! The `Authorization` header: who calls, for which region and service.
//!
//! The signature itself is not checked.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::error::{ApiError, ErrorKind};
use crate::operation::Service;

/// Who calls, for which region and service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Any access key will do.
    pub access_key: String,
    /// The region whose resources are meant.
    pub region: String,
    /// The service that is meant.
    pub service: Service,
}

impl Caller {
    /// Reads the header.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, ApiError> {
        let header = headers
            .get(AUTHORIZATION)
            .ok_or_else(|| incomplete("Authorization header is missing"))?
            .to_str()
            .map_err(|_| incomplete("Authorization header is not text"))?;
        Self::parse(header)
    }

    fn parse(header: &str) -> Result<Self, ApiError> {
        let parameters = header
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .ok_or_else(|| incomplete("Authorization header must begin with AWS4-HMAC-SHA256"))?;
        let parameter = |name: &str| {
            parameters
                .split(',')
                .filter_map(|parameter| parameter.trim().split_once('='))
                .find_map(|(found, value)| (found == name && !value.is_empty()).then_some(value))
                .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter")))
        };
        let credential = parameter("Credential")?;
        parameter("SignedHeaders")?;
        parameter("Signature")?;
        // Access keys of some tools have slashes in them, so the scope is read from its end.
        let mut scope = credential.rsplitn(5, '/');
        match (
            scope.next(),
            scope.next(),
            scope.next(),
            scope.next(),
            scope.next(),
        ) {
            (Some("aws4_request"), Some(service), Some(region), Some(_date), Some(access_key)) => {
                let service = Service::from_name(service).ok_or_else(|| {
                    incomplete(&format!(
                        "Credential should be scoped to service 'ivs' or 'ivschat', not {service:?}"
                    ))
                })?;
                let is_region = !region.is_empty()
                    && region
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                if !is_region {
                    return Err(incomplete(&format!(
                        "Credential should be scoped to a region, not {region:?}"
                    )));
                }
                Ok(Self {
                    access_key: access_key.to_owned(),
                    region: region.to_owned(),
                    service,
                })
            }
            _ => Err(incomplete(
                "Credential must have the form ACCESS_KEY/DATE/REGION/SERVICE/aws4_request",
            )),
        }
    }
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new(ErrorKind::IncompleteSignature, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(credential: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature=00")
    }

    #[test]
    fn what_is_read() {
        let caller = Caller::parse(&header("AK/20260102/eu-west-1/ivschat/aws4_request")).unwrap();
        let expected = Caller {
            access_key: "AK".into(),
            region: "eu-west-1".into(),
            service: Service::Chat,
        };
        assert_eq!(caller, expected);
        let no_spaces = header("AK/20260102/eu-west-1/ivschat/aws4_request").replace(", ", ",");
        assert_eq!(Caller::parse(&no_spaces).unwrap(), expected);
    }

    #[test]
    fn what_is_refused() {
        for bad in [
            "Bearer x",
            "AWS4-HMAC-SHA256 Credential=AK/20260102/eu-west-1/ivs/aws4_request",
            &header(""),
            &header("AK/eu-west-1/ivs/aws4_request"),
            &header("AK/20260102/eu-west-1/s3/aws4_request"),
            &header("AK/20260102/EU/ivs/aws4_request"),
            &header("AK/20260102//ivs/aws4_request"),
        ] {
            assert_eq!(
                Caller::parse(bad).unwrap_err().kind,
                ErrorKind::IncompleteSignature,
                "{bad}"
            );
        }
    }
}
