use super::*;
use dutiful::{LongTransaction, Timestamp};
use std::collections::BTreeMap;

fn report(settings: &[(&str, &str)]) -> ServerReport {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ServerReport {
        version: "MySQL 9.7.0".to_owned(),
        now: Timestamp::from_micros(0),
        settings: settings.iter().map(owned).collect::<BTreeMap<_, _>>(),
        missing: Vec::new(),
        finds_due_by_index: true,
        highest_id: 1,
        long_transactions: Some(Vec::new()),
        connections: Some(10),
        connections_max: Some(100),
        encrypted: Some(true),
        log_bytes: None,
    }
}

#[test]
fn settings_with_which_a_commit_may_be_lost_are_named() {
    let good = [
        ("innodb_flush_log_at_trx_commit", "1"),
        ("innodb_doublewrite", "ON"),
        ("log_bin", "OFF"),
        ("sync_binlog", "0"),
    ];
    assert_eq!(durability(&report(&good)).verdict, Verdict::Ok);
    for bad in [
        ("innodb_flush_log_at_trx_commit", "2"),
        ("innodb_doublewrite", "OFF"),
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("synchronous", "1"),
        ("sync_binlog", "0"),
    ] {
        let finding = durability(&report(&[bad]));
        assert_eq!(finding.verdict, Verdict::Warn, "{bad:?}");
        assert!(finding.found.contains(bad.0), "{finding:?}");
    }
}

#[test]
fn a_binary_log_of_statements_is_bad() {
    let log = |format| report(&[("log_bin", "ON"), ("binlog_format", format)]);
    assert_eq!(isolation(&log("STATEMENT")).verdict, Verdict::Bad);
    assert_eq!(isolation(&log("MIXED")).verdict, Verdict::Ok);
    let other = report(&[("transaction_isolation", "repeatable read")]);
    assert_eq!(isolation(&other).verdict, Verdict::Bad);
}

#[test]
fn what_is_missing_is_bad_and_a_plan_matters_in_a_large_table() {
    let mut one = report(&[]);
    one.finds_due_by_index = false;
    assert_eq!(indexes(&one).verdict, Verdict::Ok);
    one.highest_id = PLANS_MATTER_FROM + 1;
    assert_eq!(indexes(&one).verdict, Verdict::Warn);
    one.missing.push("index a of b".to_owned());
    let finding = indexes(&one);
    assert_eq!(finding.verdict, Verdict::Bad);
    assert!(finding.found.contains("index a of b"));
}

#[test]
fn the_oldest_open_transaction_is_told() {
    let mut one = report(&[]);
    assert_eq!(transactions(&one).verdict, Verdict::Ok);
    one.long_transactions = None;
    assert_eq!(transactions(&one).verdict, Verdict::Skipped);
    one.long_transactions = Some(vec![LongTransaction {
        whose: "connection 7".to_owned(),
        seconds: 3600,
    }]);
    let finding = transactions(&one);
    assert_eq!(finding.verdict, Verdict::Warn);
    assert!(
        finding.found.contains("connection 7, open for 1h"),
        "{finding:?}"
    );
    one.log_bytes = Some(LOG_BYTES_WARN + 1);
    assert_eq!(transactions(&one).verdict, Verdict::Warn);
}

#[test]
fn connections_are_counted_against_what_the_server_takes() {
    let mut one = report(&[]);
    for (used, verdict) in [(10, Verdict::Ok), (80, Verdict::Warn), (95, Verdict::Bad)] {
        one.connections = Some(used);
        assert_eq!(connections(&one).verdict, verdict, "{used}");
    }
    one.connections_max = None;
    assert_eq!(connections(&one).verdict, Verdict::Ok);
}

#[test]
fn a_link_that_turned_out_open_is_told() {
    let mut one = report(&[]);
    let mut tls = Finding::ok(Check::Tls, "used, and the server must prove who it is");
    link(&one, &mut tls);
    assert_eq!(tls.verdict, Verdict::Ok);
    one.encrypted = Some(false);
    link(&one, &mut tls);
    assert_eq!(tls.verdict, Verdict::Warn);
}
