use super::place::{Place, SCHEMA, UNREACHABLE, USAGE};
use std::fs;

#[test]
fn the_database_is_named_by_flag_then_variable_then_file_then_default() {
    let place = Place::empty();
    let made = |name: &str| place.path().join(name).exists();
    place.run(&["migrate", "up"]).assert().success();
    assert!(made("dutiful.db"));
    fs::write(
        place.path().join("dutiful.toml"),
        "database_url = 'sqlite:file.db'",
    )
    .unwrap();
    place.run(&["migrate", "up"]).assert().success();
    assert!(made("file.db"));
    let variable = |args: &[&str]| {
        place
            .run(args)
            .env("DUTIFUL_DATABASE_URL", "sqlite:variable.db")
            .assert()
            .success();
    };
    variable(&["migrate", "up"]);
    assert!(made("variable.db"));
    variable(&["migrate", "up", "--database-url", "sqlite:flag.db"]);
    assert!(made("flag.db"));
}

#[test]
fn an_unknown_setting_is_refused_with_the_nearest_name() {
    let place = Place::empty();
    fs::write(
        place.path().join("dutiful.toml"),
        "databse_url = 'sqlite:x.db'",
    )
    .unwrap();
    let (code, said) = place.error(&["list"]);
    assert_eq!(code, USAGE);
    assert!(said.contains("did you mean `database_url`?"), "{said}");
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_name() {
    let place = Place::empty();
    let mut command = place.run(&["migrate", "up"]);
    let refused = command
        .env("DUTIFUL_DATABASE_ULR", "sqlite:other.db")
        .assert();
    let output = refused.code(USAGE).get_output().clone();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("did you mean `DUTIFUL_DATABASE_URL`?"),
        "{said}"
    );
    assert!(!place.path().join("dutiful.db").exists());
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let place = Place::empty();
    let mut command = place.run(&["migrate", "up"]);
    for name in [
        "DATABASE_URL",
        "TABLE_PREFIX",
        "CONFIG",
        "LOG_FORMAT",
        "LOG",
    ] {
        command.env(format!("DUTIFUL_{name}"), "");
    }
    command.assert().success();
    assert!(place.path().join("dutiful.db").exists());
    let mut worker = place.run(&["worker", "--only", "Nobody"]);
    let refused = worker
        .env("DUTIFUL_DOCUMENTS_ROOT", "")
        .assert()
        .code(USAGE);
    let said = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(said.contains("no task named `Nobody`"), "{said}");
}

#[test]
fn a_named_file_of_settings_has_to_be_there() {
    let place = Place::empty();
    assert_eq!(place.error(&["list", "--config", "missing.toml"]).0, USAGE);
}

#[test]
fn tables_may_have_another_prefix() {
    let place = Place::new();
    place.submit("default");
    let prefixed = ["--table-prefix", "jobs_"];
    place
        .run(&[&["migrate", "up"], prefixed.as_slice()].concat())
        .assert()
        .success();
    let listed = place.json(&[&["list"], prefixed.as_slice()].concat());
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 0);
    assert_eq!(
        place.error(&["list", "--table-prefix", "no-dashes"]).0,
        USAGE
    );
}

#[test]
fn an_unreachable_database_is_told_without_its_password() {
    let place = Place::empty();
    for url in [
        "mysql://app:hunter2@127.0.0.1:1/app",
        "postgres://app:hunter2@127.0.0.1:1/app",
    ] {
        let (code, said) = place.error(&["list", "--database-url", url]);
        assert_eq!(code, UNREACHABLE, "{said}");
        assert!(
            said.contains("error[database_unavailable]") && !said.contains("hunter2"),
            "{said}"
        );
    }
}

#[test]
fn a_url_of_no_known_engine_is_a_wrong_use() {
    let place = Place::empty();
    assert_eq!(
        place.error(&["list", "--database-url", "oracle://x"]).0,
        USAGE
    );
}

#[test]
fn an_address_that_others_reach_wants_tokens_or_a_word() {
    let place = Place::new();
    let serve = |more: &[&str]| place.error(&[&["serve", "--listen", "0.0.0.0:0"], more].concat());
    let (code, error) = serve(&[]);
    assert_eq!(code, USAGE);
    assert!(
        error.contains("no_token") && error.contains("dutiful token create"),
        "{error}"
    );
    // A token that is no longer in force opens nothing.
    place.json(&["token", "create", "old", "--scope", "read"]);
    place.json(&["token", "revoke", "old", "--yes"]);
    assert_eq!(serve(&[]).0, USAGE);
    assert_eq!(serve(&["--require-token", "--insecure-no-auth"]).0, USAGE);
}

#[test]
fn a_server_refuses_a_database_without_tables() {
    let place = Place::empty();
    let (code, error) = place.error(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, SCHEMA);
    assert!(error.contains("dutiful migrate up"), "{error}");
}

#[test]
fn a_certificate_that_cannot_be_used_keeps_the_server_from_starting() {
    let place = Place::new();
    let serve =
        |args: &[&str]| place.error(&[&["serve", "--listen", "127.0.0.1:0"], args].concat());
    let (code, said) = serve(&["--tls-cert", "cert.pem"]);
    assert_eq!(code, USAGE);
    assert!(said.contains("--tls-key"), "{said}");
    let both = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let (code, said) = serve(&both);
    assert_eq!(code, USAGE);
    assert!(said.contains("error[tls]: key.pem: "), "{said}");
    fs::write(place.path().join("key.pem"), "").unwrap();
    let (_, said) = serve(&both);
    assert!(said.contains("chmod o= key.pem"), "{said}");
    // The file of settings says the same as the flags.
    fs::write(
        place.path().join("dutiful.toml"),
        "tls_cert = 'other.pem'\ntls_key = 'key.pem'",
    )
    .unwrap();
    assert_eq!(serve(&[]), (USAGE, said));
}
