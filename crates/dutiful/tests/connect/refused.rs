//! What is said when a connection cannot be made or used: cause and cure, and never the password.

use crate::harness::database::TestDb;
use crate::harness::engine::Dialect;
use crate::harness::trial::cases;
use crate::login::{Login, SECRET};
use crate::plain_proof;
use dutiful::{Error, ErrorKind};

cases![
    what_is_wrong_with_a_url_is_told_with_its_cure,
    who_may_not_make_tables_is_told_which_right_is_missing,
];

async fn refused(login: &Login, kind: ErrorKind, words: &[&str]) {
    let error = login.connect("").await.unwrap_err();
    tells(&error, kind, words);
}

fn tells(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in: {text}");
    }
    assert!(!text.contains(SECRET) && !text.contains("s3cr"), "{text}");
}

async fn what_is_wrong_with_a_url_is_told_with_its_cure(db: TestDb) {
    let right = Login::create(&db, &plain_proof(&db).await).await;
    right.allow(&db).await;
    let client = right.connect("").await.unwrap();
    assert!(client.database().contains(&format!("{}:***@", right.user)));
    let shown = format!("{client:?} {:?}", dutiful::Client::builder(&right.url("")));
    assert!(!shown.contains("s3cr"), "{shown}");
    let wrong = |change: fn(&mut Login)| {
        let mut login = right.clone();
        change(&mut login);
        login
    };
    let login = wrong(|login| login.password = "s3cret".to_owned());
    let cure = "user name and password in the database URL";
    refused(&login, ErrorKind::Denied, &[&right.user, cure]).await;
    let login = wrong(|login| login.user = "nobody_here".to_owned());
    // MySQL does not say that there is no such user, but asks for whatever comes to its mind.
    refused(&login, ErrorKind::Denied, &[cure]).await;
    let login = wrong(|login| login.database = "no_such_database".to_owned());
    let cure = "correct its name in the database URL";
    refused(&login, ErrorKind::Denied, &["no_such_database", cure]).await;
    let cure = "check host and port in the database URL";
    let login = wrong(|login| login.port = "1".to_owned());
    refused(&login, ErrorKind::Unavailable, &["127.0.0.1:1", cure]).await;
    let login = wrong(|login| login.host = "nowhere.invalid".to_owned());
    refused(&login, ErrorKind::Unavailable, &["nowhere.invalid", cure]).await;
}

async fn who_may_not_make_tables_is_told_which_right_is_missing(db: TestDb) {
    let login = Login::create(&db, &plain_proof(&db).await).await;
    if db.dialect() == Dialect::Mysql {
        let grant = format!(
            "GRANT SELECT ON {}.* TO '{}'@'%'",
            login.database, login.user
        );
        db.exec(&grant).await;
    }
    let client = login.connect("").await.unwrap();
    let error = client.migrate().await.unwrap_err();
    let cure = match db.dialect() {
        Dialect::Mysql => "GRANT ALL ON",
        Dialect::Sqlite | Dialect::Postgres => "GRANT CREATE, USAGE ON SCHEMA",
    };
    tells(&error, ErrorKind::Denied, &["denied", cure]);
}
