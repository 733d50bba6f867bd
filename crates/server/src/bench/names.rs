//! A hundred task names that all do nothing.

use super::noop::{Noop, Number, Numbered, Ran};
use crate::failure::Failure;
use dutiful::{Client, Context, SubmitMany, Task, TaskError, Worker};
use std::sync::Arc;

/// How many names there are.
pub(super) const COUNT: u64 = 100;
/// How many tasks one call submits.
const IN_BULK: u64 = 1_000;

/// A no-op whose name ends in two digits.
#[derive(Debug)]
struct Named<const TENS: u8, const ONES: u8>(Noop);

impl<const TENS: u8, const ONES: u8> Named<TENS, ONES> {
    const NAME: &str =
        match std::str::from_utf8(&[b'B', b'e', b'n', b'c', b'h', b'0' + TENS, b'0' + ONES]) {
            Ok(name) => name,
            Err(_) => panic!("digits are ASCII"),
        };
}

impl<const TENS: u8, const ONES: u8> Task for Named<TENS, ONES> {
    type Payload = Numbered;
    type Output = Number;

    async fn process(&self, payload: Numbered, cx: &Context) -> Result<Number, TaskError> {
        self.0.process(payload, cx).await
    }

    fn name() -> &'static str {
        Self::NAME
    }
}

/// What is done by name, behind one shape.
struct Name {
    register: fn(Worker, Noop) -> Worker,
    submit: fn(&Client, Vec<Numbered>) -> SubmitMany<'_>,
}

const fn name<const TENS: u8, const ONES: u8>() -> Name {
    Name {
        register: register_one::<TENS, ONES>,
        submit: submit_one::<TENS, ONES>,
    }
}

fn register_one<const TENS: u8, const ONES: u8>(worker: Worker, noop: Noop) -> Worker {
    worker.register(Named::<TENS, ONES>(noop))
}

fn submit_one<const TENS: u8, const ONES: u8>(
    client: &Client,
    payloads: Vec<Numbered>,
) -> SubmitMany<'_> {
    client.submit_many::<Named<TENS, ONES>>(payloads)
}

const fn ten<const TENS: u8>() -> [Name; 10] {
    [
        name::<TENS, 0>(),
        name::<TENS, 1>(),
        name::<TENS, 2>(),
        name::<TENS, 3>(),
        name::<TENS, 4>(),
        name::<TENS, 5>(),
        name::<TENS, 6>(),
        name::<TENS, 7>(),
        name::<TENS, 8>(),
        name::<TENS, 9>(),
    ]
}

const ALL: [[Name; 10]; 10] = [
    ten::<0>(),
    ten::<1>(),
    ten::<2>(),
    ten::<3>(),
    ten::<4>(),
    ten::<5>(),
    ten::<6>(),
    ten::<7>(),
    ten::<8>(),
    ten::<9>(),
];

/// Registers all names; together they run `goal` tasks.
pub(super) fn register(worker: Worker, ran: &Arc<Ran>, goal: u64) -> Worker {
    let noop = || Noop {
        ran: Arc::clone(ran),
        goal,
    };
    ALL.iter()
        .flatten()
        .fold(worker, |worker, name| (name.register)(worker, noop()))
}

/// Submits the tasks of the numbers below `tasks`, as many of each name as of any other, give or take one.
/// `payload` makes the payload of a number, `submitted` hears of each call.
pub(super) async fn fill(
    client: &Client,
    tasks: u64,
    payload: impl Fn(u64) -> Numbered,
    submitted: impl Fn(u64),
) -> Result<(), Failure> {
    for (name, index) in ALL.iter().flatten().zip(0..) {
        let (mut start, end) = (index * tasks / COUNT, (index + 1) * tasks / COUNT);
        while start < end {
            let next = (start + IN_BULK).min(end);
            (name.submit)(client, (start..next).map(&payload).collect()).await?;
            submitted(next - start);
            start = next;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dutiful::State;

    #[tokio::test]
    async fn tasks_spread_evenly_over_a_hundred_names() {
        let client = Client::connect("sqlite::memory:").await.unwrap();
        client.migrate().await.unwrap();
        let payload = |number| Numbered {
            number,
            filler: String::new(),
        };
        fill(&client, 250, payload, |_| {}).await.unwrap();
        let names = client.stats().await.unwrap().names;
        assert_eq!(names.len() as u64, COUNT);
        assert_eq!(
            (names[0].task_name.as_str(), names[99].task_name.as_str()),
            ("Bench00", "Bench99")
        );
        let counts = names.iter().map(|name| name.counts[&State::Queued]);
        assert!(counts.clone().all(|count| count == 2 || count == 3));
        assert_eq!(counts.sum::<u64>(), 250);
    }
}
