//! Tokens: who is let in, until when, and what is kept of their secrets.

use crate::harness::engine::{Dialect, Engine};
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{TestDb, until, within};
use dutiful::{Client, CreatedToken, ErrorKind, NewToken, Scope, Timestamp, TokenInfo};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

cases![
    a_token_is_found_by_its_secret_and_by_nothing_else,
    a_token_ends_by_the_clock_of_the_database,
    a_revoked_token_lets_nobody_in,
    a_rotated_token_has_two_secrets_for_a_while,
    of_tokens_of_one_name_made_at_once_one_is_made,
    the_last_use_is_written_once_a_minute,
    a_secret_stands_in_no_table_and_is_not_shown,
    ;
    on Engine::is_server:
    a_token_whose_answer_was_lost_is_made_once,
    a_rotation_whose_answer_was_lost_is_made_once,
];

const HOUR: Duration = Duration::from_secs(3_600);
const NAME: &str = "lost-answer";

async fn make(client: &Client, token: NewToken) -> CreatedToken {
    client.create_token(token).await.unwrap()
}

async fn verify(client: &Client, created: &CreatedToken) -> Option<TokenInfo> {
    client.verify_token(&created.secret).await.unwrap()
}

async fn opens(client: &Client, created: &CreatedToken) -> bool {
    verify(client, created).await.is_some()
}

/// Sets a time of all tokens, so many seconds from now.
async fn set(db: &TestDb, column: &str, seconds: i64) {
    let time = db.now_plus(seconds);
    let sql = format!("UPDATE dutiful_tokens SET {column} = {time}");
    assert!(db.exec(&sql).await > 0);
}

async fn a_token_is_found_by_its_secret_and_by_nothing_else(db: TestDb) {
    let client = db.client().await;
    let scopes = [Scope::Manage, Scope::Enqueue];
    let token = NewToken::new("mailer", scopes).task_names(["mail:*", "Resize"]);
    let created = make(&client, token).await;
    let other = make(&client, NewToken::new("other", [Scope::Admin])).await;

    let found = verify(&db.client().await, &created).await.unwrap();
    assert_eq!(found.name, "mailer");
    assert!(found.active && found.allows(Scope::Manage) && !found.allows(Scope::Read));
    assert!(found.allows_task("mail:send") && !found.allows_task("Report"));
    assert_eq!(verify(&client, &other).await.unwrap().name, "other");

    let (start, end) = created.secret.split_at(created.secret.len() - 1);
    let turned = format!("{start}{}", if end == "0" { "1" } else { "0" });
    for secret in ["", "mailer", start, &created.secret.to_uppercase(), &turned] {
        assert_eq!(client.verify_token(secret).await.unwrap(), None, "{secret}");
    }
    let names: Vec<String> = client
        .tokens()
        .await
        .unwrap()
        .into_iter()
        .map(|token| token.name)
        .collect();
    assert_eq!(names, ["mailer", "other"]);
}

async fn a_token_ends_by_the_clock_of_the_database(db: TestDb) {
    let client = db.client().await;
    let created = make(
        &client,
        NewToken::new("hour", [Scope::Read]).expires_in(HOUR),
    )
    .await;
    let lives = created
        .info
        .expires_at
        .unwrap()
        .since(created.info.created_at);
    let second = Duration::from_secs(1);
    assert!(
        lives.abs_diff(HOUR) < second,
        "both are of the database's clock"
    );
    assert!(opens(&client, &created).await);
    set(&db, "expires_at", -1).await;
    assert!(!opens(&client, &created).await);
    assert!(!client.tokens().await.unwrap()[0].active);
    let refused = client.rotate_token("hour", HOUR).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");

    let past = Timestamp::from_micros(1_000_000);
    let created = make(
        &client,
        NewToken::new("past", [Scope::Read]).expires_at(past),
    )
    .await;
    assert_eq!(created.info.expires_at, Some(past));
    assert!(!created.info.active && !opens(&client, &created).await);
}

async fn a_revoked_token_lets_nobody_in(db: TestDb) {
    let client = db.client().await;
    let first = make(&client, NewToken::new("ci", [Scope::Admin])).await;
    let second = client.rotate_token("ci", HOUR).await.unwrap();
    assert!(opens(&client, &first).await && opens(&client, &second).await);
    let revoked = db.client().await.revoke_token("ci").await.unwrap();
    assert!(revoked.revoked_at.is_some() && !revoked.active);
    assert!(!opens(&client, &first).await && !opens(&client, &second).await);

    let again = client.revoke_token("ci").await.unwrap();
    assert_eq!(again.revoked_at, revoked.revoked_at, "once for all");
    for (error, kind) in [
        (
            client.rotate_token("ci", HOUR).await.unwrap_err(),
            ErrorKind::Conflict,
        ),
        (
            client
                .create_token(NewToken::new("ci", [Scope::Read]))
                .await
                .unwrap_err(),
            ErrorKind::Conflict,
        ),
        (
            client.revoke_token("CI").await.unwrap_err(),
            ErrorKind::NotFound,
        ),
        (
            client.rotate_token("nobody", HOUR).await.unwrap_err(),
            ErrorKind::NotFound,
        ),
        (
            client.revoke_token("no name").await.unwrap_err(),
            ErrorKind::Config,
        ),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
    }
    let error = client.revoke_token(&first.secret).await.unwrap_err();
    assert!(
        !error.to_string().contains(&first.secret),
        "a secret in an error"
    );
}

async fn a_rotated_token_has_two_secrets_for_a_while(db: TestDb) {
    let client = db.client().await;
    let first = make(&client, NewToken::new("ci", [Scope::Read]).expires_in(HOUR)).await;
    let second = client.rotate_token("ci", HOUR).await.unwrap();
    assert_ne!(first.secret, second.secret);
    assert_eq!(second.info.expires_at, first.info.expires_at);
    assert!(second.info.previous_until.is_some());
    assert!(opens(&client, &first).await && opens(&client, &second).await);
    set(&db, "previous_until", -1).await;
    assert!(!opens(&client, &first).await && opens(&client, &second).await);

    let third = client.rotate_token("ci", Duration::ZERO).await.unwrap();
    assert_eq!(third.info.previous_until, None);
    assert!(!opens(&client, &second).await && opens(&client, &third).await);

    let fourth = client.rotate_token("ci", HOUR).await.unwrap();
    let fifth = client.rotate_token("ci", HOUR).await.unwrap();
    assert!(!opens(&client, &third).await, "two rotations ago");
    assert!(opens(&client, &fourth).await && opens(&client, &fifth).await);
    let too_long = client.rotate_token("ci", 24 * 31 * HOUR).await.unwrap_err();
    assert_eq!(too_long.kind(), ErrorKind::Config);
    set(&db, "expires_at", -1).await;
    assert!(!opens(&client, &fourth).await && !opens(&client, &fifth).await);
}

async fn of_tokens_of_one_name_made_at_once_one_is_made(db: TestDb) {
    let clients = db.clients(4).await;
    let barrier = Arc::new(Barrier::new(clients.len()));
    let made = clients.iter().cloned().map(|client| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            client
                .create_token(NewToken::new("ci", [Scope::Read]))
                .await
        })
    });
    let mut secrets = Vec::new();
    for result in within("all have an answer", join_all(made)).await {
        match result.unwrap() {
            Ok(created) => secrets.push(created),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
        }
    }
    assert_eq!((secrets.len(), db.count("tokens").await), (1, 1));
    assert!(opens(&clients[0], &secrets[0]).await);
}

async fn the_last_use_is_written_once_a_minute(db: TestDb) {
    let client = db.client().await;
    let created = make(&client, NewToken::new("ci", [Scope::Read])).await;
    let used = async || client.tokens().await.unwrap()[0].last_used_at;
    assert_eq!(used().await, None);
    assert_eq!(verify(&client, &created).await.unwrap().last_used_at, None);
    // On a busy server it is written a little after the answer.
    until("the use is written", async || used().await.is_some()).await;
    set(&db, "last_used_at", -50).await;
    let before = used().await;
    assert!(opens(&client, &created).await);
    assert_eq!(used().await, before, "within the minute");
    set(&db, "last_used_at", -61).await;
    assert!(opens(&client, &created).await);
    until("the use is written again", async || used().await > before).await;
}

/// Every cell of every table of ours, as text.
async fn dump(db: &TestDb) -> String {
    let tables = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table'",
        Dialect::Mysql => {
            "SELECT table_name FROM information_schema.tables
             WHERE table_schema = DATABASE() AND table_name LIKE 'dutiful_%'"
        }
        Dialect::Postgres => {
            "SELECT table_name FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name LIKE 'dutiful_%'"
        }
    };
    let mut text = String::new();
    for table in db.rows(tables).await.into_iter().flatten().flatten() {
        let cells = db
            .rows(&format!("SELECT * FROM {table}"))
            .await
            .into_iter()
            .flatten();
        cells
            .flatten()
            .for_each(|cell| text = format!("{text}\n{cell}"));
    }
    text
}

async fn a_secret_stands_in_no_table_and_is_not_shown(db: TestDb) {
    let client = db.client().await;
    let first = make(&client, NewToken::new("canary", [Scope::Admin])).await;
    let second = client.rotate_token("canary", HOUR).await.unwrap();
    assert!(opens(&client, &first).await && opens(&client, &second).await);
    client.audit("canary", "look", None, None).await.unwrap();
    let listed = client.tokens().await.unwrap();
    let shown = format!(
        "{first:?} {second:#?} {listed:?} {}",
        serde_json::to_string(&listed).unwrap()
    );
    let kept = dump(&db).await;
    assert!(kept.contains("canary"), "the dump has the token");
    for created in [first, second] {
        let bits = created.secret.strip_prefix("dutiful_").unwrap();
        assert_eq!(bits.len(), 64);
        for (place, text) in [("what is shown", &shown), ("the tables", &kept)] {
            assert!(!text.to_lowercase().contains(bits), "a secret in {place}");
        }
    }
    assert!(!shown.contains("hash"), "{shown}");
}

/// A client behind a link that can lose answers.
async fn over_a_link(db: &TestDb) -> (Client, Proxy) {
    let proxy = Proxy::start(server_of(db.url())).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    (client.connect().await.unwrap(), proxy)
}

async fn a_token_whose_answer_was_lost_is_made_once(db: TestDb) {
    let (client, proxy) = over_a_link(&db).await;
    proxy.lose(NAME, NAME);
    let token = NewToken::new(NAME, [Scope::Read]);
    let created = within("it is answered in the end", client.create_token(token)).await;
    let created = created.unwrap();
    assert!(proxy.has_cut(), "the answer was heard");
    assert_eq!(db.count("tokens").await, 1);
    assert!(opens(&client, &created).await);
}

async fn a_rotation_whose_answer_was_lost_is_made_once(db: TestDb) {
    let (client, proxy) = over_a_link(&db).await;
    let first = make(&client, NewToken::new(NAME, [Scope::Read])).await;
    proxy.lose(NAME, NAME);
    let second = within("it is answered in the end", client.rotate_token(NAME, HOUR)).await;
    let second = second.unwrap();
    assert!(proxy.has_cut(), "the answer was heard");
    assert!(opens(&client, &first).await && opens(&client, &second).await);
}
