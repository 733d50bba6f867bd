//! Whether a program can read what is stored, before it is deployed.

use super::Client;
use crate::store::payloads::{self, Candidate};
use crate::store::span;
use crate::task::Refused;
use crate::{PayloadFault, PayloadType, Result, Told};
use dutiful_core::limits::LIST_OTHERS_MAX;
use serde::Serialize;
use std::collections::BTreeMap;

/// What [`Client::check_payloads`] found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PayloadReport {
    /// Payloads that were read.
    pub checked: u64,
    /// Those that this program could not run, by task name and reason.
    pub faults: Vec<PayloadFaults>,
    /// Tasks of other names, which were not read: the workers of this program leave them alone. At most 1,000
    /// names.
    pub unknown: Vec<UnknownName>,
}

/// Payloads of one task name that cannot be run for one reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PayloadFaults {
    /// The task name.
    pub task_name: String,
    /// Why they cannot be run.
    pub reason: PayloadFault,
    /// How many there are, and the first of them.
    #[serde(flatten)]
    pub told: Told,
}

/// A name that the program does not know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UnknownName {
    /// The name.
    pub task_name: String,
    /// How many tasks have it.
    pub tasks: u64,
}

impl Client {
    /// Whether a program that knows these types could run what is stored: each payload is read, upgraded and
    /// validated as before a run, and nothing is run or changed. Tasks that have ended are looked at only with
    /// `ended`.
    ///
    /// The table is read in steps of 1,000 rows, payloads up to 16 MiB at once; `progress` is called after each
    /// step with how far it is, of how far.
    ///
    /// ```
    /// # use dutiful::{Context, Task, TaskError};
    /// # struct Resize;
    /// # impl Task for Resize { type Payload = u32; type Output = ();
    /// #   async fn process(&self, _: u32, _: &Context) -> Result<(), TaskError> { Ok(()) } }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::{PayloadFault, PayloadType};
    /// client.submit_json("Resize", serde_json::json!("large")).await?;
    /// let report = client.check_payloads(&[PayloadType::of::<Resize>()], false, |_, _| {}).await?;
    /// assert_eq!(report.faults[0].reason, PayloadFault::NotReadable);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn check_payloads(
        &self,
        types: &[PayloadType],
        ended: bool,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<PayloadReport> {
        let span = span::span(self.db()).await?;
        let mut check = Check {
            types,
            checked: 0,
            faults: BTreeMap::new(),
            unknown: BTreeMap::new(),
        };
        let mut cursor = Some(i64::MIN);
        while let Some(from) = cursor {
            let scanned = payloads::scan(self.db(), from, ended).await?;
            self.check_step(&mut check, &scanned.candidates).await?;
            cursor = scanned.cursor;
            progress(span.up_to(cursor), span.length());
        }
        Ok(check.report())
    }

    async fn check_step(&self, check: &mut Check<'_>, candidates: &[Candidate]) -> Result<()> {
        let mut known: Vec<&Candidate> = candidates.iter().filter(|one| check.knows(one)).collect();
        known.retain(|one| !check.is_unreadable(one));
        let by_id: BTreeMap<i64, &Candidate> = known.iter().map(|one| (one.id, *one)).collect();
        let mut left = &known[..];
        while !left.is_empty() {
            let (now, later) = left.split_at(payloads::together(left));
            left = later;
            for payload in payloads::read(self.db(), now).await? {
                let Some(candidate) = by_id.get(&payload.id) else {
                    continue;
                };
                check.checked += 1;
                check.read(candidate, payload.text.as_deref(), payload.version);
            }
        }
        Ok(())
    }
}

/// A check under way.
struct Check<'t> {
    types: &'t [PayloadType],
    checked: u64,
    faults: BTreeMap<(String, PayloadFault), Told>,
    unknown: BTreeMap<String, u64>,
}

impl Check<'_> {
    fn named(&self, name: &str) -> Option<&PayloadType> {
        self.types.iter().find(|known| known.name == name)
    }

    /// Whether the task is of a type that is known; others are counted.
    fn knows(&mut self, candidate: &Candidate) -> bool {
        let name = &candidate.task_name;
        if self.named(name).is_some() {
            return true;
        }
        let room = i64::try_from(self.unknown.len()).is_ok_and(|names| names < LIST_OTHERS_MAX);
        if room || self.unknown.contains_key(name) {
            *self.unknown.entry(name.clone()).or_default() += 1;
        }
        false
    }

    fn is_unreadable(&mut self, candidate: &Candidate) -> bool {
        if let Some(why) = &candidate.unreadable {
            self.checked += 1;
            self.add(candidate, PayloadFault::Undecodable, why.clone());
        }
        candidate.unreadable.is_some()
    }

    fn read(&mut self, candidate: &Candidate, text: Option<&str>, version: i64) {
        let Some(known) = self.named(&candidate.task_name) else {
            return;
        };
        let checked = match text {
            Some(text) => (known.check)(text, version),
            None => Err(Refused {
                fault: PayloadFault::Undecodable,
                why: "the payload is no text".to_owned(),
            }),
        };
        if let Err(refused) = checked {
            self.add(candidate, refused.fault, refused.why);
        }
    }

    fn add(&mut self, candidate: &Candidate, fault: PayloadFault, why: String) {
        let group = (candidate.task_name.clone(), fault);
        let told = self.faults.entry(group).or_default();
        told.add(candidate.id, why);
    }

    fn report(self) -> PayloadReport {
        let faults = self.faults.into_iter();
        let unknown = self.unknown.into_iter();
        PayloadReport {
            checked: self.checked,
            faults: faults
                .map(|((task_name, reason), told)| PayloadFaults {
                    task_name,
                    reason,
                    told,
                })
                .collect(),
            unknown: unknown
                .map(|(task_name, tasks)| UnknownName { task_name, tasks })
                .collect(),
        }
    }
}
