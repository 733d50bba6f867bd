//! One case on one engine.

use super::database::{History, TestDb};
use super::emptied;
use super::engine::Engine;
use libtest_mimic::{Arguments, Failed, Trial};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// No trial takes longer, however busy the machine: a run that hangs says which one it was.
const TRIAL_MAX: Duration = Duration::from_secs(600);

/// What a case does with the database it is given.
type Run = fn(TestDb) -> Pin<Box<dyn Future<Output = ()>>>;

/// A promise, and how it is tried.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Where it means something: a file has no link that breaks and no rows that are locked one by one.
    pub(crate) on: fn(&Engine) -> bool,
    pub(crate) run: Run,
}

/// Makes `cases()` of a group: its promises in the order of their listing, and behind `on CONDITION:` those
/// that only some engines can be tried for.
macro_rules! cases {
    ($($name:ident),* $(,)? $(; on $on:path: $($some:ident),+ $(,)?)*) => {
        pub(crate) fn cases() -> Vec<$crate::harness::trial::Case> {
            vec![
                $($crate::harness::trial::Case {
                    name: stringify!($name),
                    on: |_| true,
                    run: |db| Box::pin($name(db)),
                },)*
                $($($crate::harness::trial::Case {
                    name: stringify!($some),
                    on: $on,
                    run: |db| Box::pin($some(db)),
                },)+)*
            ]
        }
    };
}
pub(crate) use cases;

/// Which cases are tried once more, on a database that went up, down and up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Again {
    All,
    /// Every so many-th, beginning with this one: several servers share the cases.
    Share {
        first: usize,
        of: usize,
    },
    None,
}

impl Again {
    fn holds(self, number: usize) -> bool {
        match self {
            Again::All => true,
            Again::Share { first, of } => number % of == first,
            Again::None => false,
        }
    }
}

/// The trials of all cases on an engine: on a fresh database, and on one that went up, down and up.
pub(crate) fn trials(engine: &Engine, cases: &[Case], again: Again) -> Vec<Trial> {
    let trial = |suffix: &str, history, case: &Case| {
        let name = format!("{}{suffix}::{}", engine.name, case.name);
        let (engine, run) = (engine.clone(), case.run);
        Trial::test(name, move || {
            run_on(&engine, history, run);
            Ok(())
        })
    };
    let cases = || cases.iter().filter(|case| (case.on)(engine));
    let fresh = cases().map(|case| trial("", History::Fresh, case));
    let numbered = cases().enumerate();
    let once_more = numbered.filter(|(number, _)| again.holds(*number));
    let once_more = once_more.map(|(_, case)| trial("_again", History::UpDownUp, case));
    fresh.chain(once_more).collect()
}

/// A trial that fails because its engine is not there.
pub(crate) fn missing(name: &str, why: String) -> Trial {
    Trial::test(format!("{name}::missing"), move || Err(Failed::from(why)))
}

/// Handlers that panic on purpose would fill the screen: their outcome is in the database.
pub(crate) fn keep_handlers_quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        if !thread
            .name()
            .is_some_and(|name| name.starts_with("dutiful-"))
        {
            usual(panic);
        }
    }));
}

/// Runs the trials of a test program; its last act is to drop what they gave on to each other.
pub(crate) fn run(arguments: &Arguments, trials: Vec<Trial>) -> ExitCode {
    let conclusion = libtest_mimic::run(arguments, trials);
    runtime().block_on(emptied::drop_all());
    conclusion.exit_code()
}

/// Runs one case on a database of its own, which is dropped or given on however it ends.
pub(crate) fn run_on(
    engine: &Engine,
    history: History,
    run: impl FnOnce(TestDb) -> Pin<Box<dyn Future<Output = ()>>>,
) {
    let runtime = runtime();
    let db = runtime.block_on(TestDb::create(engine, history));
    let place = db.place();
    let bounded = async { tokio::time::timeout(TRIAL_MAX, run(db)).await };
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(bounded)));
    runtime.shutdown_timeout(Duration::from_secs(1));
    let runtime = self::runtime();
    match ended {
        Ok(Ok(())) => runtime.block_on(place.give_back()),
        Ok(Err(_)) => {
            runtime.block_on(place.remove());
            panic!("no end within {TRIAL_MAX:?}");
        }
        Err(panic) => {
            runtime.block_on(place.remove());
            resume_unwind(panic);
        }
    }
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
