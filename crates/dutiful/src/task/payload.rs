//! Reading stored payloads: strictly, upgraded to the present form, validated.

use super::Task;
use crate::text::newer_payload;
use crate::worker::calling;
use dutiful_core::json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::any::TypeId;
use std::fmt;

/// Why a program cannot run a stored payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PayloadFault {
    /// It is of a newer version than the program knows. Its workers put the task off, uncharged, for newer ones.
    NewerVersion,
    /// The upgrade from its version refuses it. The task would end as invalid.
    NotUpgraded,
    /// It is no JSON, or not of the type's form, after the upgrade if there was one. The task would end as
    /// invalid.
    NotReadable,
    /// The type's `validate` refuses it. The task would end as invalid.
    NotValid,
    /// The upgrade or `validate` panicked. The task would be charged with a failed run.
    Panicked,
    /// The row holds what means nothing to the program. The task would be quarantined.
    Undecodable,
}

impl PayloadFault {
    /// Its word, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            PayloadFault::NewerVersion => "newer_version",
            PayloadFault::NotUpgraded => "not_upgraded",
            PayloadFault::NotReadable => "not_readable",
            PayloadFault::NotValid => "not_valid",
            PayloadFault::Panicked => "panicked",
            PayloadFault::Undecodable => "undecodable",
        }
    }
}

impl fmt::Display for PayloadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A payload that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) fault: PayloadFault,
    pub(crate) why: String,
}

/// What a program can read of a task type without running it, for
/// [`Client::check_payloads`](crate::Client::check_payloads).
#[derive(Debug, Clone, Copy)]
pub struct PayloadType {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&str, i64) -> Result<(), Refused>,
}

impl PayloadType {
    /// Of a task type.
    pub fn of<T: Task>() -> PayloadType {
        PayloadType {
            name: T::name(),
            check: check::<T>,
        }
    }
}

/// Does all that happens to a payload before its handler is called.
fn check<T: Task>(payload: &str, version: i64) -> Result<(), Refused> {
    if version > i64::from(T::version()) {
        return Err(Refused {
            fault: PayloadFault::NewerVersion,
            why: newer_payload(version, T::version()),
        });
    }
    match calling(|| decode::<T>(payload, version).map(drop)) {
        Ok(read) => read,
        Err(why) => Err(Refused {
            fault: PayloadFault::Panicked,
            why,
        }),
    }
}

/// Reads, upgrades and validates a payload.
pub(crate) fn decode<T: Task>(payload: &str, version: i64) -> Result<T::Payload, Refused> {
    let refused = |fault| move |why| Refused { fault, why };
    let version = u32::try_from(version).unwrap_or(0);
    let payload: T::Payload = if version == T::version() {
        read(payload).map_err(refused(PayloadFault::NotReadable))?
    } else {
        let old = read(payload).map_err(refused(PayloadFault::NotReadable))?;
        let new = T::upgrade(version, old).map_err(refused(PayloadFault::NotUpgraded))?;
        serde_json::from_value(new).map_err(|error| Refused {
            fault: PayloadFault::NotReadable,
            why: format!("after the upgrade from version {version}: {error}"),
        })?
    };
    T::validate(&payload).map_err(refused(PayloadFault::NotValid))?;
    Ok(payload)
}

/// Reads a payload as strictly as a submission is read: plain SQL can write anything, and a type would take
/// more of it than the rules allow, or change it without a word.
fn read<P: DeserializeOwned + 'static>(payload: &str) -> Result<P, String> {
    let value = json::parse(payload).map_err(|error| error.to_string())?;
    if TypeId::of::<P>() == TypeId::of::<Value>() {
        return serde_json::from_value(value).map_err(|error| error.to_string());
    }
    serde_json::from_str(payload).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, TaskError};

    struct Shout;

    impl Task for Shout {
        type Payload = Vec<String>;
        type Output = ();

        async fn process(&self, _: Vec<String>, _: &Context) -> Result<(), TaskError> {
            Ok(())
        }

        fn version() -> u32 {
            3
        }

        fn upgrade(from: u32, payload: Value) -> Result<Value, String> {
            match from {
                1 => Ok(Value::Array(vec![payload])),
                _ => Err("never released".to_owned()),
            }
        }

        fn validate(payload: &Vec<String>) -> Result<(), String> {
            assert_ne!(payload.len(), 2, "two is not expected");
            match payload.is_empty() {
                true => Err("nobody is shouted at".to_owned()),
                false => Ok(()),
            }
        }
    }

    #[test]
    fn each_reason_why_a_payload_cannot_be_run_has_its_own_word() {
        let check = PayloadType::of::<Shout>().check;
        assert_eq!(check(r#"["a"]"#, 3), Ok(()));
        assert_eq!(check(r#""a""#, 1), Ok(()));
        for (payload, version, word, why) in [
            ("[]", 4, "newer_version", "version 4"),
            ("{}", 2, "not_upgraded", "never released"),
            ("{}", -7, "not_upgraded", "never released"),
            ("nothing", 3, "not_readable", "not JSON"),
            ("{}", 3, "not_readable", "invalid type"),
            ("7", 1, "not_readable", "after the upgrade from version 1"),
            ("[]", 3, "not_valid", "nobody"),
            (r#"["a","b"]"#, 3, "panicked", "two is not expected"),
        ] {
            let refused = check(payload, version).unwrap_err();
            assert_eq!(refused.fault.as_str(), word, "{payload} {version}");
            assert!(refused.why.contains(why), "{}", refused.why);
            let json = serde_json::to_value(refused.fault).unwrap();
            assert_eq!(json, word);
        }
    }
}
