//! With and without TLS, and whom it trusts.

use crate::harness::database::TestDb;
use crate::harness::engine::Dialect;
use crate::harness::trial::{Case, cases};
use crate::login::Login;
use crate::{plain_proof, proofs};
use dutiful::ErrorKind;

cases![
    users_log_in_without_tls_for_the_first_time_and_again,
    users_log_in_over_tls_and_the_server_knows_it,
    a_server_must_show_a_certificate_of_an_authority_that_is_trusted,
];

/// Signed nothing that any server shows.
const OTHER_AUTHORITY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/connect/other_authority.pem"
);

/// The file with the authority behind the test servers' certificates.
pub(crate) fn authority() -> Option<String> {
    std::env::var("DUTIFUL_TEST_TLS_CA")
        .ok()
        .filter(|file| !file.is_empty())
}

/// For a server that has no TLS.
pub(crate) fn cases_without() -> Vec<Case> {
    vec![Case {
        name: "a_server_without_tls_is_told_from_one_with_it",
        on: |_| true,
        run: |db| Box::pin(a_server_without_tls_is_told_from_one_with_it(db)),
    }]
}

async fn users_log_in_without_tls_for_the_first_time_and_again(db: TestDb) {
    for proof in proofs(&db).await {
        // A new user: MySQL remembers who has logged in, and asks for less from then on.
        let login = Login::create(&db, &proof).await;
        login.allow(&db).await;
        for _ in 0..2 {
            let client = login.connect("sslmode=disable").await;
            let client = client.unwrap_or_else(|error| panic!("{proof}: {error}"));
            assert!(client.migrator().status().await.is_ok());
            if db.dialect() == Dialect::Postgres {
                assert_eq!(encrypted(&db, &login).await, "f");
            }
        }
    }
}

async fn users_log_in_over_tls_and_the_server_knows_it(db: TestDb) {
    for proof in proofs(&db).await {
        let asks = match db.dialect() {
            Dialect::Mysql => format!("{proof} REQUIRE SSL"),
            Dialect::Sqlite | Dialect::Postgres => proof,
        };
        let login = Login::create(&db, &asks).await;
        login.allow(&db).await;
        if db.dialect() == Dialect::Mysql {
            let error = login.connect("sslmode=disable").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        }
        // On this machine TLS is taken where it is offered, without being asked for.
        for parameters in ["sslmode=require", "sslmode=require", ""] {
            let client = login.connect(parameters).await;
            let client = client.unwrap_or_else(|error| panic!("{asks} {parameters}: {error}"));
            assert!(client.migrator().status().await.is_ok());
            if db.dialect() == Dialect::Postgres {
                assert_eq!(encrypted(&db, &login).await, "t");
            }
        }
    }
}

async fn a_server_must_show_a_certificate_of_an_authority_that_is_trusted(db: TestDb) {
    let login = Login::create(&db, &plain_proof(&db).await).await;
    login.allow(&db).await;
    let ours = authority().unwrap();
    for parameters in [
        format!("sslrootcert={ours}"),
        format!("sslmode=verify-full&sslrootcert={ours}"),
    ] {
        let client = login.connect(&parameters).await;
        client.unwrap_or_else(|error| panic!("{parameters}: {error}"));
    }
    for parameters in [
        "sslmode=verify-full".to_owned(),
        format!("sslmode=verify-full&sslrootcert={OTHER_AUTHORITY}"),
    ] {
        let error = login.connect(&parameters).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        let text = error.to_string();
        assert!(text.contains("sslrootcert=FILE"), "{text}");
    }
}

async fn a_server_without_tls_is_told_from_one_with_it(db: TestDb) {
    let login = Login::create(&db, &plain_proof(&db).await).await;
    login.allow(&db).await;
    login.connect("").await.unwrap();
    let error = login.connect("sslmode=require").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("sslmode=disable"), "{error}");
}

/// Whether PostgreSQL says that all links of this user are encrypted.
async fn encrypted(db: &TestDb, login: &Login) -> String {
    let user = &login.user;
    let sql = format!(
        "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '{user}'"
    );
    db.cell(&sql).await.unwrap()
}
