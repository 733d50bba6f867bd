use super::{Register, Registry};
use crate::{Context, ErrorKind, Periodic, Task, TaskError};
use std::time::Duration;

/// Handlers of one name that are told apart by a setting.
struct Report {
    batch_size: usize,
}

impl Task for Report {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        Ok(())
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }
}

fn plain(batch_size: usize) -> Report {
    Report { batch_size }
}

fn periodic(name: &str, batch_size: usize) -> Periodic<Report> {
    Periodic::every(Duration::from_secs(60), plain(batch_size)).named(name)
}

fn batch_sizes(registry: &Registry) -> Vec<usize> {
    let handlers = registry.handlers();
    handlers
        .iter()
        .map(|known| known.spec().batch_size)
        .collect()
}

#[test]
fn a_plain_task_goes_before_the_one_that_a_periodic_brings_in_either_order() {
    let mut first = Registry::default();
    plain(1).register(&mut first);
    periodic("hourly", 2).register(&mut first);
    let mut last = Registry::default();
    periodic("hourly", 2).register(&mut last);
    plain(1).register(&mut last);
    for registry in [first, last] {
        registry.check().unwrap();
        assert_eq!(batch_sizes(&registry), [1]);
        assert_eq!(registry.periodics.len(), 1);
    }
}

#[test]
fn several_schedules_share_the_handler_of_the_first() {
    let mut registry = Registry::default();
    periodic("hourly", 2).register(&mut registry);
    periodic("daily", 3).register(&mut registry);
    registry.check().unwrap();
    assert_eq!(batch_sizes(&registry), [2]);
    assert_eq!(registry.periodics.len(), 2);
}

#[test]
fn two_plain_tasks_of_one_name_are_refused_whatever_lies_between_them() {
    let mut registry = Registry::default();
    plain(1).register(&mut registry);
    periodic("hourly", 2).register(&mut registry);
    plain(3).register(&mut registry);
    let error = registry.check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error
            .to_string()
            .contains("two task types are named `Report`"),
        "{error}"
    );
}
