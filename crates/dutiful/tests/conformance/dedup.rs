//! Dedup: which submission is the same task as an earlier one, and for how long.

use crate::harness::engine::Dialect;
use crate::harness::life::Life;
use crate::harness::trial::cases;
use crate::harness::{TestDb, gated};
use dutiful::{
    Context, Dedup, DedupScope, ErrorKind, Outcome, RetryPolicy, State, Task, TaskError, TaskId,
    TaskResult,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::marker::PhantomData;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

cases![
    scope_none_never_merges,
    scope_waiting_merges_until_the_first_claim,
    scope_active_merges_until_the_task_ends,
    scope_until_success_merges_until_it_succeeds_or_is_ended,
    scope_always_merges_as_long_as_the_row_is_there,
    scope_window_merges_for_its_time_whatever_becomes_of_the_task,
    a_resubmission_raises_max_retries_by_one_and_keeps_the_due_time,
    a_resubmission_of_an_exhausted_task_makes_it_due_now,
    a_resubmission_during_a_failing_run_is_not_overwritten,
    a_replaced_payload_is_run_and_one_that_runs_already_is_not_replaced,
    chosen_fields_alone_make_the_key,
    a_key_of_the_callers_own_is_the_key,
    upper_and_lower_case_are_different_payloads,
    accents_make_different_payloads,
    payloads_that_differ_after_character_511_are_different,
    task_names_in_upper_and_lower_case_are_different,
    a_trailing_space_makes_another_task_name,
    key_order_and_spacing_make_no_difference,
    dedup_keys_are_the_same_bytes_on_every_engine,
];

/// Submits the same again in each state, and checks in which of them it merges.
async fn check(db: &TestDb, scope: DedupScope, merges: impl Fn(State) -> bool) {
    let mut life = Life::new(db, scope).await;
    for &state in State::ALL {
        let id = life.bring(state).await;
        let before = life.client.get(id).await.unwrap();
        // A new one stays out of the worker's way.
        let again = life.submission(state).held().await.unwrap();
        let merged = merges(state);
        let what = format!("{scope:?}, {state}");
        assert_eq!(
            (again.outcome == Outcome::Merged, again.id == id),
            (merged, merged),
            "{what}"
        );
        let after = life.client.get(id).await.unwrap();
        assert_eq!(
            after.max_retries,
            before.max_retries + i64::from(merged),
            "{what}"
        );
        if merged && state == State::Failed {
            // It was exhausted, and runs again.
            let run = life.gate.next().await;
            life.gate.keep(run);
        }
    }
    life.worker.shutdown().await;
}

async fn scope_none_never_merges(db: TestDb) {
    check(&db, DedupScope::None, |_| false).await;
}

async fn scope_waiting_merges_until_the_first_claim(db: TestDb) {
    use State::{Held, Queued, Scheduled};
    check(&db, DedupScope::Waiting, |state| {
        matches!(state, Held | Scheduled | Queued)
    })
    .await;
}

async fn scope_active_merges_until_the_task_ends(db: TestDb) {
    check(&db, DedupScope::Active, |state| !state.is_ended()).await;
}

async fn scope_until_success_merges_until_it_succeeds_or_is_ended(db: TestDb) {
    check(&db, DedupScope::UntilSuccess, |state| {
        !state.is_ended() || state == State::Failed
    })
    .await;
}

async fn scope_always_merges_as_long_as_the_row_is_there(db: TestDb) {
    check(&db, DedupScope::Always, |_| true).await;
    let client = db.client().await;
    let submit = || {
        client
            .submit_json("Third", json!(1))
            .dedup(DedupScope::Always)
    };
    let first = submit().await.unwrap();
    db.exec(&format!(
        "DELETE FROM dutiful_tasks WHERE id = {}",
        first.id
    ))
    .await;
    assert_eq!(submit().await.unwrap().outcome, Outcome::Created);
}

async fn scope_window_merges_for_its_time_whatever_becomes_of_the_task(db: TestDb) {
    let scope = DedupScope::Window(HOUR);
    check(&db, scope, |_| true).await;
    let client = db.client().await;
    let submit = || client.submit_json("Third", json!(1)).dedup(scope);
    let first = submit().await.unwrap();
    let over = db.now_plus(-1);
    let sql = format!(
        "UPDATE dutiful_tasks SET dedup_until = {over} WHERE id = {}",
        first.id
    );
    db.exec(&sql).await;
    let second = submit().await.unwrap();
    assert_eq!(
        (second.outcome, submit().await.unwrap().id),
        (Outcome::Created, second.id)
    );
    // The first one lost only its slot.
    assert_eq!(client.get(first.id).await.unwrap().state, State::Queued);
}

async fn a_resubmission_raises_max_retries_by_one_and_keeps_the_due_time(db: TestDb) {
    let client = db.client().await;
    let first = client
        .submit_json("Script", json!(1))
        .delay(HOUR)
        .await
        .unwrap();
    let before = client.get(first.id).await.unwrap();
    for times in 1..=3 {
        let again = client
            .submit_json("Script", json!(1))
            .priority(9)
            .max_retries(50)
            .await
            .unwrap();
        assert_eq!((again.id, again.outcome), (first.id, Outcome::Merged));
        let task = client.get(first.id).await.unwrap();
        assert_eq!(task.max_retries, before.max_retries + times);
        assert_eq!(
            (task.due_at, task.priority),
            (before.due_at, before.priority)
        );
    }
}

async fn a_resubmission_of_an_exhausted_task_makes_it_due_now(db: TestDb) {
    let client = db.client().await;
    let (mut script, mut gate) = gated::<0>();
    script.retry_policy = RetryPolicy::Cooldown(HOUR);
    let worker = db.worker(script).await;
    let id = client
        .submit_json("Script", json!(1))
        .max_retries(1)
        .await
        .unwrap()
        .id;
    gate.next().await.fail("no");
    let task = client.wait(id, HOUR).await.unwrap();
    assert_eq!(
        (task.state, task.due_at, task.retries),
        (State::Failed, None, 1)
    );
    assert!(task.finished_at.is_some());
    let again = client.submit_json("Script", json!(1)).await.unwrap();
    assert_eq!((again.id, again.outcome), (id, Outcome::Merged));
    let run = gate.next().await;
    assert_eq!((run.id(), run.cx.retries()), (id, 1));
    let task = client.get(id).await.unwrap();
    assert_eq!(
        (task.state, task.max_retries, task.finished_at),
        (State::Running, 2, None)
    );
    run.succeed("at last");
    assert_eq!(client.wait(id, HOUR).await.unwrap().state, State::Succeeded);
    worker.shutdown().await;
}

async fn a_resubmission_during_a_failing_run_is_not_overwritten(db: TestDb) {
    let client = db.client().await;
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let id = client
        .submit_json("Script", json!(1))
        .max_retries(1)
        .await
        .unwrap()
        .id;
    let run = gate.next().await;
    assert_eq!(client.submit_json("Script", json!(1)).await.unwrap().id, id);
    // The worker still knows only one allowed failure; the row knows two.
    run.fail("no");
    let run = gate.next().await;
    assert_eq!((run.id(), run.cx.attempt()), (id, 2));
    let task = client.get(id).await.unwrap();
    assert_eq!((task.retries, task.max_retries), (1, 2));
    run.fail("no");
    let task = client.wait(id, HOUR).await.unwrap();
    assert_eq!(
        (task.state, task.retries, task.max_retries),
        (State::Failed, 2, 2)
    );
    worker.shutdown().await;
}

async fn a_replaced_payload_is_run_and_one_that_runs_already_is_not_replaced(db: TestDb) {
    let client = db.client().await;
    let submit = |text: &str| client.submit_json("Script", json!(text)).dedup_key("k");
    let id = submit("old").await.unwrap().id;
    assert_eq!(submit("kept out").await.unwrap().id, id);
    assert_eq!(client.get(id).await.unwrap().task_payload, json!("old"));
    assert_eq!(submit("new").replace_payload().await.unwrap().id, id);
    let (script, mut gate) = gated::<0>();
    let worker = db.worker(script).await;
    let run = gate.next().await;
    assert_eq!(run.payload, json!("new"));
    assert_eq!(submit("too late").replace_payload().await.unwrap().id, id);
    run.succeed(1);
    let task = client.wait(id, HOUR).await.unwrap();
    assert_eq!(task.task_payload, json!("new"));
    worker.shutdown().await;
}

#[derive(Serialize, Deserialize, JsonSchema, Clone)]
struct Order {
    customer: u32,
    note: String,
}

impl Order {
    fn new(customer: u32, note: &str) -> Order {
        Order {
            customer,
            note: note.to_owned(),
        }
    }
}

macro_rules! order_task {
    ($name:ident, $dedup:expr) => {
        struct $name;

        impl Task for $name {
            type Payload = Order;
            type Output = ();

            async fn process(&self, _: Order, _: &Context) -> Result<(), TaskError> {
                Ok(())
            }

            fn dedup() -> Dedup<Order> {
                $dedup
            }
        }
    };
}

order_task!(ByFields, Dedup::default().by_fields(&["/customer"]));
order_task!(
    ByKey,
    Dedup::default().by_key(|order| order.note.to_lowercase())
);
order_task!(Never, Dedup::none());

async fn chosen_fields_alone_make_the_key(db: TestDb) {
    let client = db.client().await;
    let first = client.submit::<ByFields>(Order::new(1, "a")).await.unwrap();
    let same = client.submit::<ByFields>(Order::new(1, "b")).await.unwrap();
    assert_eq!((same.id, same.outcome), (first.id, Outcome::Merged));
    let other = client.submit::<ByFields>(Order::new(2, "a")).await.unwrap();
    assert_eq!(other.outcome, Outcome::Created);
    for _ in 0..2 {
        let never = client.submit::<Never>(Order::new(1, "a")).await.unwrap();
        assert_eq!(never.outcome, Outcome::Created);
    }
}

async fn a_key_of_the_callers_own_is_the_key(db: TestDb) {
    let client = db.client().await;
    let first = client
        .submit::<ByKey>(Order::new(1, "Urgent"))
        .await
        .unwrap();
    let same = client
        .submit::<ByKey>(Order::new(2, "URGENT"))
        .await
        .unwrap();
    assert_eq!(same.id, first.id);
    let keyed = |n: u32| client.submit::<ByKey>(Order::new(n, "x")).dedup_key("mine");
    let second = keyed(1).await.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(keyed(2).await.unwrap().id, second.id);
}

/// Whether the second of two payloads is taken for the first.
async fn is_duplicate(db: &TestDb, one: Value, other: Value) -> bool {
    let client = db.client().await;
    let first = client.submit_json("Script", one).await.unwrap();
    let second = client.submit_json("Script", other.clone()).await.unwrap();
    let merged = second.outcome == Outcome::Merged;
    assert_eq!(merged, first.id == second.id);
    if !merged {
        assert_eq!(client.get(second.id).await.unwrap().task_payload, other);
    }
    merged
}

async fn upper_and_lower_case_are_different_payloads(db: TestDb) {
    assert!(!is_duplicate(&db, json!({ "doc": "A" }), json!({ "doc": "a" })).await);
}

async fn accents_make_different_payloads(db: TestDb) {
    assert!(!is_duplicate(&db, json!("resume"), json!("résumé")).await);
    // The same letter in its two Unicode forms.
    assert!(!is_duplicate(&db, json!("\u{e9}"), json!("e\u{301}")).await);
}

async fn payloads_that_differ_after_character_511_are_different(db: TestDb) {
    let long = "x".repeat(600);
    assert!(!is_duplicate(&db, json!(format!("{long}a")), json!(format!("{long}b"))).await);
}

async fn task_names_in_upper_and_lower_case_are_different(db: TestDb) {
    let client = db.client().await;
    let one = client.submit_json("t", json!(1)).await.unwrap();
    let other = client.submit_json("T", json!(1)).await.unwrap();
    assert_ne!(one.id, other.id);
    let listed = client
        .list(&dutiful::Filter::new().task_name("t"))
        .await
        .unwrap();
    assert_eq!(listed.tasks.len(), 1, "a filter keeps them apart as well");
}

async fn a_trailing_space_makes_another_task_name(db: TestDb) {
    let client = db.client().await;
    let one = client.submit_json("t", json!(1)).await.unwrap();
    let error = client.submit_json("t ", json!(1)).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::InvalidPayload,
        "we refuse it: {error}"
    );
    // Plain SQL may still write such a name: even with the same key it is another task.
    let sql = format!(
        "INSERT INTO dutiful_tasks (task_name, task_payload, dedup_key)
         SELECT 't ', task_payload, dedup_key FROM dutiful_tasks WHERE id = {}",
        one.id
    );
    assert_eq!(db.exec(&sql).await, 1);
    assert_eq!(client.submit_json("t", json!(1)).await.unwrap().id, one.id);
}

/// Two programs' ideas of one payload: serde writes fields in the order of their declaration.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Forth {
    b: Vec<u8>,
    a: Inner<f64>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Back {
    a: Inner<u8>,
    b: Vec<u8>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner<T> {
    d: u8,
    c: T,
}

struct Ordered<P>(PhantomData<P>);

impl<P> Task for Ordered<P>
where
    P: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static,
{
    type Payload = P;
    type Output = ();

    async fn process(&self, _: P, _: &Context) -> TaskResult<()> {
        Ok(())
    }

    fn name() -> &'static str {
        "Ordered"
    }
}

async fn key_order_and_spacing_make_no_difference(db: TestDb) {
    let client = db.client().await;
    let forth = Forth {
        b: vec![1, 2],
        a: Inner { d: 1, c: 2.0 },
    };
    let back = Back {
        a: Inner { d: 1, c: 2 },
        b: vec![1, 2],
    };
    let unlike = |payload: &str| payload.find("\"b\"") < payload.find("\"a\"");
    assert!(unlike(&serde_json::to_string(&forth).unwrap()));
    assert!(!unlike(&serde_json::to_string(&back).unwrap()));
    let first = client.submit::<Ordered<Forth>>(forth).await.unwrap();
    let second = client.submit::<Ordered<Back>>(back).await.unwrap();
    assert_eq!((second.id, second.outcome), (first.id, Outcome::Merged));
    let text = r#" { "a" : { "c" : 2e0, "d" : 1 }, "b" : [ 1, 2 ] } "#;
    let value: Value = serde_json::from_str(text).unwrap();
    let third = client.submit_json("Ordered", value).await.unwrap();
    assert_eq!((third.id, third.outcome), (first.id, Outcome::Merged));
}

async fn dedup_keys_are_the_same_bytes_on_every_engine(db: TestDb) {
    let client = db.client().await;
    let key = |id: TaskId| {
        let db = db.clone();
        async move {
            let hex = match db.dialect() {
                Dialect::Postgres => "encode(dedup_key, 'hex')",
                Dialect::Sqlite | Dialect::Mysql => "LOWER(HEX(dedup_key))",
            };
            db.column(id, hex)
                .await
                .unwrap()
                .trim_matches('\'')
                .to_owned()
        }
    };
    // What Python's hashlib makes of the documented recipe.
    let payload = json!({ "c": null, "b": [1.5, -0.001, 9_007_199_254_740_993_i64], "a": "é€😀" });
    let id = client.submit_json("Script", payload).await.unwrap().id;
    let expected = "b07fe468f2da1b8b4b828cff0066b18fef8b54d8ce29e70921dd11030c900eea";
    assert_eq!(key(id).await, expected);
    let id = client
        .submit_json("Script", json!(1))
        .dedup_key("résumé")
        .await
        .unwrap()
        .id;
    let expected = "bd4a7f857e6f45a32095a075470b671981065fbfd311fdeabb25a45b30a37b30";
    assert_eq!(key(id).await, expected);
}
