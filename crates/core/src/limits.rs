//! Every default, and every bound on what callers give and get, in one place. Other files refer to these and
//! state none. How long and how often the workings wait and try again stands where they do it.

use std::time::Duration;

/// Longest task name, in bytes.
pub const NAME_BYTES_MAX: usize = 100;
/// Largest payload, in bytes of its canonical text.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes that the binary reads of a payload, before what makes it readable is taken out.
pub const PAYLOAD_READ_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Largest result, in bytes of its canonical text.
pub const RESULT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest stored error message, in bytes; longer ones are cut.
pub const ERROR_BYTES_MAX: usize = 8 * 1024;
/// Longest beginning of the tables' names, in bytes.
pub const TABLE_PREFIX_BYTES_MAX: usize = 32;
/// Most levels of a payload: up to 31 arrays and objects in one another, and the innermost value. MariaDB
/// takes 32 arrays in one another for no JSON, whatever is in them. A result is stored as the text that its
/// handler made of it, however deep: the work is done, and must not be done again for the sake of its form.
pub const JSON_DEPTH_MAX: usize = 32;
/// Most tasks in one call that submits many.
pub const SUBMIT_MANY_MAX: usize = 10_000;
/// How deep tasks that wait for others, which wait for others, may be nested in one submission.
pub const JOIN_DEPTH_MAX: usize = 32;
/// Most items of a join in one page.
pub const ITEMS_PAGE_MAX: u32 = 1_000;
/// Most rows in one statement that submits many.
pub const SUBMIT_STATEMENT_ROWS: usize = 1_000;
/// Most single submissions that share a statement.
pub const GATHER_ROWS: usize = 512;
/// Most single submissions that wait for their statement; further callers wait to hand theirs over.
pub const GATHER_QUEUE: usize = 1_024;
/// Most tasks taken by one claim.
pub const CLAIM_BATCH_MAX: usize = 1_000;
/// Most tasks that a lane may hold claimed, running and queued together, unless it has more slots than that:
/// one batch is claimed while the one before it runs and the one before that is settled.
pub const HELD_MAX: usize = 3_000;
/// Most outcomes written by one settling statement.
pub const SETTLE_BATCH_MAX: usize = 1_000;
/// Largest parameters of one statement, in bytes, however much more a server would take; a single larger
/// row goes alone.
pub const STATEMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most rows in one page of a list.
pub const LIST_PAGE_MAX: usize = 200;
/// A page of a list ends early once it holds about so many bytes of payloads and results.
pub const LIST_PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most rows that one call looks at to fill a page, or to count.
pub const LIST_SCAN_ROWS_MAX: usize = 10_000;
/// How long one call goes on looking at rows to fill a page, or to count: with the last look this stays within a
/// tenth of a second.
pub const LIST_SCAN_TIME_MAX: Duration = Duration::from_millis(50);
/// Up to how many tasks are counted.
pub const COUNT_MAX: usize = 10_000;
/// Up to how many tasks of one name that wait or run are counted.
pub const LIVE_COUNTED_MAX: i64 = 10_000;
/// Up to how many tasks that wait or run are counted in all, of names that have more than a few.
pub const LIVE_COUNTED_IN_ALL: i64 = 50_000;
/// Up to how many tasks are counted that have ended since figures were last brought up to date.
pub const FRESH_COUNTED_MAX: i64 = 50_000;
/// How long figures of single minutes are kept.
pub const MINUTES_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long figures of hours are kept.
pub const HOURS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long figures of days are kept.
pub const DAYS_KEPT: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);
/// Most spans that one time series tells of.
pub const SERIES_SPANS_MAX: usize = 1_500;
/// Most rows of figures that one time series, or one look at the latest, is made of.
pub const SERIES_ROWS_MAX: i64 = 50_000;
/// Most levels (priorities of task names) with waiting tasks that counts and lists take in.
pub const LEVELS_MAX: i64 = 1_000;
/// Longest text to look for in a list, in bytes.
pub const LIST_TEXT_BYTES_MAX: usize = 1_000;
/// Most workers, and most periodics, that are shown.
pub const LIST_OTHERS_MAX: i64 = 1_000;
/// Up to how many due tasks are counted that come before one that is asked about.
pub const AHEAD_COUNTED_MAX: i64 = 1_000;
/// Most earlier attempts that an explanation tells of one by one.
pub const EXPLAINED_ATTEMPTS_MAX: usize = 20;
/// Most connections that callers share.
pub const POOL_SIZE_MAX: usize = 1_000;
/// Largest `max_retries`.
pub const MAX_RETRIES_MAX: i64 = 1_000_000;
/// Up to how many tasks a preview of a bulk operation counts.
pub const BULK_COUNTED_MAX: usize = 10_000;
/// How long it looks at rows for that.
pub const BULK_COUNT_TIME_MAX: Duration = Duration::from_secs(3);
/// Most tasks that a preview shows.
pub const BULK_EXAMPLES_MAX: usize = 10;
/// Most tasks that a bulk operation changes in one transaction.
pub const BULK_BATCH_ROWS: usize = 100;
/// How long a preview can be confirmed.
pub const PREVIEW_VALID: Duration = Duration::from_secs(10 * 60);
/// How long it is remembered, so that a late confirmation is told why it is refused.
pub const PREVIEW_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Where attempts, failed runs and crashes stop being counted: no column holds more on every engine.
pub const COUNTER_MAX: i64 = 2_147_483_647;
/// Lowest priority.
pub const PRIORITY_MIN: i16 = -9;
/// Highest priority.
pub const PRIORITY_MAX: i16 = 9;
/// Longest delay of any kind: first run, cooldown, snooze, retry-after. Ten years of 365 days.
pub const DELAY_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// Longest timeout of one attempt: 30 days.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Shortest time between two looks for due tasks.
pub const POLL_INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Longest time between two looks for due tasks.
pub const POLL_INTERVAL_MAX: Duration = Duration::from_secs(60 * 60);
/// While this many handlers of a lane do not end although they were told to, it claims no more: each of
/// them keeps a thread.
pub const ABANDONED_MAX: usize = 32;
/// Longest time that running tasks can get at shutdown.
pub const SHUTDOWN_GRACE_MAX: Duration = TIMEOUT_MAX;
/// Shortest lease that can be configured.
pub const LEASE_MIN: Duration = Duration::from_secs(1);
/// Longest lease that can be configured.
pub const LEASE_MAX: Duration = Duration::from_secs(60 * 60);
/// Longest name of a durable step, in bytes.
pub const STEP_NAME_BYTES_MAX: usize = 200;
/// Longest log line of a task, in bytes.
pub const LOG_LINE_BYTES_MAX: usize = 4 * 1024;
/// Most log lines kept of one attempt.
pub const LOG_LINES_PER_ATTEMPT_MAX: usize = 1_000;
/// Most log lines kept of one task, and for every ten attempts those that they add. The oldest go first.
pub const LOG_LINES_PER_TASK_MAX: i64 = 10_000;
/// Most attempts kept and shown of one task, give or take ten. The oldest go first.
pub const ATTEMPTS_KEPT_MAX: i64 = 1_000;
/// Longest cron expression, in bytes.
pub const CRON_BYTES_MAX: usize = 200;
/// Longest time zone name, in bytes.
pub const TIME_ZONE_BYTES_MAX: usize = 100;
/// Shortest interval of a schedule.
pub const EVERY_MIN: Duration = Duration::from_millis(100);
/// Longest interval of a schedule: ten years of 365 days.
pub const EVERY_MAX: Duration = DELAY_MAX;
/// How late a tick may be noticed and still count as on time.
pub const TICK_GRACE: Duration = Duration::from_secs(10);
/// Where the count of a cron schedule's skipped ticks stops, so that planning stays bounded.
pub const SKIPPED_TICKS_COUNTED_MAX: u64 = 1_000;
/// Most coming ticks of a schedule that are reckoned at once.
pub const TICKS_RECKONED_MAX: usize = 100;
/// Most fields that make up a dedup key.
pub const DEDUP_FIELDS_MAX: usize = 32;
/// Most patterns of task names that a token is good for.
pub const TOKEN_TASK_NAMES_MAX: usize = 100;
/// Longest time that a former secret of a token goes on: 30 days.
pub const TOKEN_OVERLAP_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Longest actor, action and target of an entry in the audit, in bytes; longer ones are cut.
pub const AUDIT_WORD_BYTES_MAX: usize = 200;
/// Longest detail of an entry in the audit, in bytes; longer ones are cut.
pub const AUDIT_DETAIL_BYTES_MAX: usize = 8 * 1024;
/// How long entries stay in the audit.
pub const AUDIT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Longest key of a request that may be repeated, in bytes.
pub const REQUEST_KEY_BYTES_MAX: usize = 255;
/// How long a request that is repeated is given the same answer.
pub const REQUEST_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a call waits for a queue that is being moved to another database, before it says so.
pub const MOVE_PATIENCE: Duration = Duration::from_secs(20);
/// Most rows that a move reads or writes at once.
pub const MOVE_ROWS: usize = 1_000;
/// Most bytes of large text that a move reads or writes at once, unless 25 rows hold more.
pub const MOVE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest time that a move gives to running tasks before it takes the tables away.
pub const MOVE_GRACE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Most tasks of another queue that are copied in one transaction.
pub const ADOPT_BATCH_MAX: usize = 1_000;
/// Payloads and results that are read for it at once, in bytes; a single larger row goes alone.
pub const ADOPT_BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How many tasks a report names for each thing that it tells.
pub const REPORT_EXAMPLES_MAX: usize = 20;
/// Most dedup keys that are remembered to tell what adopting would come to.
pub const ADOPT_KEYS_MAX: usize = 250_000;
/// Ids that are left free for the other queue above those it has given, at least.
pub const ADOPT_HEAD_ROOM: i64 = 1_000_000;
/// Most rows of a kind that one statement of a follower reads.
pub const FOLLOW_PAGE: i64 = 1_000;
/// Most pages of a kind in one look of a follower.
pub const FOLLOW_PAGES_MAX: usize = 5;
/// A follower reads everything once more when it is this old, because what was written then may have been
/// committed later.
pub const FOLLOW_SETTLED: Duration = Duration::from_secs(10);
/// Most changes that a follower remembers, so that it tells each once.
pub const FOLLOW_TOLD_MAX: usize = 100_000;
/// Most tasks that have not ended of which a follower looks at each.
pub const FOLLOW_OPEN_MAX: usize = 1_000;
/// Most bytes of a stored document: 64 MiB.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest name of a stored document, in bytes.
pub const DOCUMENT_NAME_BYTES_MAX: usize = 500;
/// Bytes of a document that stand in one row.
pub const DOCUMENT_PART_BYTES: usize = 256 * 1024;
/// Pages, chunks and vectors are written in statements of about so many bytes.
pub const DOCUMENT_WRITE_BYTES: usize = 1024 * 1024;
/// Most pages of a stored document that are read at once.
pub const DOCUMENT_PAGES_READ_MAX: i64 = 100;
/// Longest name of what is held, in bytes.
pub const HOLD_NAME_BYTES_MAX: usize = 200;
/// Longest time for which a name is held at once.
pub const HOLD_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// How often one of our own transactions is tried again after a passing failure.
pub const OWN_RETRIES_MAX: u32 = 8;

/// Default number of tasks of another queue that are copied in one transaction.
pub const ADOPT_BATCH: usize = 500;
/// Default number of connections that callers share.
pub const POOL_SIZE: usize = 8;
/// Default number of rows in one page of a list.
pub const LIST_PAGE: usize = 50;
/// Default time between two looks for due tasks.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Default number of tasks of one name in flight in one worker.
pub const BATCH_SIZE: usize = 16;
/// Default timeout of one attempt.
pub const TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// Default number of failed runs allowed.
pub const MAX_RETRIES: i64 = 3;
/// Default wait before a failed task runs again.
pub const COOLDOWN: Duration = Duration::from_secs(10 * 60);
/// Default lease.
pub const LEASE: Duration = Duration::from_secs(30);
/// Default time that running tasks get at shutdown.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);
/// Default number of crashes after which a task is quarantined.
pub const CRASH_LIMIT: i64 = 3;
/// Default time that a move gives to running tasks before it takes the tables away.
pub const MOVE_GRACE: Duration = Duration::from_secs(60);
