//! The peers: where their programs are, on what they run, and how much they are given to do.

use super::base::Family;
use super::figure::{Figure, Measure, RATE};

const SUBMIT_ONE: Measure = Measure {
    rival: "submit-one",
    dutiful: "submit-one",
    figures: &[(RATE, Figure::SubmitOne)],
};
/// No peer refuses a payload that waits already, so Dutiful is shown with and without.
const BULK: Measure = Measure {
    rival: "bulk",
    dutiful: "submit-bulk,submit-bulk-without-dedup",
    figures: &[
        (RATE, Figure::SubmitBulk),
        (RATE, Figure::SubmitBulkWithoutDedup),
    ],
};
const DRAIN: Measure = Measure {
    rival: "drain",
    dutiful: "drain",
    figures: &[(RATE, Figure::Drain)],
};
const PICK_UP: Measure = Measure {
    rival: PICK_UP_NAME,
    dutiful: "pick-up",
    figures: &[("p50_ms", Figure::PickUpP50), ("p99_ms", Figure::PickUpP99)],
};
const PICK_UP_NAME: &str = "pick-up";

const ALL: &[Measure] = &[SUBMIT_ONE, BULK, DRAIN, PICK_UP];
const NO_BULK: &[Measure] = &[SUBMIT_ONE, DRAIN, PICK_UP];
const NO_PICK_UP: &[Measure] = &[SUBMIT_ONE, BULK, DRAIN];
const ONLY_DRAIN: &[Measure] = &[DRAIN];

/// As many samples of pick-up as `dutiful bench` takes.
const SAMPLES: u64 = 300;

/// In what a peer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    Node,
    Python,
}

/// A peer with one choice of settings.
#[derive(Clone, Copy)]
pub(crate) struct Rival {
    /// What it is called in the results.
    pub(crate) name: &'static str,
    pub(crate) language: Language,
    /// Its program's folder below `bench/peers`, or its file in the folder of its language.
    pub(crate) program: &'static str,
    /// The package whose version is told.
    pub(crate) package: &'static str,
    pub(crate) families: &'static [Family],
    pub(crate) settings: &'static [&'static str],
    pub(crate) measures: &'static [Measure],
    /// It is given so many times fewer tasks in bulk.
    pub(crate) slowness: u64,
    pub(crate) samples: u64,
}

impl Rival {
    /// How much it does of a measure for which Dutiful does `tasks`.
    pub(crate) fn tasks(&self, measure: &Measure, tasks: u64) -> u64 {
        match measure.rival {
            // As `dutiful bench` has it.
            "submit-one" => (tasks / 10).min(5_000),
            PICK_UP_NAME => self.samples,
            _ => tasks / self.slowness,
        }
    }
}

/// What the others are made from.
const RUST: Rival = Rival {
    name: "",
    language: Language::Rust,
    program: "",
    package: "",
    families: &[Family::Postgres],
    settings: &[],
    measures: ALL,
    slowness: 1,
    samples: SAMPLES,
};
const GRAPHILE: Rival = Rival {
    name: "graphile_worker, local queue 500",
    program: "graphile-worker",
    package: "graphile_worker",
    settings: &["local-queue=500"],
    ..RUST
};
const APALIS_SQLITE: Rival = Rival {
    name: "apalis-sqlite, synchronous=FULL",
    program: "apalis-sqlite",
    package: "apalis-sqlite",
    families: &[Family::Sqlite],
    settings: &["synchronous=full"],
    // Its worker hears only from the connection that it opens itself, with OFF.
    measures: NO_PICK_UP,
    ..RUST
};
const NODE: Rival = Rival {
    language: Language::Node,
    ..RUST
};
const PYTHON: Rival = Rival {
    language: Language::Python,
    ..RUST
};

pub(crate) const RIVALS: &[Rival] = &[
    GRAPHILE,
    Rival {
        name: "graphile_worker, local queue 1,000",
        settings: &["local-queue=1000"],
        measures: ONLY_DRAIN,
        ..GRAPHILE
    },
    Rival {
        name: "riverqueue",
        program: "riverqueue",
        package: "riverqueue",
        ..RUST
    },
    Rival {
        name: "riverqueue, synchronous=FULL",
        program: "riverqueue",
        package: "riverqueue",
        families: &[Family::Sqlite],
        ..RUST
    },
    Rival {
        name: "awa",
        program: "awa",
        package: "awa",
        ..RUST
    },
    Rival {
        name: "apalis-postgres",
        program: "apalis-postgres",
        package: "apalis-postgres",
        ..RUST
    },
    Rival {
        name: "apalis-sqlite as shipped, synchronous=OFF",
        settings: &["synchronous=shipped"],
        measures: ALL,
        ..APALIS_SQLITE
    },
    APALIS_SQLITE,
    Rival {
        name: "apalis-mysql",
        program: "apalis-mysql",
        package: "apalis-mysql",
        families: &[Family::Mysql],
        slowness: 5,
        // It polls ever more slowly: a sample takes seconds.
        samples: 20,
        ..RUST
    },
    Rival {
        name: "fang",
        program: "fang",
        package: "fang",
        families: &[Family::Postgres, Family::Mysql, Family::Sqlite],
        measures: NO_BULK,
        slowness: 20,
        samples: 100,
        ..RUST
    },
    Rival {
        name: "graphile-worker (Node)",
        program: "graphile-worker.mjs",
        package: "graphile-worker",
        ..NODE
    },
    Rival {
        name: "pg-boss (Node)",
        program: "pg-boss.mjs",
        package: "pg-boss",
        // Its worker polls every 0.5 s at the most: there is nothing to compare.
        measures: NO_PICK_UP,
        ..NODE
    },
    Rival {
        name: "pgqueuer (Python)",
        program: "use_pgqueuer.py",
        package: "pgqueuer",
        ..PYTHON
    },
    Rival {
        name: "procrastinate (Python)",
        program: "use_procrastinate.py",
        package: "procrastinate",
        slowness: 10,
        ..PYTHON
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_rivals_apart() {
        for (index, rival) in RIVALS.iter().enumerate() {
            let same = |other: &&Rival| other.name == rival.name;
            assert_eq!(RIVALS.iter().position(|other| same(&other)), Some(index));
        }
    }

    #[test]
    fn a_slow_rival_drains_less() {
        let slow = Rival {
            slowness: 10,
            samples: 3,
            ..RUST
        };
        let tasks = [&SUBMIT_ONE, &DRAIN, &PICK_UP].map(|measure| slow.tasks(measure, 50_000));
        assert_eq!(tasks, [5_000, 5_000, 3]);
    }
}
