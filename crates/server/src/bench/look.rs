//! Looking at a large table: lists by every filter, single tasks, counts and statistics.

use super::Bench;
use crate::failure::Failure;
use dutiful::{Client, Filter, SeriesFilter, State, Status, Step, Timestamp, testing};
use std::time::{Duration, Instant};

/// How often each look is taken.
const SAMPLES: usize = 40;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Fills the table, has its figures kept, and times every kind of look.
pub(super) async fn measure(bench: &mut Bench) -> Result<(), Failure> {
    let (client, progress) = (bench.client.clone(), &bench.progress);
    progress.begin("filling the table", bench.tasks);
    let what = |tasks: u64| progress.set(tasks, "filling the table".to_owned());
    testing::fill(&client, bench.tasks, what).await?;
    progress.begin("keeping figures", 1);
    let begun = Instant::now();
    client.keep_figures().await?;
    bench.report.rate(
        "figures",
        "figures kept of what ended",
        bench.tasks,
        begun.elapsed(),
    );
    let now = client.stats().await?.now;
    let filters = filters(now);
    bench
        .progress
        .begin("looking", (2 * filters.len() + 5) as u64);
    for (id, what, filter) in &filters {
        let list = samples(|| async { client.list(filter).await.map(|_| ()) }).await?;
        bench
            .report
            .looks(&format!("list_{id}"), &format!("list {what}"), list);
        let count = samples(|| async { client.count(filter).await.map(|_| ()) }).await?;
        bench
            .report
            .looks(&format!("count_{id}"), &format!("count {what}"), count);
        bench.progress.step(2);
    }
    look_at_one(bench, &client, now).await?;
    look_at_all(bench, &client).await
}

/// Tasks from all over the table.
async fn look_at_one(bench: &mut Bench, client: &Client, now: Timestamp) -> Result<(), Failure> {
    let mut ids = Vec::with_capacity(SAMPLES);
    for number in 1..=SAMPLES as u32 {
        let before = now.saturating_sub(MONTH / (SAMPLES as u32 + 1) * number);
        let filter = Filter::new().created_before(before).limit(1);
        ids.extend(
            client
                .list(&filter)
                .await?
                .tasks
                .first()
                .map(|task| task.id),
        );
    }
    let mut taken = Vec::with_capacity(ids.len());
    for id in ids {
        let begun = Instant::now();
        client.get(id).await?;
        taken.push(begun.elapsed());
    }
    bench.report.looks("get", "get a task", taken);
    bench.progress.step(1);
    Ok(())
}

async fn look_at_all(bench: &mut Bench, client: &Client) -> Result<(), Failure> {
    let stats = samples(|| async { client.stats().await.map(|_| ()) }).await?;
    bench.report.looks("stats", "stats", stats);
    let month = samples(|| async { client.stats_over(MONTH).await.map(|_| ()) }).await?;
    bench
        .report
        .looks("stats_month", "stats over 30 days", month);
    bench.progress.step(2);
    for (step, id) in [(Step::Minute, "series_minutes"), (Step::Day, "series_days")] {
        let filter = SeriesFilter::new(step);
        let series = samples(|| async { client.stats_series(&filter).await.map(|_| ()) }).await?;
        bench.report.looks(id, &format!("series by {step}"), series);
        bench.progress.step(1);
    }
    Ok(())
}

/// Every filter, and combinations that fit nothing or little.
fn filters(now: Timestamp) -> Vec<(&'static str, &'static str, Filter)> {
    let ago = |days: u32| now.saturating_sub(DAY * days);
    let hour = Duration::from_secs(3_600);
    let filter = Filter::new;
    let mut filters = vec![
        ("all", "everything", filter()),
        ("name", "a name", filter().task_name("Sample7")),
        ("rare_name", "a rare name", filter().task_name("SampleRare")),
        (
            "no_name",
            "a name without tasks",
            filter().task_name("SampleNone"),
        ),
        (
            "success",
            "status success",
            filter().status(Status::Success),
        ),
        ("error", "status error", filter().status(Status::Error)),
        (
            "name_state",
            "failed ones of a rare name",
            filter().task_name("SampleRare").state(State::Failed),
        ),
        (
            "created",
            "an hour of creation",
            filter()
                .created_after(ago(20))
                .created_before(ago(20).saturating_add(hour)),
        ),
        (
            "finished",
            "an hour of ends",
            filter()
                .finished_after(ago(20))
                .finished_before(ago(20).saturating_add(hour)),
        ),
        (
            "finished_days",
            "ten days of ends",
            filter().finished_after(ago(20)).finished_before(ago(10)),
        ),
        ("text", "a text that is there", filter().text("some length")),
        (
            "no_text",
            "a text that is nowhere",
            filter().text("no such text"),
        ),
        (
            "name_text",
            "a text of a rare name",
            filter().task_name("SampleRare").text("customer"),
        ),
    ];
    filters.extend(State::ALL.iter().copied().map(of_state));
    filters
}

/// All that are in one state.
fn of_state(state: State) -> (&'static str, &'static str, Filter) {
    let (id, what) = match state {
        State::Held => ("held", "held"),
        State::Scheduled => ("scheduled", "scheduled"),
        State::Queued => ("queued", "queued"),
        State::Running => ("running", "running"),
        State::Retrying => ("retrying", "retrying"),
        State::Succeeded => ("succeeded", "succeeded"),
        State::Failed => ("failed", "failed"),
        State::Invalid => ("invalid", "invalid"),
        State::Discarded => ("discarded", "discarded"),
        State::Cancelled => ("cancelled", "cancelled"),
        State::Quarantined => ("quarantined", "quarantined"),
    };
    (id, what, Filter::new().state(state))
}

/// How long some looks take, one after the other.
async fn samples<F>(look: impl Fn() -> F) -> Result<Vec<Duration>, Failure>
where
    F: Future<Output = dutiful::Result<()>>,
{
    let mut samples = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let begun = Instant::now();
        look().await?;
        samples.push(begun.elapsed());
    }
    Ok(samples)
}
